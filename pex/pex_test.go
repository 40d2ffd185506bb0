package pex

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/rlp"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/work"
)

var t0 = time.Unix(1_700_000_000, 0)

func at(d time.Duration) time.Time { return t0.Add(d) }

// key and record of the n-th test node, n ≥ 1. Records are kept: signing is slow.
func key(n int) *id.Key {
	k, err := id.KeyFromBytes([]byte(fmt.Sprintf("%032d", n)))
	if err != nil {
		panic(err)
	}
	return k
}

type recordName struct {
	n   int
	seq uint64
}

var records = map[recordName]*enr.Record{}

func record(n int, seq uint64) *enr.Record {
	name := recordName{n, seq}
	if records[name] == nil {
		r, err := enr.Builder{Seq: seq, IP: netip.AddrFrom4([4]byte{10, 0, byte(n >> 8), byte(n)}), Rope: &enr.Rope{TCP: 4001}}.Sign(key(n))
		if err != nil {
			panic(err)
		}
		records[name] = r
	}
	return records[name]
}

func many(from, n int) (out []*enr.Record) {
	for i := range n {
		out = append(out, record(from+i, 1))
	}
	return out
}

// forged says it is of node n and has a wrong signature.
func forged(n int) *enr.Record {
	b := append([]byte(nil), record(n, 1).Bytes()...)
	b[20] ^= 1
	r, err := enr.DecodeUnverified(b)
	if err != nil {
		panic(err)
	}
	return r
}

// desk is a Sender that writes down what it is told.
type desk struct {
	sent  []sent
	drops []error
}

type sent struct {
	to   id.ID
	code uint64
	data []byte
}

func (d *desk) Send(to id.ID, code uint64, data []byte) {
	d.sent = append(d.sent, sent{to, code, data})
}
func (d *desk) Drop(_ id.ID, why error) { d.drops = append(d.drops, why) }

// take returns what was sent since it was last asked.
func (d *desk) take() []sent {
	out := d.sent
	d.sent = nil
	return out
}

// self is node 1, mate node 2.
var self, mate = key(1).ID(), key(2).ID()

func newPex(cfg Config) (*Pex, *desk) {
	d := &desk{}
	cfg.Self = self
	return New(cfg, rand.New(rand.NewPCG(1, 2)), d), d
}

// run does the jobs of news and returns what comes of them.
func run(x *Pex, now time.Time, jobs []work.Job) (out News) {
	for _, j := range jobs {
		n := x.Done(now, j.Ticket, j.Run())
		out.Heard = append(out.Heard, n.Heard...)
	}
	return out
}

