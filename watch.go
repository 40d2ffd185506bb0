package ropewalk

import (
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/session"
)

// Our choice.
const (
	// watchEvery is how often the machine under us is looked at: a look costs some
	// fifty microseconds.
	watchEvery = 2 * time.Second
	// gapMin is how far clocks must be apart, or a timer late, to mean more than a busy
	// machine and the clock's daily correction.
	gapMin = 5 * time.Second
)

// glance is one look at the machine: its clocks, and where it can be reached.
type glance struct {
	wall time.Time     // as set by anybody
	run  time.Duration // time that passed for us, of any origin
	boot time.Duration // the same with the machine's sleep; 0 when there is no such clock
	// addrs are the machine's addresses that lead anywhere, in order.
	addrs []netip.Addr
}

// watch compares looks at the machine. The housekeeper owns it.
type watch struct {
	look func() glance // tests have their own
	last glance        // zero before the first
}

func newWatch() *watch {
	start, in := time.Now(), &interfaces{}
	return &watch{look: func() glance {
		now := time.Now()
		boot, _ := sinceBoot()
		return glance{wall: now.Round(0), run: now.Sub(start), boot: boot, addrs: in.addrs()}
	}}
}

// change is what happened to the machine since the look before.
type change struct {
	slept  time.Duration // it stood still
	jumped time.Duration // its wall clock was set by so much
	moved  bool          // it has other addresses, and some
}

func (c change) none() bool { return c == change{} }

// next takes a look.
func (w *watch) next() (c change) {
	g := w.look()
	was := w.last
	w.last = g
	if was.wall.IsZero() {
		return change{}
	}
	run, wall := g.run-was.run, g.wall.Sub(was.wall)
	real := run
	if was.boot > 0 && g.boot-was.boot > run {
		real = g.boot - was.boot
	}
	if real-run > gapMin {
		c.slept = real - run
	}
	if by := wall - real; by > gapMin || by < -gapMin {
		c.jumped = by
		if by > 0 && c.slept == 0 {
			// A machine whose clocks all stood still, or that has none which goes on in
			// its sleep, has its wall clock set when it wakes.
			c.slept = by
		}
	}
	// While there is none nobody can be asked; the return of the same ones is news.
	c.moved = len(g.addrs) > 0 && !slices.Equal(g.addrs, was.addrs)
	return c
}

// lookAround takes a look at the machine we run on.
func (n *Node) lookAround() {
	if c := n.watch.next(); !c.none() {
		n.tellChange(c)
	}
}

// tellChange tells the node what has happened to the machine it runs on.
func (n *Node) tellChange(c change) {
	n.post(input{fn: func(now time.Time) {
		if c.jumped != 0 {
			n.machine.ClockJumped(now, c.jumped)
		}
		if c.slept != 0 {
			n.machine.Disturbed(now, session.Woke)
		}
		if c.moved {
			n.forgetOutages(now)
			n.announce(now, n.addrs())
			n.machine.Disturbed(now, session.NetworkChanged)
		}
	}})
}

// stoodStill says that a timer was late by more than a busy machine explains: this
// process was stopped. What is due is done after it, once.
func (n *Node) stoodStill(now, due time.Time) {
	if !due.IsZero() && now.Sub(due) > gapMin {
		n.machine.Disturbed(now, session.Woke)
	}
}

// interfaces reads the machine's addresses. Which of them are of interfaces that work
// is asked only when the cheaper answers have changed.
type interfaces struct {
	flags []net.Flags
	all   []string
	known []netip.Addr
}

// addrs are the addresses of interfaces that are up, but for loopback and those of one
// wire only. When the system does not say they are what they were.
func (in *interfaces) addrs() []netip.Addr {
	list, err := net.Interfaces()
	if err != nil {
		return in.known
	}
	nets, err := net.InterfaceAddrs()
	if err != nil {
		return in.known
	}
	flags, all := make([]net.Flags, len(list)), make([]string, len(nets))
	for i := range list {
		flags[i] = list[i].Flags
	}
	for i := range nets {
		all[i] = nets[i].String()
	}
	if in.all == nil || !slices.Equal(flags, in.flags) || !slices.Equal(all, in.all) {
		in.flags, in.all, in.known = flags, all, working(list)
	}
	return in.known
}

// working lists the addresses of interfaces that are up and have a carrier.
func working(list []net.Interface) (out []netip.Addr) {
	for _, i := range list {
		if i.Flags&net.FlagUp == 0 || i.Flags&net.FlagRunning == 0 || i.Flags&net.FlagLoopback != 0 {
			continue
		}
		nets, err := i.Addrs()
		if err != nil {
			continue
		}
		for _, at := range nets {
			if p, err := netip.ParsePrefix(at.String()); err == nil && p.Addr().Unmap().IsGlobalUnicast() {
				out = append(out, p.Addr().Unmap())
			}
		}
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return slices.Compact(out)
}
