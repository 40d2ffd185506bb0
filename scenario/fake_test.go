package scenario

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

var t0 = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// fake is a stage whose nodes all hear each other after a fixed delay. It writes
// down what was asked of it.
type fake struct {
	alive  []bool
	seeds  int
	ever   []bool
	now    time.Time
	delay  time.Duration
	peers  func(i int) int
	rooms  map[string][]bool // who is there
	lines  map[fakeKey][]time.Time
	exact  bool // Arrival is known
	deaf   int  // a node that hears nothing; −1 for none
	double int  // a node that hears everything twice, the second time late; −1
	slots  func(i int) (filled, could int)
	came   func(i int) (time.Duration, bool)
	seeded int // who has asked a seed; −1 for none
	err    error
	asked  []string
}

type fakeKey struct {
	i          int
	room, text string
}

func newFake(n, seeds int) *fake {
	f := &fake{alive: make([]bool, n), ever: make([]bool, n), seeds: seeds, delay: 50 * time.Millisecond, exact: true,
		deaf: -1, double: -1, seeded: -1, rooms: map[string][]bool{}, lines: map[fakeKey][]time.Time{}}
	f.peers = func(i int) int { return min(f.Reachable(i), 3) }
	f.slots = func(i int) (int, int) { return f.Reachable(i), f.Reachable(i) }
	f.came = func(i int) (time.Duration, bool) { return time.Second, f.alive[i] }
	return f
}

func (f *fake) ask(s string) { f.asked = append(f.asked, s) }

func (f *fake) Nodes() int       { return len(f.alive) }
func (f *fake) Alive(i int) bool { return f.alive[i] }
func (f *fake) Seed(i int) bool  { return i < f.seeds }

func (f *fake) Launch(now time.Time, i int)  { f.ask("launch " + NodeName(i)); f.alive[i] = true }
func (f *fake) Kill(now time.Time, i int)    { f.ask("kill " + NodeName(i)); f.alive[i] = false }
func (f *fake) Restart(now time.Time, i int) { f.ask("restart " + NodeName(i)); f.alive[i] = true }

func (f *fake) Peers(i int) int { return f.peers(i) }
func (f *fake) Reachable(i int) int {
	n := -1
	for _, a := range f.alive {
		if a {
			n++
		}
	}
	return min(n, 3)
}

func (f *fake) Slots(i int) (filled, could int)  { return f.slots(i) }
func (f *fake) Came(i int) (time.Duration, bool) { return f.came(i) }
func (f *fake) Asked(i int) int {
	if i == f.seeded {
		return 1
	}
	return 0
}

func (f *fake) JoinRoom(now time.Time, i int, room string) {
	if f.rooms[room] == nil {
		f.rooms[room] = make([]bool, len(f.alive))
	}
	f.rooms[room][i] = true
}

func (f *fake) SayLine(now time.Time, i int, room, text string) {
	f.ask("say " + NodeName(i) + " " + room + " " + text)
	for j := range f.alive {
		if !f.alive[j] || f.rooms[room] == nil || !f.rooms[room][j] || j == f.deaf {
			continue
		}
		at := now.Add(f.delay)
		if j == i {
			at = now
		}
		k := fakeKey{j, room, text}
		f.lines[k] = append(f.lines[k], at)
		if j == f.double {
			f.lines[k] = append(f.lines[k], at.Add(time.Second))
		}
	}
}

func (f *fake) Count(i int, room, text string) int {
	n := 0
	for _, at := range f.lines[fakeKey{i, room, text}] {
		if !at.After(f.now) {
			n++
		}
	}
	return n
}

func (f *fake) Arrival(i int, room, text string) (time.Time, bool) {
	ats := f.lines[fakeKey{i, room, text}]
	if !f.exact || len(ats) == 0 {
		return time.Time{}, false
	}
	return ats[0], true
}

func (f *fake) Subscribe(now time.Time, i int, topic string) { f.JoinRoom(now, i, "topic:"+topic) }
func (f *fake) Publish(now time.Time, i int, topic, text string) {
	f.SayLine(now, i, "topic:"+topic, text)
}
func (f *fake) Received(i int, topic, text string) int { return f.Count(i, "topic:"+topic, text) }
func (f *fake) ReceivedAt(i int, topic, text string) (time.Time, bool) {
	return f.Arrival(i, "topic:"+topic, text)
}

func (f *fake) Partition(now time.Time, a, b []int) {
	f.ask("partition " + nodeNames(a) + " | " + nodeNames(b))
}
func (f *fake) Heal(now time.Time) { f.ask("heal") }
func (f *fake) Weather(now time.Time, latency, jitter time.Duration, loss float64) {
	f.ask("weather " + latency.String() + " " + jitter.String())
}
func (f *fake) Paths(now time.Time, low, high time.Duration, jitter float64) {
	f.ask(fmt.Sprintf("paths %v %v %v", low, high, jitter))
}
func (f *fake) Uplink(now time.Time, bits int64) { f.ask(fmt.Sprintf("uplink %d", bits)) }
func (f *fake) Attack(now time.Time, a Attack)   { f.ask(fmt.Sprintf("attack %+v", a)) }
func (f *fake) Flash(now time.Time)              { f.ask("flash") }
func (f *fake) Churn(now time.Time, share float64, spared []int) {
	f.ask(fmt.Sprintf("churn %v except %v", share, spared))
}
func (f *fake) PublishSized(now time.Time, i int, topic, text string, bytes int) {
	f.ask(fmt.Sprintf("publish %d bytes", bytes))
	f.Publish(now, i, topic, text)
}
func (f *fake) Err() error { return f.err }

var errFake = errors.New("the fake world broke")

// perform plays a script to its end by jumping from deadline to deadline.
func perform(text string, setup func(*fake)) (*Play, *fake) {
	s, err := Parse("test.txt", []byte(text))
	if err != nil {
		panic(err)
	}
	return performScript(s, setup)
}

func performScript(s *Script, setup func(*fake)) (*Play, *fake) {
	f := newFake(s.Nodes(), s.Seeds())
	if setup != nil {
		setup(f)
	}
	return performOn(s, f, func(now time.Time) { f.now = now }), f
}

// performOn plays a script on a stage that is told the time.
func performOn(s *Script, st Stage, tell func(now time.Time)) *Play {
	p := NewPlay(s, st, rand.New(rand.NewPCG(7, 7)))
	now := t0
	for steps := 0; ; steps++ {
		tell(now)
		if p.Advance(now) {
			return p
		}
		next := p.Deadline()
		if !next.After(now) || steps > 1_000_000 {
			panic("a play that does not go on")
		}
		now = next
	}
}

func (f *fake) didAsk(s string) bool { return slices.Contains(f.asked, s) }