// mustRecv is Recv of a message that costs nothing.
func mustRecv(t *testing.T, x *Pex, now time.Time, code uint64, data []byte) News {
	t.Helper()
	n, err := x.Recv(now, mate, code, data)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func ticket(n uint64) id.Ticket { return id.Ticket{Owner: "test", N: n} }

// residue counts everything that is kept for peers.
func residue(x *Pex) int {
	return x.peers.Len() + x.asks.Len() + x.jobs.Len() + x.early.Len() + len(x.late.Heard) + len(x.late.Jobs) + len(x.late.Wants)
}

func TestHello(t *testing.T) {
	x, d := newPex(Config{})
	x.Up(t0, mate, true)
	if len(d.take()) != 0 || !x.Deadline().IsZero() {
		t.Fatal("hello without a record")
	}
	x.Own(t0, record(1, 1))
	if got := d.take(); len(got) != 1 || got[0].code != codeHello || got[0].to != mate {
		t.Fatalf("sent %v", got)
	}
	r, err := decodeHello(encodeHello(record(1, 1)))
	if err != nil || r.String() != record(1, 1).String() {
		t.Fatal(err)
	}
	x.Own(t0, record(1, 1))
	if len(d.take()) != 0 {
		t.Error("an unchanged record is announced")
	}
	x.Own(at(time.Second), record(1, 2))
	if len(d.take()) != 0 || x.Deadline() != at(announceEvery) {
		t.Errorf("announced too soon, or deadline %v", x.Deadline().Sub(t0))
	}
	x.Advance(at(announceEvery - 1))
	if len(d.take()) != 0 {
		t.Error("announced too soon")
	}
	other := key(3).ID()
	x.Up(at(2*time.Second), other, false)
	if got := d.take(); len(got) != 1 || got[0].to != other {
		t.Errorf("a new peer must be told at once: %v", got)
	}
	x.Advance(at(announceEvery))
	if got := d.take(); len(got) != 1 || got[0].to != mate || string(got[0].data) != string(encodeHello(record(1, 2))) {
		t.Errorf("sent %v", got)
	}
	x.Own(at(time.Minute), nil)
	x.Down(at(time.Minute), other)
	x.Up(at(time.Minute), other, false)
	if len(d.take()) != 0 || !x.Deadline().IsZero() {
		t.Error("announces what is not reachable")
	}
}

func TestHelloHeard(t *testing.T) {
	x, d := newPex(Config{})
	x.Up(t0, mate, true)
	n := mustRecv(t, x, t0, codeHello, encodeHello(record(2, 5)))
	if len(n.Heard) != 0 || len(n.Jobs) != 1 {
		t.Fatalf("%+v", n)
	}
	n = run(x, t0, n.Jobs)
	if len(n.Heard) != 1 || !n.Heard[0].Own || n.Heard[0].Done || n.Heard[0].From != mate || n.Heard[0].Records[0].ID() != mate {
		t.Fatalf("%+v", n)
	}
	for _, seq := range []uint64{4, 5} {
		if n := mustRecv(t, x, t0, codeHello, encodeHello(record(2, seq))); len(n.Jobs) != 0 {
			t.Errorf("seq %d verified after 5", seq)
		}
	}
	if n := mustRecv(t, x, t0, codeHello, encodeHello(record(2, 6))); len(n.Jobs) != 1 {
		t.Error("a newer record is ignored")
	}
	if len(d.drops) != 0 {
		t.Error(d.drops)
	}
}

func TestHelloOfAnother(t *testing.T) {
	for _, c := range []struct {
		name   string
		r      *enr.Record
		want   error
		reason link.Reason
	}{
		{"somebody else's", record(3, 1), ErrStranger, link.BadIdentity},
		{"ours", record(1, 1), ErrStranger, link.BadIdentity},
		{"forged", forged(2), ErrForged, link.Breach},
	} {
		x, d := newPex(Config{})
		x.Up(t0, mate, false)
		n := mustRecv(t, x, t0, codeHello, encodeHello(c.r))
		if n = run(x, t0, n.Jobs); len(n.Heard) != 0 {
			t.Errorf("%s: heard %+v", c.name, n.Heard)
		}
		var reason link.Reason
		if len(d.drops) != 1 || !errors.Is(d.drops[0], c.want) || !errors.As(d.drops[0], &reason) || reason != c.reason {
			t.Errorf("%s: drops %v", c.name, d.drops)
		}
		if n := mustRecv(t, x, t0, codeGet, encodeGet(get{1, 1, false})); len(n.Wants) != 0 {
			t.Errorf("%s: still served", c.name)
		}
		x.Down(t0, mate)
		if residue(x) != 0 {
			t.Errorf("%s: residue", c.name)
		}
	}
}

// A peer is answered once in ten minutes when the answer is full, six times, 10 s
// apart, when there is little to tell.
func TestAllowance(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer []*enr.Record
		want   string
	}{
		{"full", many(10, recordsMax), "[0s 10m0s 20m0s 30m0s]"},
		{"half full", many(10, recordsMax/2), "[0s 10s 10m0s 10m10s 20m0s 20m10s 30m0s]"},
		{"nobody", nil, "[0s 10s 20s 30s 40s 50s 10m0s 10m10s 10m20s 10m30s 10m40s 10m50s 20m0s 20m10s 20m20s 20m30s 20m40s 20m50s 30m0s]"},
	} {
		x, _ := newPex(Config{})
		x.Up(t0, mate, false)
		var got []time.Duration
		for d := time.Duration(0); d <= 30*time.Minute; d += time.Second {
			n := mustRecv(t, x, at(d), codeGet, encodeGet(get{uint64(d), 1000, false}))
			if len(n.Wants) == 1 {
				got = append(got, d)
				x.Reply(at(d), mate, uint64(d), c.answer)
			}
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s: answered at %v\nwant %s", c.name, got, c.want)
		}
	}
}

