package sim

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/node"
	"github.com/ropewalk/ropewalk/portal"
	"github.com/ropewalk/ropewalk/trace"
	"github.com/ropewalk/ropewalk/work"
)

// epoch is when every simulation begins.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// weather is what the network does to packets.
type weather struct {
	latency, jitter time.Duration // one way, jitter either way
	loss            float64       // share of packets
}

// world is one simulation.
type world struct {
	opt   Options
	now   int64 // nanoseconds since epoch
	queue queue
	rng   *rand.Rand
	hosts []*host // the hostile ones last
	sky   weather
	lab   lab
	flap  *churn
	cuts  [][2][]bool // partitions: who is on which side

	hash   hasher
	events uint64
	sent   uint64                   // datagrams
	placed map[netip.AddrPort]*host // those with a place of their own for datagrams
	heard  func(*host, trace.Event) // of every event the nodes report; nil for nobody
	// answered hears what nodes answer to questions about content; nil for nobody.
	answered func(*host, portal.Answer)
	library  *library // of a play that puts and gets; nil otherwise
	// configure changes what every node is launched with; nil for nothing.
	configure func(*host, *node.Config)

	results  map[[32]byte]any       // of jobs whose Key says they are equal
	verified map[string]*enr.Record // records checked once for all
	nodes    map[id.Public]id.ID    // of our hosts
	lanes    []link.LaneInfo        // of every link
	err      error
}

func newWorld(opt Options) *world {
	w := &world{
		opt: opt, rng: rand.New(rand.NewPCG(opt.Seed, 0x726f7065)), sky: opt.weather(),
		hash: newHasher(), results: map[[32]byte]any{}, verified: map[string]*enr.Record{}, nodes: map[id.Public]id.ID{},
	}
	for i, p := range node.Protocols(network, nil) {
		w.lanes = append(w.lanes, link.LaneInfo{Lane: link.Lane(i), Stream: p.StreamIDs()[0]})
	}
	w.lay()
	return w
}

func (w *world) time() time.Time { return epoch.Add(time.Duration(w.now)) }

func (w *world) at(t time.Time) int64 { return int64(t.Sub(epoch)) }

// step handles the next event.
func (w *world) step() {
	at, e := w.queue.pop()
	w.now = at
	w.events++
	w.hash.event(at, e)
	if e.kind == visit {
		return
	}
	h := w.hosts[e.host]
	switch {
	case e.kind == knock:
	case e.kind == datagram:
		if !h.alive {
			return
		}
	case !h.alive || h.gen != e.gen:
		return
	}
	switch e.kind {
	case wake:
		h.woken(at)
	case leave:
		h.left()
	case arrive:
		w.arrive(h, e)
	case up:
		w.linkUp(h, e)
	case down:
		w.linkDown(h, e)
	case dialEnded:
		h.m.DialFailed(w.time(), e.ticket, e.why)
	case knock:
		w.knock(h, e)
	case datagram:
		w.deliver(h, e)
	}
	if h.alive {
		h.flush()
	}
}

// run does a job, or remembers having done an equal one.
func (w *world) run(j work.Job) any {
	if j.Key == [32]byte{} {
		return j.Run()
	}
	if r, ok := w.results[j.Key]; ok {
		return r
	}
	if len(w.results) >= resultsMax {
		clear(w.results)
	}
	r := j.Run()
	w.results[j.Key] = r
	return r
}

// resultsMax bounds the results that are remembered; beyond it they are done again.
const resultsMax = 1 << 20

// verify checks a record's signature once for all nodes, and lets them share it.
func (w *world) verify(r *enr.Record) (*enr.Record, error) {
	key := string(r.Bytes())
	if known, ok := w.verified[key]; ok {
		return known, nil
	}
	if err := r.Verify(); err != nil {
		return nil, err
	}
	w.verified[key] = r
	return r, nil
}

// decode reads and verifies a record once for all nodes.
func (w *world) decode(b []byte) (*enr.Record, error) {
	if known, ok := w.verified[string(b)]; ok {
		return known, nil
	}
	r, err := enr.DecodeUnverified(b)
	if err != nil {
		return nil, err
	}
	return w.verify(r)
}

// nodeID is the node of a key.
func (w *world) nodeID(key id.Public) (id.ID, error) {
	if known, ok := w.nodes[key]; ok {
		return known, nil
	}
	return key.ID()
}

// blocked tells whether a partition stands between two hosts.
func (w *world) blocked(a, b *host) bool {
	for _, cut := range w.cuts {
		if cut[0][a.i] && cut[1][b.i] || cut[1][a.i] && cut[0][b.i] {
			return true
		}
	}
	return false
}

// flight is how long a message is under way now, lost packets included.
func (w *world) flight() int64 { return w.flightOver(w.sky.latency, w.sky.jitter) }

// flightOver is flight on a path of this latency and jitter.
func (w *world) flightOver(latency, jitter time.Duration) int64 {
	d := latency
	if jitter > 0 {
		d += time.Duration(w.rng.Int64N(int64(2*jitter)+1)) - jitter
	}
	for again := max(retransmitMin, 2*latency); w.sky.loss > 0 && w.rng.Float64() < w.sky.loss && again < retransmitMax; again *= 2 {
		d += again
	}
	return int64(max(d, flightMin))
}

const (
	retransmitMin = 200 * time.Millisecond // RFC 6298 as Linux has it
	retransmitMax = 60 * time.Second
	flightMin     = 10 * time.Microsecond
)

// hasher folds all that happens into one sum.
type hasher struct {
	buf []byte
	sum [32]byte
}

func newHasher() hasher { return hasher{buf: make([]byte, 0, 1<<16)} }

func (h *hasher) event(at int64, e event) {
	h.word(uint64(at))
	h.word(uint64(e.kind)<<56 | uint64(e.msg.Lane)<<48 | uint64(e.msg.Op)<<40 | uint64(uint32(e.host)))
	h.word(uint64(e.conn))
	h.word(e.msg.Code<<32 | uint64(len(e.msg.Data)))
}

func (h *hasher) trace(host int, e trace.Event) {
	h.word(uint64(host))
	h.text(e.Strand)
	h.text(e.Kind)
	h.buf = append(h.buf, e.Peer[:8]...)
	h.text(e.Topic)
	h.text(e.ID)
	h.word(uint64(e.N))
	h.flush(1 << 15)
}

func (h *hasher) word(v uint64) { h.buf = binary.BigEndian.AppendUint64(h.buf, v); h.flush(1 << 15) }
func (h *hasher) text(s string) { h.buf = append(append(h.buf, byte(len(s))), s...) }

func (h *hasher) flush(room int) {
	if len(h.buf) < room {
		return
	}
	h.sum = sha256.Sum256(append(h.buf, h.sum[:]...))
	h.buf = h.buf[:0]
}

func (h *hasher) String() string {
	h.flush(0)
	return fmt.Sprintf("%x", h.sum[:])
}
