// Package peer keeps who is connected: one peer per identity, the lanes it
// shares with us, and what waits to be written to it.
//
// Strand; it asks nothing of anybody below. A world (or the knot above) tells it
// of finished links with Add and Remove and of lanes with Open and Shut; every
// other strand's bytes pass through Send. Nothing is pushed out: the world pulls
// one message with Next whenever the writer of a link is free, and learns from
// TakeReady which links have something new and from TakeCloses which links are to
// end and why.
//
// # One peer per identity
//
// A link to ourselves is refused. When a second link to the same identity turns
// up, one of the two stays and both ends must choose the same one without asking
// each other. Links that came up together are a race of two dials: the one dialled
// by the smaller ID stays, and of two dialled by the same side the older. A link
// that comes up well after the first (simultaneousWithin) is no race: a node does
// not dial a peer it is connected to, so the remote has lost the first one, by a
// crash that sent no goodbye for instance, and the newer stays.
//
// # What goes out first
//
// Each lane has two queues, urgent and ordinary, each first in, first out. Urgent
// messages go first, but after urgentRunMax of them in a row one ordinary message
// passes if any waits, so neither class starves. Within a class the lanes share the
// link by bytes, with deficit round robin (Shreedhar and Varghese, 1995): a lane in
// turn earns quantumBytes and sends while its earnings last. A lane that the world
// reports busy is passed over and holds up nobody.
//
// # Limits
//
// Queues are bounded per lane, per peer and in total, in messages and in bytes
// (params.go); a Send past a bound is refused with ErrQueueFull and forgets
// nothing that was accepted, but for one case: on a bare lane, whose protocol
// repairs losses itself, an urgent message takes the place of the oldest ordinary
// ones. A link that takes nothing for stallAfter while messages wait is dropped.
// Data is never copied and never changed, so one buffer may wait in many queues. A
// peer with empty queues costs less than 1 KB, and nothing of it is left after
// Remove.
//
// It does not dial, judge slots or reconnect (package session does), does not know
// what a message means, and does not measure round trips.
package peer