func TestReply(t *testing.T) {
	x, d := newPex(Config{MaxAnswer: 20})
	x.Up(t0, mate, false)
	mustRecv(t, x, t0, codeGet, encodeGet(get{7, 15, false}))
	rs := append(many(10, 20), record(2, 1), forged(50))
	x.Reply(t0, mate, 8, rs)
	x.Reply(t0, self, 7, rs)
	if len(d.take()) != 0 {
		t.Fatal("answered a question nobody asked")
	}
	x.Reply(t0, mate, 7, rs)
	x.Reply(t0, mate, 7, rs)
	got := d.take()
	if len(got) != 1 || got[0].code != codePeers {
		t.Fatalf("sent %v", got)
	}
	req, list, err := decodePeers(got[0].data)
	if err != nil || req != 7 {
		t.Fatal(req, err)
	}
	out, err := decodeRecords(list, recordsMax)
	if err != nil || len(out) != 15 {
		t.Fatal(len(out), err)
	}
	inOrder := true
	for i, r := range out {
		if r.Verify() != nil || r.ID() == mate {
			t.Errorf("record %d is of the asker or not verified", i)
		}
		inOrder = inOrder && r.Public() == rs[i].Public()
	}
	if inOrder {
		t.Error("not shuffled")
	}
	if n := mustRecv(t, x, at(time.Minute), codeGet, encodeGet(get{9, 999, false})); n.Wants[0].Max != 20 {
		t.Errorf("Max %d, want MaxAnswer", n.Wants[0].Max)
	}
}

// Records of full size fill 64 KiB before they are 250.
func TestReplyBytes(t *testing.T) {
	x, d := newPex(Config{})
	x.Up(t0, mate, false)
	mustRecv(t, x, t0, codeGet, encodeGet(get{1 << 63, 250, false}))
	var rs []*enr.Record
	for i := range 250 {
		r, err := enr.Builder{Seq: 1, Extra: []enr.Pair{{Key: "x", Value: rlp.AppendBytes(nil, make([]byte, 177))}}}.Sign(key(1000 + i))
		if err != nil || len(r.Bytes()) != enr.BytesMax {
			t.Fatal(len(r.Bytes()), err)
		}
		rs = append(rs, r)
	}
	x.Reply(t0, mate, 1<<63, rs)
	data := d.take()[0].data
	if len(data) > Protocol.PayloadBytesMax() || len(data) < bytesMax-2*enr.BytesMax {
		t.Errorf("answer of %d bytes", len(data))
	}
	y, _ := newPex(Config{})
	y.Up(t0, mate, false)
	mustRecv(t, y, t0, codePeers, data)
}

// req is the number of the question that was sent last.
func req(t *testing.T, d *desk) uint64 {
	t.Helper()
	got := d.take()
	if len(got) == 0 || got[len(got)-1].code != codeGet {
		t.Fatalf("no question sent: %v", got)
	}
	g, err := decodeGet(got[len(got)-1].data)
	if err != nil {
		t.Fatal(err)
	}
	return g.req
}

func TestAsk(t *testing.T) {
	x, d := newPex(Config{})
	x.Up(t0, mate, true)
	x.Ask(t0, ticket(1), mate, 30)
	n := req(t, d)
	x.Ask(t0, ticket(2), mate, 30) // joins the first
	if len(d.take()) != 0 || x.Deadline() != at(askTimeout) {
		t.Fatal("a second question went out, or no deadline")
	}
	rs := append(many(10, 40), record(1, 1))
	news := mustRecv(t, x, at(time.Second), codePeers, encodePeers(n, rs))
	if len(news.Heard) != 0 || len(news.Jobs) != 1 {
		t.Fatalf("%+v", news)
	}
	news = run(x, at(time.Second), news.Jobs)
	if len(news.Heard) != 2 {
		t.Fatalf("%+v", news)
	}
	for i, h := range news.Heard {
		if h.Ticket != ticket(uint64(i+1)) || !h.Done || h.Own || h.From != mate || len(h.Records) != 30 {
			t.Errorf("%v done=%v %d records", h.Ticket, h.Done, len(h.Records))
		}
	}
	if !x.Deadline().IsZero() {
		t.Error("a deadline is left")
	}
	// The same answer again is one that nobody asked for.
	news = mustRecv(t, x, at(time.Second), codePeers, encodePeers(n, rs))
	if news = run(x, at(time.Second), news.Jobs); len(news.Heard) != 1 || len(news.Heard[0].Records) != unsolicitedMax || news.Heard[0].Done {
		t.Errorf("%+v", news)
	}
}

