// Package chat holds rooms of signed lines: who said what, where and when, kept
// in a durable log, handed on to members that come late.
//
// There is no specification; this is Ropewalk's own protocol, version 1. A room
// is a gossip topic whose name is a hash of network and room, so that the name
// itself does not stand on the wire. A line carries the network's tag, the room,
// the author's Ed25519 key, the node key that vouches for it, a sequence number,
// the time the author claims, and the text; it is signed under a domain of its
// own. Its ID is the SHA-256 of its one encoding, which is also its gossip ID.
//
// Strand, pure. Asks below: Publisher (topics), Sender (the "chat" lane). News:
// jobs (signatures), saves (files), lines that are new or changed, answers.
//
// A line I say is signed in a job, saved, published, and only then answered:
// queued when nobody could be reached, sent with the number of peers it went to.
// A directly connected member that stores it sends a receipt, and it is
// delivered. Queued lines stay in an outbox and are published again when a member
// is met, and now and then. A line from others is checked by the topic's validator
// (Check), must claim a time between 24 h ago and 60 s ahead, and is appended to
// the log without waiting for the disk.
//
// History: members that meet compare digests of line IDs, first of the whole
// week, then by the hour, then ask for the IDs of hours that differ and for the
// lines they miss. Each side pulls; every answer is bounded and accepted only for
// an open request; lines are verified in a job before they enter. One transfer
// runs per room, a second starts when the first makes no progress for 2 s. Members
// also compare digests now and then, so a line that gossip lost turns up.
//
// Archive: each author puts his own lines of a room, as pages of up to 64, where
// others find them (Pages), sealed with a key made of the room's name. Each page
// names those before it; a signed head names the newest, and members tell each
// other the heads they know, in notes that older members take for answers nobody
// asked for. Whose log lacks lines of a head walks back from it. What comes is
// checked line by line, and never takes the place of what is there.
//
// Order: lines stand in the order of their claimed time, then author, then
// sequence; a cursor is a position in the order of local receipt, which never
// changes. Bounds: 256 rooms, 10,000 lines and 64 MiB a room, the oldest go first.
//
// Not here: nicks, private rooms, blocking, what a line looks like on a screen
// (internal/plain makes text harmless; Line.Text is as the author wrote it).
package chat
