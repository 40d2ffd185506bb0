// Package gossipsub is the router of the pubsub specification: GossipSub v1.0 to v1.3
// to each peer as its negotiated version says, and floodsub (libp2p specifications
// pubsub/README, gossipsub-v1.0 to v1.3, and the draft of partial messages).
//
// Strand, pure: it asks below for a Sender, and its news are jobs, deliveries and
// answers to Publish. It owns no clock, no key and no link; the world hands in
// time, chance and frames, runs the jobs and comes back with Done.
//
// Every joined topic has a mesh of D peers that get each message whole and at
// once. Peers outside it hear by IHAVE, once a heartbeat, which messages there
// were, and fetch by IWANT what they missed. A topic published to without being
// joined has a fanout of D peers for a minute instead of a mesh. The heartbeat
// keeps meshes between Dlo and Dhi, with Dout links that we dialled; a peer that
// was pruned is not grafted again before its backoff ended.
//
// A message is walked once, identified, looked up among those seen and those in
// checking, and only then costs memory. An ID counts as seen when its signature
// and check have passed, never before, so that a bogus copy cannot censor the
// real one; copies that arrive meanwhile wait for the verdict, and their senders
// are not sent the message again. Accepted messages are forwarded as the very
// bytes they came in, one buffer for all peers. IDs are remembered as salted
// hashes that belong to their topic, so equal data in two topics is two messages.
//
// What peers are worth is kept by package score and told by what the router tells it:
// copies, verdicts, time in the mesh, breaches. Below zero a peer is in no mesh; below
// the thresholds it gets no gossip, then no messages of ours, and then is not heard.
// A mesh keeps its best when it is trimmed and looks for better ones when it is poor.
// Direct peers are an agreement of operators and stand outside all of that. While
// checking cannot keep up, package gater says whose messages wait.
//
// The version of the stream that we write on says what is sent to a peer; the
// configuration can hold the router to an older one. With peers of 1.3 the messages
// of a topic may travel in parts, which the application writes and reads; the router
// keeps who has what of them.
//
// Checks are jobs, few at a time, and topics take turns. Where a topic asks for it,
// its authors' sequence numbers are remembered in a file, so that no old message comes
// again, not after a restart either.
//
// A heartbeat of many peers and topics is done in slices, with messages between them.
// A backoff is held for a connected or a lost peer alike.
//
// Limits are in params.go: everything a peer can grow is capped for that peer and
// for all, and nothing of a peer is left when its link and its backoffs ended.
package gossipsub
