package pex

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
	"github.com/ropewalk/ropewalk/work"
)

// Over any trace, no ten minutes hold more answers and records than promised.
func TestAllowanceProperty(t *testing.T) {
	type answer struct {
		at time.Time
		n  int
	}
	rapid.Check(t, func(t *rapid.T) {
		var a allowance
		now, given := t0, []answer(nil)
		for _, gap := range rapid.SliceOfN(rapid.IntRange(0, 300), 1, 100).Draw(t, "gaps") {
			now = now.Add(time.Duration(gap) * time.Second)
			if left := a.left(now); left > 0 {
				n := rapid.IntRange(0, left).Draw(t, "records")
				a.use(now)
				a.told(n)
				given = append(given, answer{now, n})
			}
		}
		for i, first := range given {
			count, records := 0, 0
			for _, g := range given[i:] {
				if g.at.Sub(first.at) < answersFor {
					count, records = count+1, records+g.n
				}
			}
			if count > answersMax || records > recordsMax || i > 0 && first.at.Sub(given[i-1].at) < answerEvery {
				t.Fatalf("%d answers with %d records from %v on", count, records, first.at.Sub(t0))
			}
		}
	})
}

// Whatever a peer asks, and however often, ten minutes bring it no more than an answer
// of 250 records of 300 bytes and six heads: 75,192 bytes, 125 B/s, against the three
// bytes that a question takes at least.
func TestNoAmplification(t *testing.T) {
	const most = recordsMax*enr.BytesMax + answersMax*frameBytes
	if most != 75_192 {
		t.Errorf("the figure is %d", most)
	}
	all := many(1000, 300)
	rapid.Check(t, func(t *rapid.T) {
		x, d := newPex(Config{})
		x.Up(t0, mate, false)
		type said struct {
			at    time.Time
			bytes int
		}
		var out []said
		now := t0
		for range rapid.IntRange(1, 300).Draw(t, "questions") {
			now = now.Add(time.Duration(rapid.IntRange(0, 30_000).Draw(t, "ms")) * time.Millisecond)
			n, err := x.Recv(now, mate, codeGet, encodeGet(get{rapid.Uint64().Draw(t, "req"), rapid.Uint64Min(1).Draw(t, "max"), false}))
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range n.Wants {
				x.Reply(now, w.From, w.Req, all[:rapid.IntRange(0, len(all)).Draw(t, "known")])
			}
			for _, m := range d.take() {
				out = append(out, said{now, len(m.data)})
			}
		}
		for i := range out {
			sum := 0
			for _, s := range out[i:] {
				if s.at.Sub(out[i].at) < answersFor {
					sum += s.bytes
				}
			}
			if sum > most {
				t.Fatalf("%d bytes in ten minutes", sum)
			}
		}
	})
}

// Over any trace, a peer tells no more than it had, earned and was asked for.
func TestBucketProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := bucket{recordsAtStart * recordEvery, t0}
		now, told, granted := t0, 0, 0
		for range rapid.IntRange(0, 100).Draw(t, "steps") {
			// A clock that steps back earns nothing.
			now = now.Add(time.Duration(rapid.IntRange(-1000, 10_000_000).Draw(t, "ms")) * time.Millisecond)
			if rapid.Bool().Draw(t, "ask") {
				b.grant(recordsMax)
				granted += recordsMax
			}
			n := min(b.has(now), rapid.IntRange(0, 300).Draw(t, "n"))
			b.take(n)
			told += n
			if b.credit < 0 || b.credit > creditMax {
				t.Fatalf("credit %v", b.credit)
			}
			if most := recordsAtStart + granted + int(b.at.Sub(t0)/recordEvery); told > most {
				t.Fatalf("told %d, at most %d", told, most)
			}
		}
	})
}

// Messages come back as they were written.
func TestWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n, most := rapid.Uint64().Draw(t, "req"), rapid.Uint64Min(1).Draw(t, "max")
		asked := get{n, most, rapid.Bool().Draw(t, "hidden")}
		if g, err := decodeGet(encodeGet(asked)); g != asked || err != nil {
			t.Fatal(g, err)
		}
		rs := many(10, rapid.IntRange(0, 20).Draw(t, "records"))
		r, list, err := decodePeers(encodePeers(n, rs))
		if err != nil || r != n {
			t.Fatal(r, err)
		}
		got, err := decodeRecords(list, recordsMax)
		if err != nil || len(got) != len(rs) {
			t.Fatal(len(got), err)
		}
		for i := range got {
			if !bytes.Equal(got[i].Bytes(), rs[i].Bytes()) {
				t.Fatal("another record")
			}
		}
	})
}

// village is nodes that are all linked to the first and sample all they know.
type village struct {
	now   time.Time
	nodes []*villager
	mail  []letter
}

