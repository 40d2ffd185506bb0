package scenario

import "time"

// Stage is what a world offers a play. Nodes are numbered from 0; the first ones
// are the seeds. Every method returns at once: what it starts is seen later.
type Stage interface {
	Nodes() int       // how many there are, running or not
	Alive(i int) bool // launched and not killed since
	Seed(i int) bool

	Launch(now time.Time, i int) // for the first time; i knows only the seeds
	Kill(now time.Time, i int)   // without goodbye
	// Restart starts a killed node again with the data it had.
	Restart(now time.Time, i int)

	Peers(i int) int // connected now
	// Reachable is how many peers i could have now: the smaller of its slots and
	// the other nodes that run and are on its side of any partition.
	Reachable(i int) int

	JoinRoom(now time.Time, i int, room string)
	SayLine(now time.Time, i int, room, text string)
	// Count is how many lines of that text i shows in the room, its own included.
	Count(i int, room, text string) int
	// Arrival is when the first of them got there, if the world knows.
	Arrival(i int, room, text string) (time.Time, bool)

	Subscribe(now time.Time, i int, topic string)
	Publish(now time.Time, i int, topic, text string)
	// Received and ReceivedAt are Count and Arrival for topics.
	Received(i int, topic, text string) int
	ReceivedAt(i int, topic, text string) (time.Time, bool)

	Partition(now time.Time, a, b []int) // links between a and b carry nothing
	Heal(now time.Time)                  // undoes every partition
	// Weather sets one-way latency, its jitter either way, and the share of packets
	// lost; a negative value leaves that one as it is.
	Weather(now time.Time, latency, jitter time.Duration, loss float64)

	// Err is why the world cannot go on; nil while it can.
	Err() error
}

// Stayer is implemented by a stage whose nodes may come and go by themselves. It
// tells whether i has been running ever since its Launch. For other stages a play
// goes by its own kills.
type Stayer interface {
	Stayed(i int) bool
}
