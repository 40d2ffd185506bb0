package node

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"pgregory.net/rapid"
)

// race is a network in which the two ends of a link learn of its beginning and of its
// end at moments of their own, in any order.
type race struct {
	w     *world
	draw  func(name string, most time.Duration) time.Duration
	kinds []link.Kind
	fail  func() bool // whether the next dial fails
	plan  []planned
	seq   int
	live  map[link.Conn]*wire // by the number at either end
}

type planned struct {
	at  time.Time
	seq int
	do  func()
}

// wire is a link of a race.
type wire struct {
	ends   [2]*end
	came   [2]bool       // an end learned that it is up
	gone   [2]bool       // an end learned that it is down, or is not to learn of it at all
	held   [2][]link.Msg // for an end that has not come yet
	ending bool
}

// holds keeps a message for an end that does not know of its link yet.
func (r *race) holds(to *end, m link.Msg) bool {
	x := r.live[to.conn]
	i := slices.Index(x.ends[:], to)
	if x.came[i] {
		return false
	}
	x.held[i] = append(x.held[i], m)
	return true
}

func (r *race) after(d time.Duration, do func()) {
	r.seq++
	r.plan = append(r.plan, planned{r.w.now.Add(d), r.seq, do})
	slices.SortFunc(r.plan, func(a, b planned) int {
		if c := a.at.Compare(b.at); c != 0 {
			return c
		}
		return a.seq - b.seq
	})
}

// dial makes a link in a while, or none.
func (r *race) dial(from *host, d Dial) {
	w := r.w
	to := w.named(d.To)
	latency := r.draw("handshake", 800*time.Millisecond)
	if r.fail() {
		r.after(latency, func() { from.n.DialFailed(w.now, d.Ticket, errors.New("connection refused")) })
		return
	}
	w.conns += 2
	x := &wire{ends: [2]*end{{at: from, conn: w.conns - 1}, {at: to, conn: w.conns}}}
	x.ends[0].other, x.ends[1].other = x.ends[1], x.ends[0]
	infos := [2]link.Info{from.info(to, link.Out, d.Ticket), to.info(from, link.In, id.Ticket{})}
	kind := r.kinds[int(w.conns/2)%len(r.kinds)]
	for i, e := range x.ends {
		r.live[e.conn] = x
		infos[i].Kind = kind
		r.after(latency+r.draw("skew", 300*time.Millisecond), func() {
			if x.gone[i] {
				return
			}
			if x.ending && r.draw("late", time.Second) < time.Second/2 { // closed before the end saw it
				x.gone[i] = true
				if i == 0 {
					e.at.n.DialFailed(w.now, d.Ticket, errors.New("connection reset"))
				}
				return
			}
			x.came[i] = true
			w.ends[e.conn] = e
			e.at.n.LinkUp(w.now, e.conn, infos[i])
			for _, m := range x.held[i] {
				e.at.n.LinkMsg(w.now, e.conn, m)
			}
			if x.ending {
				r.learn(x, i, &link.Closed{Reason: link.AlreadyConnected, Remote: true})
			}
		})
	}
}

// end closes a link for a reason of one end.
func (r *race) end(e *end, why link.Reason) {
	x := r.live[e.conn]
	if x.ending {
		return
	}
	x.ending = true
	for i := range x.ends {
		if x.came[i] {
			r.learn(x, i, &link.Closed{Reason: why, Remote: x.ends[i] != e})
		}
	}
}

// learn tells an end in a while that its link is down.
func (r *race) learn(x *wire, i int, why error) {
	r.after(r.draw("end", 200*time.Millisecond), func() {
		e := x.ends[i]
		if x.gone[i] {
			return
		}
		x.gone[i] = true
		delete(r.w.ends, e.conn)
		e.at.downs[e.conn]++
		e.at.n.LinkDown(r.w.now, e.conn, why)
	})
}

