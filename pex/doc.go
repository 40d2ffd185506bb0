// Package pex lets connected peers trade signed node records, so that a node that
// knows one address soon knows many. Protocol "pex" version 1, our own; its limits
// are Bitcoin Core's for address relay, and DarkFi's exchange is its model.
//
// Strand, pure. Asks below: Sender. News: records heard (for the host book),
// questions to answer (for whoever samples the host book), and jobs (signatures).
//
// Three messages, each an RLP list of records as EIP-778 encodes them:
//
//	0 hello [record]              the sender's own record
//	1 get   [req, max]            asks for at most max records, 1 ≤ max
//	        [req, max, 1]         also for hosts that onion services or I2P alone lead to
//	2 peers [req, [record, …]]    the answer, at most 250 records and 64 KiB
//
// Both sides of a new link say hello, if they know a record of their own under
// which strangers reach them, and again when it changes, at most every 10 s. A
// hello must be signed by the key of the link; anything else ends the link.
//
// Ask sends get. The answer is matched by peer and number, its records go through
// one job that verifies all signatures, and come up with the asker's ticket and
// Done. Without an answer Done comes after 10 s; when the peer is gone, not
// connected, or was asked a moment ago, it comes with the next Advance. A second
// Ask while one is under way shares its answer.
//
// In ten minutes a peer is told at most 250 records, in one answer or, while we know
// few, in up to six, 10 s apart; other questions are passed over in silence. That is
// 75 KiB at most, whatever it asks. Want says how many records may go; who draws them
// from the host book lets out no more than a part of it, the same for everybody who
// asks from one kind of network for a day (hosts.Book.Tell). Reply shuffles the
// records, so that their order tells nothing; a record holds no time but that of its
// signature, and nothing marks those of peers or anchors.
//
// The two directions of a lane may open at different times. What a peer says before
// Up is kept for 10 s, two short messages of 64 peers, and read at Up.
//
// Against floods: a record costs a token, a peer earns one every 10 s and has ten
// at the start; each Ask grants it what was asked for, and none hoards more than
// 1000. Of an answer that nobody asked for, ten records are used. A peer has two
// jobs under way at most and all peers twice their number; further messages are
// passed over. Messages that are malformed, and signatures that do not hold, cost
// the link: an honest peer passes on only what it verified.
//
// After Down nothing is kept for a peer, except an answer to our own question
// whose job is under way: it still completes the question. The allowances above
// start anew when a peer reconnects, so how often it may is the session's to say.
//
// What this package does not do: judge addresses (package hosts filters local
// ones), choose whom to ask and when, keep records.
package pex