// Questions that get no answer end all the same, with the next Advance.
func TestAskInVain(t *testing.T) {
	ended := func(t *testing.T, x *Pex, now time.Time, n uint64) {
		t.Helper()
		if x.Deadline().IsZero() || x.Deadline().After(now) {
			t.Fatalf("deadline %v, now %v", x.Deadline(), now)
		}
		news := x.Advance(now)
		if len(news.Heard) != 1 || !news.Heard[0].Done || news.Heard[0].Ticket != ticket(n) || news.Heard[0].Records != nil || news.Heard[0].From != mate {
			t.Fatalf("%+v", news)
		}
		if !x.Deadline().IsZero() {
			t.Fatal("a deadline is left")
		}
	}
	x, d := newPex(Config{})
	x.Ask(t0, ticket(1), mate, 0)
	ended(t, x, t0, 1) // not connected
	x.Up(t0, mate, true)
	x.Ask(t0, ticket(2), mate, 0)
	late := req(t, d)
	if n := x.Advance(at(askTimeout - 1)); len(n.Heard) != 0 {
		t.Fatal("gave up too early")
	}
	ended(t, x, at(askTimeout), 2) // no answer
	x.Ask(at(answerEvery+askSlack-1), ticket(3), mate, 0)
	ended(t, x, at(answerEvery+askSlack-1), 3) // asked a moment ago
	x.Ask(at(answerEvery+askSlack), ticket(4), mate, 0)
	if n := req(t, d); n == late {
		t.Error("a number used twice")
	}
	news := mustRecv(t, x, at(13*time.Second), codePeers, encodePeers(late, many(10, 20)))
	if news = run(x, at(13*time.Second), news.Jobs); news.Heard[0].Done || len(news.Heard[0].Records) != unsolicitedMax {
		t.Error("a late answer passed for the one that is due")
	}
	x.Down(at(14*time.Second), mate)
	ended(t, x, at(14*time.Second), 4) // peer gone
	if residue(x) != 0 {
		t.Error("residue")
	}
	// An answer from another peer is none.
	y, d := newPex(Config{})
	y.Up(t0, mate, true)
	y.Up(t0, key(3).ID(), true)
	y.Ask(t0, ticket(1), key(3).ID(), 0)
	if news := mustRecv(t, y, t0, codePeers, encodePeers(req(t, d), nil)); len(news.Heard) != 0 {
		t.Error("one peer answered for another")
	}
}

// Asking as often as we like, we never ask a peer of our kind in vain.
func TestAskKeepsTheAllowance(t *testing.T) {
	x, d := newPex(Config{})
	y, e := newPex(Config{})
	x.Up(t0, mate, true)
	y.Up(t0, mate, false)
	answered := 0
	for s := range 7200 {
		now := at(time.Duration(s) * time.Second)
		x.Ask(now, ticket(uint64(s)), mate, 0)
		for _, m := range d.take() {
			jitter := time.Duration(s%3) * 900 * time.Millisecond
			n := mustRecv(t, y, now.Add(jitter), m.code, m.data)
			if len(n.Wants) != 1 {
				t.Fatalf("refused at %ds", s)
			}
			y.Reply(now.Add(jitter), mate, n.Wants[0].Req, many(10, []int{0, 100, 3, 250}[s%4]))
			for _, back := range e.take() {
				run(x, now.Add(jitter), mustRecv(t, x, now.Add(jitter), back.code, back.data).Jobs)
				answered++
			}
		}
		x.Advance(now)
	}
	if answered < 20 {
		t.Errorf("%d answers in two hours", answered)
	}
}

func TestEmptyAnswer(t *testing.T) {
	x, d := newPex(Config{})
	x.Up(t0, mate, true)
	x.Ask(t0, ticket(1), mate, 0)
	n := mustRecv(t, x, t0, codePeers, encodePeers(req(t, d), nil))
	if len(n.Jobs) != 0 || len(n.Heard) != 1 || !n.Heard[0].Done || n.Heard[0].Ticket != ticket(1) {
		t.Fatalf("%+v", n)
	}
}