// run lets time pass, in the order of what is planned and what the nodes want.
func (r *race) run(d time.Duration) {
	w := r.w
	until := w.now.Add(d)
	for {
		w.settle()
		next, who := until, (*host)(nil)
		for _, h := range w.hosts {
			if at := h.n.Deadline(); !at.IsZero() && at.Before(next) {
				next, who = at, h
			}
		}
		var todo *planned
		if len(r.plan) > 0 && !r.plan[0].at.After(next) {
			todo, next = &r.plan[0], r.plan[0].at
		}
		if next.After(w.now) {
			w.now = next
		}
		switch {
		case todo != nil:
			do := todo.do
			r.plan = r.plan[1:]
			do()
		case who != nil:
			who.n.Advance(w.now)
		default:
			return
		}
	}
}

// Two nodes that dial each other, at once, again, over whatever kind of link, with ends
// that learn of everything in their own time and links that break under them, end with
// one link, the same at both, and every protocol saw one Down for each Up.
func TestOneLinkWhateverTheOrder(outer *testing.T) {
	rapid.Check(outer, func(t *rapid.T) {
		w := newWorld(outer)
		r := &race{w: w, live: map[link.Conn]*wire{}}
		r.draw = func(name string, most time.Duration) time.Duration {
			return time.Duration(rapid.Int64Range(0, int64(most)).Draw(t, name))
		}
		r.kinds = rapid.SampledFrom([][]link.Kind{{link.LibP2P}, {link.RLPx}, {link.LibP2P, link.RLPx}, {link.Mem, link.Mem, link.RLPx}}).Draw(t, "kinds")
		keep, breaks := rapid.Bool().Draw(t, "keep"), 0
		if keep { // else each dials once, and nothing may go wrong
			breaks = rapid.IntRange(0, 6).Draw(t, "breaks")
		}
		r.fail = func() bool { return breaks > 0 && rapid.IntRange(0, 9).Draw(t, "fails") == 0 }
		w.race = r
		still := func(cfg *Config) { cfg.Session.RefineEvery = -1 }
		a, b := w.add("a", still), w.add("b", still)
		if keep {
			for _, h := range []*host{a, b} {
				if err := h.n.Keep(w.now, addr(w.hosts[1-slices.Index(w.hosts, h)].name)); err != nil {
					t.Fatal(err)
				}
			}
		} else {
			_ = a.n.Connect(w.now, ticket(1), addr("b"))
			r.run(r.draw("head start", 500*time.Millisecond))
			_ = b.n.Connect(w.now, ticket(2), addr("a"))
		}
		for range breaks {
			r.run(r.draw("pause", 8*time.Second))
			for _, e := range []*end{a.anyEnd(), b.anyEnd()} {
				if e != nil && rapid.Bool().Draw(t, "break here") {
					r.end(e, link.NetworkError)
				}
			}
		}
		breaks = 0
		if r.run(20 * time.Second); keep {
			r.run(20 * time.Minute) // the longest pause between two dials, and half of it
		}
		for i, h := range w.hosts {
			if n := h.n.PeerCount(); n != 1 {
				t.Fatalf("%s has %d peers", h.name, n)
			}
			other := w.hosts[1-i].key.ID()
			if got := h.handler.up[other]; got != 1 {
				t.Fatalf("%s: %d Ups without a Down: %v", h.name, got, h.handler.calls)
			}
			for c, n := range h.downs {
				if n != 1 {
					t.Fatalf("%s: link %d went down %d times", h.name, c, n)
				}
			}
		}
		pa, _ := a.n.peers.ByID(b.key.ID())
		pb, _ := b.n.peers.ByID(a.key.ID())
		if e := w.ends[pa.Conn()]; e == nil || e.other.conn != pb.Conn() {
			t.Fatalf("a keeps link %d, b keeps %d: not the same", pa.Conn(), pb.Conn())
		}
		if len(w.ends) != 2 {
			t.Fatalf("%d ends are up", len(w.ends))
		}
	})
}

// anyEnd is the end of a link that is up, nil when there is none.
func (h *host) anyEnd() *end {
	for _, p := range h.n.peers.All() {
		if e := h.w.ends[p.Conn()]; e != nil {
			return e
		}
	}
	return nil
}