type villager struct {
	pex   *Pex
	who   id.ID
	known ordered.Map[id.ID, *enr.Record]
	v     *village
}

type letter struct {
	from, to int
	code     uint64
	data     []byte
}

func (n *villager) Send(to id.ID, code uint64, data []byte) {
	for i, m := range n.v.nodes {
		if m.who == to {
			n.v.mail = append(n.v.mail, letter{n.index(), i, code, data})
		}
	}
}

func (n *villager) Drop(id.ID, error) { panic("a villager is thrown out") }

func (n *villager) index() int {
	for i, m := range n.v.nodes {
		if m == n {
			return i
		}
	}
	panic("a stranger")
}

func (n *villager) news(news News) {
	for _, j := range news.Jobs {
		n.news(n.pex.Done(n.v.now, j.Ticket, j.Run()))
	}
	for _, h := range news.Heard {
		for _, r := range h.Records {
			n.known.Put(r.ID(), r)
		}
	}
	for _, w := range news.Wants {
		rs := n.known.Values()
		n.pex.Reply(n.v.now, w.From, w.Req, rs[:min(len(rs), w.Max, max(16, len(rs)/4))])
	}
}

// A seed and what it was told are enough for everyone to know others: hellos go
// up, one answer each comes down.
func TestVillage(t *testing.T) {
	const size = 12
	v := &village{now: t0}
	for i := range size {
		n := &villager{who: key(100 + i).ID(), v: v}
		n.pex = New(Config{Self: n.who}, rand.New(rand.NewPCG(uint64(i), 1)), n)
		n.pex.Own(t0, record(100+i, 1))
		v.nodes = append(v.nodes, n)
	}
	seed := v.nodes[0]
	for _, n := range v.nodes[1:] {
		n.pex.Up(t0, seed.who, true)
		v.deliver(t) // before the seed may write: its lane opens later
		seed.pex.Up(t0, n.who, false)
		v.deliver(t)
	}
	if seed.known.Len() != size-1 {
		t.Fatalf("the seed knows %d", seed.known.Len())
	}
	for i, n := range v.nodes[1:] {
		n.pex.Ask(v.now, ticket(uint64(i)), seed.who, DefaultAsk)
	}
	v.deliver(t)
	for i, n := range v.nodes {
		if n.known.Len() != size-1 || n.known.Has(n.who) {
			t.Errorf("villager %d knows %d others", i, n.known.Len())
		}
	}
}

func (v *village) deliver(t *testing.T) {
	for busy := true; busy; {
		busy = len(v.mail) > 0
		mail := v.mail
		v.mail = nil
		for _, m := range mail {
			n := v.nodes[m.to]
			news, err := n.pex.Recv(v.now, v.nodes[m.from].who, m.code, m.data)
			if err != nil {
				t.Fatal(err)
			}
			n.news(news)
		}
		for _, n := range v.nodes {
			n.news(n.pex.Advance(v.now))
		}
	}
}

// Every message that is accepted is the only one that says what it says.
func FuzzWords(f *testing.F) {
	f.Add(uint64(codeHello), encodeHello(record(10, 1)))
	f.Add(uint64(codeGet), encodeGet(get{1 << 40, 250, false}))
	f.Add(uint64(codePeers), encodePeers(0, nil))
	f.Add(uint64(codePeers), encodePeers(1, many(10, 3)))
	f.Fuzz(func(t *testing.T, code uint64, b []byte) {
		var again []byte
		switch code {
		case codeHello:
			r, err := decodeHello(b)
			if err != nil {
				return
			}
			again = encodeHello(r)
		case codeGet:
			g, err := decodeGet(b)
			if err != nil {
				return
			}
			again = encodeGet(g)
		case codePeers:
			n, list, err := decodePeers(b)
			if err != nil {
				return
			}
			items := len(list.Rest())
			rs, err := decodeRecords(list, recordsMax)
			if err != nil {
				return
			}
			size := 0
			for _, r := range rs {
				size += len(r.Bytes())
			}
			if again = encodePeers(n, rs); size < items {
				return // some were left out: twins, or of another scheme
			}
		default:
			return
		}
		if !bytes.Equal(again, b) {
			t.Fatalf("%x written again is %x", b, again)
		}
	})
}

// Whatever three peers say, and in whatever order things happen: no panic, limits
// hold, each question ends exactly once, and nothing is left of those who went.
func FuzzPex(f *testing.F) {
	f.Add([]byte{0, 0, 0, 4, 0, 1, 8, 0, 2, 5, 0, 0, 1, 0, 0})
	f.Add([]byte{0, 0, 0, 3, 0, 0, 2, 0, 0, 2, 0, 1, 5, 0, 0, 1, 0, 0, 0, 0, 0})
	f.Add([]byte{0, 0, 0, 3, 0, 0, 6, 0, 5, 6, 0, 200, 5, 0, 0, 7, 0, 250, 7, 0, 250, 3, 0, 0})
	f.Fuzz(func(t *testing.T, ops []byte) {
		if len(ops) > 600 {
			ops = ops[:600]
		}
		r := newRig(t)
		for ; len(ops) >= 3; ops = ops[3:] {
			r.step(ops[0]%10, 2+int(ops[1]%3), ops[2])
			r.check()
		}
		r.end()
	})
}

