// Package session decides whom to dial, keep, probe and drop. It is DarkFi's six
// sessions (manual, inbound, outbound, seed, refine, direct) as one machine: a
// slot scheduler with injected time, dialler and randomness.
//
// A session is a reason for having a link. Manual slots keep the configured peers
// for ever. Outbound slots, a fixed number, each keep one host of the book, one per
// network group, and each has a use: anchors of the last run, proven hosts, an
// unproven one, one of another network (use.go). Inbound links are admitted up to a
// cap, with a reserve for manual peers and anchors. Refine probes hosts, eight at a
// time and one a second while somebody is new; it turns them white, or keeps them
// when a slot is free; the feeler and the look are probes of their own periods. Direct
// is a dial on the user's demand. Inbound links fill no slot; when everybody known is
// connected anyway a slot sleeps: "nobody left".
//
// Trusted peers are outside all of these counts: they come in when everything is full,
// and no slot that goes takes theirs. Where all peers together are limited (Config.Total)
// peers dialled on demand and manual ones take the places of outbound slots; a slot
// yields its link when one of them has come. Bans refuse whoever is not manual, a
// restriction to networks refuses everybody outside.
//
// When slots are empty and the book has nobody to dial, the connected peers are
// asked for addresses, at 1 s, 2 s, 4 s … 30 s. Seeds are asked when the saved
// hosts are exhausted or twice failed, or when there is no peer after about 3 s:
// each again at 1 s, 2 s, 4 s … 5 min while there is none, in turns, and every 30 s …
// 10 min while there are too few. A seed is asked once and dropped after its answer;
// one that does not answer is left alone by itself; one that dials us is back. Every
// period is jittered, so that nodes which lost each other in one moment do not come
// back in one.
//
// Place: strand. Asks below: Dialer, Finder and the host book, which it moves. News:
// outcomes of direct dials. A world calls Admit for a finished link, adds it to its
// peer table, then calls Up; it calls DialFailed for a dial without a link, also
// when the peer table refused the link.
// Every input may make Deadline due at once, and so may news in the book.
//
// It does not listen, save the book, or keep per-transport timeouts. Its slots are bounded by configuration; links by the caps
// of Admit; dials by params.go. Nothing of a peer stays here when its link is gone.
package session