// One forged record spoils the answer, and the link; also the next one, when the
// peer came back before we had looked.
func TestForgedAnswer(t *testing.T) {
	for _, again := range []bool{false, true} {
		x, d := newPex(Config{})
		x.Up(t0, mate, true)
		x.Ask(t0, ticket(1), mate, 0)
		n := mustRecv(t, x, t0, codePeers, encodePeers(req(t, d), append(many(10, 5), forged(15))))
		if again {
			x.Down(t0, mate)
			x.Up(t0, mate, true)
		}
		n = run(x, t0, n.Jobs)
		if len(n.Heard) != 1 || !n.Heard[0].Done || len(n.Heard[0].Records) != 0 {
			t.Errorf("%+v", n)
		}
		if len(d.drops) != 1 || !errors.Is(d.drops[0], ErrForged) {
			t.Errorf("drops %v", d.drops)
		}
	}
}

func TestDuplicatesInAnswer(t *testing.T) {
	list := encodePeers(1, []*enr.Record{record(10, 1), record(11, 1), record(10, 2), record(10, 1)})
	_, items, err := decodePeers(list)
	if err != nil {
		t.Fatal(err)
	}
	if rs, err := decodeRecords(items, 10); err != nil || len(rs) != 2 {
		t.Errorf("%d records, %v", len(rs), err)
	}
}

// Two jobs per peer; what comes meanwhile is passed over, and a question ends.
func TestJobsPerPeer(t *testing.T) {
	x, d := newPex(Config{})
	x.Up(t0, mate, true)
	x.Ask(t0, ticket(1), mate, 250)
	n := req(t, d)
	var jobs []work.Job
	for i := range 3 {
		got := mustRecv(t, x, t0, codePeers, encodePeers(99, many(10+i, 1)))
		jobs = append(jobs, got.Jobs...)
	}
	if len(jobs) != jobsPerPeer {
		t.Fatalf("%d jobs", len(jobs))
	}
	if got := mustRecv(t, x, t0, codeHello, encodeHello(record(2, 1))); len(got.Jobs) != 0 {
		t.Error("hello made a third job")
	}
	got := mustRecv(t, x, t0, codePeers, encodePeers(n, many(10, 1)))
	if len(got.Jobs) != 0 || len(got.Heard) != 1 || !got.Heard[0].Done {
		t.Errorf("%+v", got)
	}
	run(x, t0, jobs)
	if got := mustRecv(t, x, t0, codeHello, encodeHello(record(2, 1))); len(got.Jobs) != 1 {
		t.Error("finished jobs still count")
	}
}

// Nobody can make us verify more than a record in 10 s and what we asked for.
func TestTokenBucket(t *testing.T) {
	x, d := newPex(Config{})
	x.Up(t0, mate, true)
	flood := encodePeers(99, many(10, 200))
	heard := func(d time.Duration) (n int) {
		for range 5 {
			for _, h := range run(x, at(d), mustRecv(t, x, at(d), codePeers, flood).Jobs).Heard {
				n += len(h.Records)
			}
		}
		return n
	}
	if n := heard(0); n != recordsAtStart {
		t.Errorf("%d records at the start", n)
	}
	if n := heard(9 * time.Second); n != 0 {
		t.Errorf("%d records after 9 s", n)
	}
	if n := heard(100 * time.Second); n != 10 {
		t.Errorf("%d records after 100 s", n)
	}
	x.Ask(at(100*time.Second), ticket(1), mate, 200)
	got := mustRecv(t, x, at(100*time.Second), codePeers, encodePeers(req(t, d), many(10, 200)))
	if n := len(run(x, at(100*time.Second), got.Jobs).Heard[0].Records); n != 200 {
		t.Errorf("%d records of 200 asked for", n)
	}
	if n := heard(100 * time.Second); n != 0 {
		t.Errorf("%d records after the answer", n)
	}
	x.peers.Values()[0].credit.has(at(1000 * time.Hour))
	if n := x.peers.Values()[0].credit.has(at(1000 * time.Hour)); n != recordsBurst {
		t.Errorf("%d records saved up", n)
	}
}

