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
// A message is urgent, ordinary or spare (one its protocol can do without). Urgent
// messages go first, but after urgentRunMax of them in a row another one passes if
// any waits; on each lane ordinary messages go before spare ones by the same rule,
// so no class starves. Urgent messages, and all others, share the link between the
// lanes by bytes, with deficit round robin (Shreedhar and Varghese, 1995): a lane in
// turn earns quantumBytes and sends while its earnings last. A lane that the world
// reports busy is passed over and holds up nobody. Each class is first in, first
// out.
//
// Large messages of bare lanes are bulk. Sending one to six peers at once delays
// all six alike, so only a few links (Config.BulkLinks) write bulk at one time. The
// others pass it over, small messages go before it meanwhile, and Cancel can take it
// out. Who waits is called in turn when a writer comes back for more or has held
// its place for bulkHold.
//
// # Limits
//
// Queues are bounded per lane, per peer and in total, in messages and in bytes
// (params.go). On a bare lane, whose protocol repairs losses itself, a message that
// finds no room takes the place of the oldest spare ones, and an urgent one then of
// the oldest ordinary ones; an "evicted" event says how many of which class, an
// "expired" one how many were worth nothing any more when their turn came. Otherwise
// Send refuses with ErrQueueFull and forgets nothing that was accepted. A link that
// takes nothing for stallAfter while messages wait is dropped. Data is never copied
// and never changed, so one buffer may wait in many queues. A peer with empty queues
// costs less than 1 KB, and nothing of it is left after Remove.
//
// It does not dial, judge slots or reconnect (package session does), does not know
// what a message means, and does not measure round trips.
package peer
