package sim

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/node"
	"github.com/ropewalk/ropewalk/scenario"
)

// hostile is a host that speaks the protocol for no good. It dials its targets,
// subscribes, has itself grafted, and comes back when a backoff is over; what it does
// with messages is its Conduct. Hostile hosts tell each other of every message one of
// them has heard of.
type hostile struct {
	h       *host
	conduct scenario.Conduct
	rng     *rand.Rand
	targets []int
	censor  string // the author whose messages it drops

	hello, graft []byte // frames
	topic        string
	foes         []*foe
	byConn       map[link.Conn]*foe
	known        map[string]bool // messages it has passed on
	next         int64           // when something is due; zero for nothing
	lieAt        int64
	out          node.Out
}

// foe is a node that a hostile host has a link with.
type foe struct {
	conn   link.Conn
	meshed bool
	again  int64 // when to ask to be grafted
	queue  [][]byte
}

const (
	stormEvery = int64(time.Second)
	lieEvery   = int64(time.Second)
	// patience after a backoff: an honest node holds its own a little longer.
	regraftSlack = int64(time.Second)
	backoffUsual = int64(time.Minute) // of a PRUNE that names none
)

// besiege makes the host hostile and starts it.
func (h *host) besiege(a scenario.Attack, targets []int) {
	h.gen++
	h.alive, h.lived = true, true
	h.links = map[link.Conn]*end{}
	x := &hostile{
		h: h, conduct: a.Conduct, topic: a.Topic, targets: targets, byConn: map[link.Conn]*foe{}, known: map[string]bool{},
		rng: rand.New(rand.NewPCG(h.w.rng.Uint64(), h.w.rng.Uint64())),
	}
	if a.Censor > 0 {
		x.censor = string(h.w.hosts[a.Censor-1].key.Public().PeerID())
	}
	x.graft = rpc.AppendControl(nil, rpc.AppendGraft(nil, a.Topic))
	x.hello = append(rpc.AppendSub(nil, true, a.Topic), x.graft...)
	h.m = x
	tickets := id.Tickets{Owner: "hostile"}
	// The nodes dial the first ones, and the rounding is left to chance.
	dialled := int(a.Dialled*float64(len(targets)) + h.w.rng.Float64())
	for n, i := range targets {
		v := h.w.hosts[i]
		if n >= dialled {
			x.out.Dials = append(x.out.Dials, node.Dial{Ticket: tickets.Next(), To: v.addr})
		} else if v.alive {
			if err := v.node.Connect(h.w.time(), v.tickets.Next(), h.addr); err != nil {
				h.w.err = err
			}
			v.flush()
		}
	}
	if a.Lie {
		x.lieAt = h.w.now + x.rng.Int64N(lieEvery)
		x.next = x.lieAt
	}
	h.flush()
}

func (x *hostile) LinkUp(_ time.Time, c link.Conn, _ link.Info) {
	f := &foe{conn: c, meshed: true}
	x.foes = append(x.foes, f)
	x.byConn[c] = f
	if x.conduct.Storm {
		x.later(f, stormEvery)
	}
	x.send(f, x.hello)
}

func (x *hostile) Packet(time.Time, netip.AddrPort, []byte) {}
func (x *hostile) Stored(time.Time, content.Answer)         {}

func (x *hostile) LinkDown(_ time.Time, c link.Conn, _ error) {
	for i, f := range x.foes {
		if f.conn == c {
			x.foes = append(x.foes[:i], x.foes[i+1:]...)
			break
		}
	}
	delete(x.byConn, c)
}

func (x *hostile) LinkMsg(_ time.Time, c link.Conn, m link.Msg) {
	f, w := x.byConn[c], x.h.w
	r := &w.lab.ids.scratch
	if f == nil || m.Op != link.Data || r.Decode(m.Data, rpc.DefaultLimits(1)) != nil {
		return
	}
	for range r.Graft {
		f.meshed = true
	}
	for _, p := range r.Prune {
		wait := int64(min(p.Backoff, 3600)) * int64(time.Second)
		if !p.HasBackoff {
			wait = backoffUsual
		}
		f.meshed = false
		if !x.conduct.Storm {
			x.later(f, wait+regraftSlack+x.rng.Int64N(regraftSlack))
		}
	}
	for i := range r.Publish {
		x.heard(f, &r.Publish[i])
	}
}