// What the job is given is verified as it would be elsewhere: equal messages have
// equal keys, others not.
func TestJobKey(t *testing.T) {
	x, _ := newPex(Config{})
	x.Up(t0, mate, true)
	a := mustRecv(t, x, t0, codePeers, encodePeers(1, many(10, 2))).Jobs[0]
	x.Done(t0, a.Ticket, a.Run())
	b := mustRecv(t, x, t0, codePeers, encodePeers(2, many(10, 2))).Jobs[0]
	x.Done(t0, b.Ticket, b.Run())
	c := mustRecv(t, x, t0, codePeers, encodePeers(1, many(11, 2))).Jobs[0]
	if a.Key != b.Key || a.Key == c.Key || a.Key == [32]byte{} || a.Ticket == b.Ticket {
		t.Error("keys")
	}
}

func TestVerifyHook(t *testing.T) {
	calls := 0
	x, _ := newPex(Config{Verify: func(r *enr.Record) (*enr.Record, error) {
		calls++
		return record(10, 1), nil
	}})
	x.Up(t0, mate, true)
	n := run(x, t0, mustRecv(t, x, t0, codePeers, encodePeers(1, many(10, 1))).Jobs)
	if calls != 1 || n.Heard[0].Records[0] != record(10, 1) {
		t.Error("the hook's record is not the one that came up")
	}
}

// An answer that is being verified outlives its link; all else goes with it.
func TestDown(t *testing.T) {
	x, d := newPex(Config{})
	x.Up(t0, mate, true)
	x.Ask(t0, ticket(1), mate, 0)
	answer := mustRecv(t, x, t0, codePeers, encodePeers(req(t, d), many(10, 3))).Jobs
	hello := mustRecv(t, x, t0, codeHello, encodeHello(record(2, 1))).Jobs
	x.Down(t0, mate)
	if n := run(x, t0, hello); len(n.Heard) != 0 {
		t.Errorf("hello of one who is gone: %+v", n)
	}
	if n := x.Advance(t0); len(n.Heard) != 0 {
		t.Errorf("%+v", n)
	}
	x.Up(t0, mate, true)
	n := run(x, t0, answer)
	if len(n.Heard) != 1 || !n.Heard[0].Done || len(n.Heard[0].Records) != 3 {
		t.Errorf("%+v", n)
	}
	if got := x.peers.Values()[0].jobs; got != 0 {
		t.Errorf("the new link has %d jobs", got)
	}
	x.Down(t0, mate)
	if residue(x) != 0 {
		t.Error("residue")
	}
	if n := run(x, t0, answer); len(n.Heard) != 0 {
		t.Error("a job that is done twice counts twice")
	}
}

// A world that closes may hand back anything.
func TestDoneWithNothing(t *testing.T) {
	x, d := newPex(Config{})
	x.Up(t0, mate, true)
	x.Ask(t0, ticket(1), mate, 0)
	j := mustRecv(t, x, t0, codePeers, encodePeers(req(t, d), many(10, 3))).Jobs[0]
	if n := x.Done(t0, j.Ticket, nil); len(n.Heard) != 1 || !n.Heard[0].Done || len(d.drops) != 0 {
		t.Errorf("%+v, drops %v", n, d.drops)
	}
}

// Words that come before we may write are read when we may.
func TestEarly(t *testing.T) {
	x, d := newPex(Config{})
	mustRecv(t, x, t0, codeHello, encodeHello(record(2, 1)))
	mustRecv(t, x, t0, codeGet, encodeGet(get{5, 10, false}))
	mustRecv(t, x, t0, codeGet, encodeGet(get{6, 10, false})) // one too many
	mustRecv(t, x, t0, codePeers, encodePeers(5, nil))
	x.Up(at(time.Second), mate, false)
	n := x.Advance(at(time.Second))
	if len(n.Jobs) != 1 || len(n.Wants) != 1 || n.Wants[0].Req != 5 {
		t.Fatalf("%+v", n)
	}
	if h := run(x, at(time.Second), n.Jobs).Heard; len(h) != 1 || !h[0].Own {
		t.Errorf("%+v", h)
	}
	x.Down(at(time.Second), mate)
	for i := range 100 {
		_, _ = x.Recv(at(time.Second), key(10+i).ID(), codeHello, make([]byte, earlyBytes))
	}
	if x.early.Len() != earlyMax || x.Deadline() != at(time.Second+earlyFor) {
		t.Errorf("%d kept, deadline %v", x.early.Len(), x.Deadline())
	}
	x.Up(at(time.Second), key(10).ID(), false)
	if len(d.drops) != 1 || !errors.Is(d.drops[0], ErrMalformed) {
		t.Errorf("early nonsense: drops %v", d.drops)
	}
	x.Down(at(time.Second), key(10).ID())
	x.Advance(at(time.Second + earlyFor))
	if residue(x) != 0 || !x.Deadline().IsZero() {
		t.Error("residue")
	}
}