// rig drives one Pex by small numbers.
type rig struct {
	t     *testing.T
	x     *Pex
	d     *desk
	now   time.Time
	jobs  []work.Job
	asked map[id.Ticket]int // Done seen
	seq   uint64
}

// remember verifies each record once; a run of the fuzzer meets few.
func remember(r *enr.Record) (*enr.Record, error) {
	name := string(r.Bytes())
	if _, ok := judged[name]; !ok {
		judged[name] = verdict{r, r.Verify()}
	}
	return judged[name].r, judged[name].err
}

type verdict struct {
	r   *enr.Record
	err error
}

var judged = map[string]verdict{}

func newRig(t *testing.T) *rig {
	x, d := newPex(Config{Verify: remember})
	return &rig{t: t, x: x, d: d, now: t0, asked: map[id.Ticket]int{}}
}

func (r *rig) step(op byte, n int, arg byte) {
	who := key(n).ID()
	switch op {
	case 0:
		r.x.Up(r.now, who, arg&1 == 0)
	case 1:
		r.x.Down(r.now, who)
	case 2:
		r.recv(who, codeHello, encodeHello(record(n+int(arg%2), uint64(arg%4))))
	case 3:
		r.seq++
		r.asked[ticket(r.seq)] = 0
		r.x.Ask(r.now, ticket(r.seq), who, int(arg))
	case 4:
		r.recv(who, codeGet, encodeGet(get{uint64(arg), uint64(arg), false}))
	case 5:
		for _, j := range r.jobs {
			r.news(r.x.Done(r.now, j.Ticket, j.Run()))
		}
		r.jobs = nil
	case 6: // an answer to what was asked last, or to nothing
		n := uint64(arg)
		for _, m := range r.d.take() {
			if m.code == codeGet && m.to == who {
				g, _ := decodeGet(m.data)
				n = g.req
			}
		}
		rs := many(1, int(arg%20))
		if arg > 250 {
			rs = append(rs, forged(9))
		}
		r.recv(who, codePeers, encodePeers(n, rs))
	case 7:
		r.now = r.now.Add(time.Duration(arg) * time.Second / 10)
		r.news(r.x.Advance(r.now))
	case 8:
		r.x.Own(r.now, record(1, uint64(arg)))
	case 9:
		r.recv(who, uint64(arg%4), []byte{0xc2, arg, arg})
	}
}

func (r *rig) recv(who id.ID, code uint64, data []byte) {
	news, err := r.x.Recv(r.now, who, code, data)
	if err != nil && !errors.Is(err, ErrMalformed) {
		r.t.Fatal(err)
	}
	r.news(news)
}

func (r *rig) news(news News) {
	r.jobs = append(r.jobs, news.Jobs...)
	for _, h := range news.Heard {
		for _, rec := range h.Records {
			if rec.ID().IsZero() || rec.ID() == self {
				r.t.Fatal("an unverified record, or our own, came up")
			}
		}
		if h.Done {
			r.asked[h.Ticket]++
		}
	}
	for _, w := range news.Wants {
		if w.Max < 1 || w.Max > recordsMax {
			r.t.Fatalf("%+v", w)
		}
		r.x.Reply(r.now, w.From, w.Req, many(1, 5))
	}
}

func (r *rig) check() {
	for p, st := range r.x.peers.All() {
		if st.jobs < 0 || st.jobs > jobsPerPeer || r.x.early.Has(p) {
			r.t.Fatalf("%d jobs, early %v", st.jobs, r.x.early.Has(p))
		}
	}
	for p := range r.x.asks.All() {
		if !r.x.peers.Has(p) {
			r.t.Fatal("a question to nobody")
		}
	}
	for _, m := range r.d.sent {
		if len(m.data) > bytesMax {
			r.t.Fatal("a message too long")
		}
	}
}

func (r *rig) end() {
	for n := 2; n < 5; n++ {
		r.step(1, n, 0)
	}
	r.step(7, 2, 0)
	r.step(5, 2, 0)
	if n := residue(r.x); n != 0 || !r.x.Deadline().IsZero() {
		r.t.Fatalf("residue %d, deadline %v", n, r.x.Deadline())
	}
	for q, n := range r.asked {
		if n != 1 {
			r.t.Fatalf("question %v ended %d times", q, n)
		}
	}
}