// heard: a message has come.
func (x *hostile) heard(from *foe, m *rpc.Message) {
	w := x.h.w
	if x.conduct.Lie {
		w.lab.ids.hear(w.now, string(m.From)+string(m.Seqno))
	}
	if !x.conduct.Forward || w.lab.flashed || string(m.From) == x.censor {
		return
	}
	mid := string(m.From) + string(m.Seqno)
	if x.known[mid] {
		return
	}
	x.known[mid] = true
	for _, f := range x.foes {
		if f.meshed && f != from {
			x.send(f, m.Frame)
		}
	}
}

// Advance asks again to be grafted where it is time, and lies.
func (x *hostile) Advance(time.Time) {
	now := x.h.w.now
	if x.next == 0 || now < x.next {
		return
	}
	x.next = 0
	for _, f := range x.foes {
		if f.again > 0 && f.again <= now {
			f.again, f.meshed = 0, true
			x.send(f, x.graft)
			if x.conduct.Storm {
				f.again = now + stormEvery
			}
		}
		x.due(f.again)
	}
	if x.lieAt > 0 {
		if now >= x.lieAt {
			x.lie()
			x.lieAt = now + lieEvery
		}
		x.due(x.lieAt)
	}
}

// lie advertises what the hostile hosts know of to every target.
func (x *hostile) lie() {
	ids := x.h.w.lab.ids.recent(x.h.w.now)
	if len(ids) == 0 {
		return
	}
	frame := rpc.AppendControl(nil, rpc.AppendIHave(nil, x.topic, ids))
	for _, f := range x.foes {
		x.send(f, frame)
	}
}

func (x *hostile) later(f *foe, wait int64) {
	f.again = x.h.w.now + wait
	x.due(f.again)
}

func (x *hostile) due(at int64) {
	if at > 0 && (x.next == 0 || at < x.next) {
		x.next = at
	}
}

func (x *hostile) send(f *foe, frame []byte) {
	f.queue = append(f.queue, frame)
	if len(f.queue) == 1 {
		x.out.Ready = append(x.out.Ready, f.conn)
	}
}

func (x *hostile) Deadline() time.Time {
	if x.next == 0 {
		return time.Time{}
	}
	return epoch.Add(time.Duration(x.next))
}

func (x *hostile) Take() node.Out {
	out := x.out
	x.out = node.Out{}
	return out
}

func (x *hostile) Next(_ time.Time, c link.Conn, _ link.LaneSet) (link.Msg, bool) {
	f := x.byConn[c]
	if f == nil || len(f.queue) == 0 {
		return link.Msg{}, false
	}
	frame := f.queue[0]
	f.queue = f.queue[1:]
	return link.Msg{Lane: gossipLane, Op: link.Data, Data: frame}, true
}

func (x *hostile) DialFailed(time.Time, id.Ticket, error) {}
func (x *hostile) Done(time.Time, id.Ticket, any)         {}
func (x *hostile) Saved(time.Time, id.Ticket, error)      {}

// gossipIDs are the messages that hostile hosts have told each other of.
type gossipIDs struct {
	scratch rpc.RPC
	known   map[string]bool
	list    []string
	at      []int64
}

// lieFor is how long a message is advertised by liars: as long as by honest nodes.
const lieFor = int64(3 * time.Second)

func (g *gossipIDs) hear(now int64, mid string) {
	if g.known == nil {
		g.known = map[string]bool{}
	}
	if !g.known[mid] {
		g.known[mid] = true
		g.list, g.at = append(g.list, mid), append(g.at, now)
	}
}

func (g *gossipIDs) recent(now int64) []string {
	from := len(g.list)
	for from > 0 && now-g.at[from-1] < lieFor {
		from--
	}
	return g.list[from:]
}