func TestMalformed(t *testing.T) {
	list := func(items ...[]byte) []byte {
		var p []byte
		for _, i := range items {
			p = append(p, i...)
		}
		return rlp.AppendList(nil, p)
	}
	num := func(v uint64) []byte { return rlp.AppendUint(nil, v) }
	r := record(10, 1).Bytes()
	var crowd [][]byte
	for range recordsMax + 1 {
		crowd = append(crowd, r)
	}
	for _, c := range []struct {
		name string
		code uint64
		data []byte
	}{
		{"unknown code", 3, list()},
		{"large code", 1 << 63, nil},
		{"hello of nothing", codeHello, nil},
		{"hello without a record", codeHello, list()},
		{"hello with two", codeHello, list(r, r)},
		{"hello with a string", codeHello, list(num(1))},
		{"hello and a byte", codeHello, append(list(r), 0)},
		{"hello above 300 bytes", codeHello, list(list(make([]byte, 300)))},
		{"get without max", codeGet, list(num(1))},
		{"get with more", codeGet, list(num(1), num(1), num(1), num(1))},
		{"get with a flag that nobody knows", codeGet, list(num(1), num(1), num(2))},
		{"get with no flag", codeGet, list(num(1), num(1), num(0))},
		{"get with a list of flags", codeGet, list(num(1), num(1), list())},
		{"get for nothing", codeGet, list(num(1), num(0))},
		{"get with a leading zero", codeGet, list([]byte{0x82, 0, 1}, num(1))},
		{"peers without a list", codePeers, list(num(1))},
		{"peers with a string", codePeers, list(num(1), num(1))},
		{"peers with more", codePeers, list(num(1), list(), num(1))},
		{"peers with a bad record", codePeers, list(num(1), list(r, list()))},
		{"peers with a string among records", codePeers, list(num(1), list(r, num(5)))},
		{"peers with 251 items", codePeers, list(num(1), list(crowd...))},
		{"above 64 KiB", codePeers, list(make([]byte, bytesMax))},
	} {
		x, _ := newPex(Config{})
		x.Up(t0, mate, false)
		before := *x.peers.Values()[0]
		n, err := x.Recv(t0, mate, c.code, c.data)
		if !errors.Is(err, ErrMalformed) || len(n.Jobs)+len(n.Wants)+len(n.Heard) > 0 {
			t.Errorf("%s: %v, %+v", c.name, err, n)
		}
		if *x.peers.Values()[0] != before {
			t.Errorf("%s: left a trace", c.name)
		}
	}
}

// A record of another identity scheme is not ours to judge.
func TestOtherScheme(t *testing.T) {
	content := rlp.AppendUint(nil, 1)
	content = rlp.AppendString(rlp.AppendString(content, "id"), "v9")
	other := rlp.AppendList(nil, append(rlp.AppendBytes(nil, make([]byte, 8)), content...))
	x, _ := newPex(Config{})
	x.Up(t0, mate, false)
	if n := mustRecv(t, x, t0, codeHello, rlp.AppendList(nil, other)); len(n.Jobs) != 0 {
		t.Error("verified")
	}
	peers := rlp.AppendList(nil, rlp.AppendList(rlp.AppendUint(nil, 1), append(other, record(10, 1).Bytes()...)))
	if n := run(x, t0, mustRecv(t, x, t0, codePeers, peers).Jobs); len(n.Heard) != 1 || len(n.Heard[0].Records) != 1 {
		t.Errorf("%+v", n)
	}
}
