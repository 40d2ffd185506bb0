package discv5

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/discv5/wire"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/kad"
)

// echoes makes both machines answer with what they were asked.
func echoes(t *testing.T, all ...*machine) {
	for _, m := range all {
		if err := m.Register("echo"); err != nil {
			t.Fatal(err)
		}
		m.serve = func(r Request) ([]byte, bool) { return r.Body, true }
	}
}

// Both sides start at once: both handshakes go through, nothing is lost, and both keys
// are good from then on (sigp/discv5 issue 122).
func TestBothAtOnce(t *testing.T) {
	for _, working := range []time.Duration{0, time.Millisecond, 20 * time.Millisecond} {
		w := newWorld(t, 21)
		w.working = working
		a, b := w.add(0, public(0)), w.add(1, public(1))
		echoes(t, a, b)
		for round := range 20 {
			x, y := a.talk(b, "echo", []byte("from a")), b.talk(a, "echo", []byte("from b"))
			if got := a.answer(x); string(got.Body) != "from a" {
				t.Fatalf("round %d: %+v", round, got)
			}
			if got := b.answer(y); string(got.Body) != "from b" {
				t.Fatalf("round %d: %+v", round, got)
			}
			w.run(time.Second)
		}
		if n := a.stats.Challenges + b.stats.Challenges; n > 2 {
			t.Errorf("jobs of %v: %d challenges, want at most two", working, n)
		}
		if a.stats.Timeouts+b.stats.Timeouts > 0 {
			t.Errorf("jobs of %v: %d timeouts", working, a.stats.Timeouts+b.stats.Timeouts)
		}
	}
}

// The same when both have lost the session, each in its own way.
func TestBothLost(t *testing.T) {
	w := newWorld(t, 31)
	a, b := w.add(0, public(0)), w.add(1, public(1))
	echoes(t, a, b)
	a.answer(a.talk(b, "echo", nil))
	for round := range 20 {
		w.run(10 * time.Second)
		for _, m := range []*machine{a, b} {
			switch s := m.only(); w.rng.IntN(3) {
			case 0:
				m.restart()
			case 1:
				var junk wire.Keys
				junk.Initiator[0], junk.Recipient[1] = byte(round), byte(m.addr.Port())
				s.keys = [keysKept]keys{{Session: wire.Real.Session(junk, m.self, s.who, true), since: w.now, used: w.now}}
				s.n, s.hot = 1, 0
			}
		}
		x, y := a.talk(b, "echo", []byte("from a")), b.talk(a, "echo", []byte("from b"))
		if got := a.answer(x); got.Err != nil {
			t.Fatalf("round %d: %+v", round, got)
		}
		if got := b.answer(y); got.Err != nil {
			t.Fatalf("round %d: %+v", round, got)
		}
	}
}

// While a challenge is out, further packets of the same node get the same bytes
// (go-ethereum issues 31356 and 31543).
func TestSameChallenge(t *testing.T) {
	w := newWorld(t, 22)
	b := w.add(0, public(0))
	k := testKey(5)
	mask := wire.Real.Mask(b.key.ID())
	var got [][]byte
	w.tap = func(_, _ netip.AddrPort, p []byte) bool { got = append(got, bytes.Clone(p)); return false }
	send := func() {
		p, _ := wire.AppendRandom(nil, w.rng, k.ID(), mask)
		b.take(b.Packet(w.now, public(5), p))
	}
	send()
	w.run(500 * time.Millisecond)
	send()
	w.run(600 * time.Millisecond)
	send()
	if len(got) != 3 || !bytes.Equal(got[0], got[1]) || bytes.Equal(got[1], got[2]) {
		t.Errorf("%d packets, the second and third the same: %v, the first two: %v", len(got), bytes.Equal(got[1], got[2]), bytes.Equal(got[0], got[1]))
	}
}

// A peer that restarts in mid-traffic has lost the session: requests go on, and so do
// packets that nobody waits for, one of them in the handshake itself.
func TestRestart(t *testing.T) {
	w := newWorld(t, 23)
	a, b := w.add(0, public(0)), w.add(1, public(1))
	echoes(t, b)
	if err := b.Hear("utp"); err != nil {
		t.Fatal(err)
	}
	a.answer(a.talk(b, "echo", nil))
	failed := 0
	var ticks []id.Ticket
	for i := range 300 {
		ticks = append(ticks, a.talk(b, "echo", binary.BigEndian.AppendUint32(nil, uint32(i))))
		if i%100 == 50 {
			b.restart()
		}
		w.run(3 * time.Millisecond)
	}
	for i, tick := range ticks {
		if got := a.answer(tick); got.Err != nil {
			failed++
		} else if binary.BigEndian.Uint32(got.Body) != uint32(i) {
			t.Fatalf("request %d: %x", i, got.Body)
		}
	}
	if failed > 0 {
		t.Errorf("%d of 300 requests failed over three restarts", failed)
	}

	for _, size := range []int{20, 900, 1150} {
		b.restart()
		b.requests = nil
		for i := range 30 {
			body := make([]byte, size)
			body[0] = byte(i)
			if err := a.tellTo(b, "utp", body); err != nil {
				t.Fatal(err)
			}
			w.run(time.Millisecond)
		}
		w.run(time.Second)
		told := map[byte]bool{}
		for _, r := range b.requests {
			told[r.Body[0]] = true
		}
		// Those of 30 kept packets that come to the same of 256 places are lost.
		if !told[0] || len(told) < 27 {
			t.Errorf("%d bytes: %d of 30 packets came, the first: %v", size, len(told), told[0])
		}
	}
}

// A machine that keeps few sessions evicts those that were used least lately, not those
// that are waited on, and goes on with everybody.
func TestEviction(t *testing.T) {
	w := newWorld(t, 24)
	b := w.add(0, public(0), func(c *Config) { c.Sessions = 4 })
	echoes(t, b)
	var all []*machine
	for i := range 10 {
		all = append(all, w.add(i+1, public(i+1)))
	}
	for round := range 3 {
		for _, m := range all {
			if got := m.answer(m.talk(b, "echo", []byte("x"))); got.Err != nil {
				t.Fatalf("round %d: %v", round, got.Err)
			}
		}
	}
	w.run(time.Minute)
	if n := len(b.sessions.by); n > 4 {
		t.Errorf("%d sessions, want 4", n)
	}
	if len(b.sessions.newest) > 4 || len(b.sessions.hosts) > 4 {
		t.Errorf("%d by ID, %d by host", len(b.sessions.newest), len(b.sessions.hosts))
	}
	// The other way: packets that are told survive it, too.
	if err := all[0].Hear("utp"); err != nil {
		t.Fatal(err)
	}
	b.answer(b.talk(all[0], "none", nil))
	for _, m := range all[1:] {
		b.answer(b.ping(m))
	}
	if b.sessions.by[place{all[0].key.ID(), all[0].addr}] != nil {
		t.Fatal("still there")
	}
	b.table.Add(w.now, all[0].cfg.Record, kad.Told)
	if err := b.tellTo(all[0], "utp", make([]byte, 1100)); err != nil {
		t.Fatal(err)
	}
	w.run(time.Second)
	if len(all[0].requests) != 1 {
		t.Errorf("%d packets came", len(all[0].requests))
	}
}

// A request that does not fit into the handshake goes behind a PING; what fits into no
// packet is refused at once, with an error of its own.
func TestSizes(t *testing.T) {
	w := newWorld(t, 25)
	a, b := w.add(0, public(0)), w.add(1, public(1))
	if err := b.Register("ab"); err != nil {
		t.Fatal(err)
	}
	b.serve = func(r Request) ([]byte, bool) { return r.Body, true }
	if wire.TalkRequestMax("ab") != TalkMax {
		t.Errorf("TalkMax is %d, and the wire says %d", TalkMax, wire.TalkRequestMax("ab"))
	}
	for _, size := range []int{0, 1, 775, 935, 1000, TalkMax} {
		a.Remove(w.now, b.key.ID())
		b.Remove(w.now, a.key.ID())
		body := bytes.Repeat([]byte{7}, size)
		if got := a.answer(a.talk(b, "ab", body)); got.Err != nil || !bytes.Equal(got.Body, body) {
			t.Errorf("%d bytes: %d came back, %v", size, len(got.Body), got.Err)
		}
		w.run(10 * time.Second)
	}
	tick := a.talk(b, "ab", make([]byte, TalkMax+1))
	if got, ok := a.answers[tick]; !ok || !errors.Is(got.Err, ErrTooLarge) {
		t.Errorf("too large: %v, %+v", ok, got)
	}
	if err := a.tellTo(b, "ab", make([]byte, TalkMax+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("told: %v", err)
	}
	b.serve = nil
	b.requests = nil
	tick = a.talk(b, "ab", nil)
	w.run(20 * time.Millisecond)
	if err := b.Reply(w.now, b.requests[0].N, make([]byte, ReplyMax+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("reply: %v", err)
	}
	if got := a.answer(tick); got.Err != nil || len(got.Body) != 0 {
		t.Errorf("answered with %+v", got)
	}
}

// Over a line that loses, doubles and reorders, what can be asked is answered, and no
// answer is another's.
func TestBadLine(t *testing.T) {
	w := newWorld(t, 26)
	w.delay, w.jitter, w.loss, w.twice = 10*time.Millisecond, 40*time.Millisecond, 0.1, 0.1
	a, b := w.add(0, public(0)), w.add(1, public(1))
	echoes(t, a, b)
	ticks := map[*machine][]id.Ticket{}
	for i := range 500 {
		body := binary.BigEndian.AppendUint32(nil, uint32(i))
		ticks[a] = append(ticks[a], a.talk(b, "echo", body))
		ticks[b] = append(ticks[b], b.talk(a, "echo", body))
		w.run(10 * time.Millisecond)
	}
	w.run(10 * time.Second)
	for m, all := range ticks {
		failed := 0
		for i, tick := range all {
			got, ok := m.answers[tick]
			switch {
			case !ok:
				t.Fatalf("%d has no outcome", i)
			case got.Err != nil:
				failed++
			case binary.BigEndian.Uint32(got.Body) != uint32(i):
				t.Fatalf("%d answered with %x", i, got.Body)
			}
		}
		// Twice lost: 0.19 squared.
		if failed > 500*8/100 {
			t.Errorf("%d of 500 failed", failed)
		}
		m.empty()
	}
}

// empty checks that no request has left anything.
func (m *machine) empty() {
	m.w.tb.Helper()
	if len(m.calls)+len(m.nonces)+len(m.timers)+len(m.initiations)+len(m.responses)+len(m.responding)+len(m.siftings)+m.held+m.talks.open+len(m.talks.queue) != 0 {
		m.w.tb.Errorf("left: %d calls, %d nonces, %d timers, %d and %d handshakes, %d answers, %d held, %d talks, %d queued", len(m.calls), len(m.nonces),
			len(m.timers), len(m.initiations), len(m.responses), len(m.siftings), m.held, m.talks.open, len(m.talks.queue))
	}
	for _, s := range m.sessions.by {
		if !s.idle() {
			m.w.tb.Errorf("session with %v: %d calls, %d open, %d queued, %d wait, shake %d", s.at, s.calls, s.open, s.queued, len(s.waiting), s.shake.state)
		}
	}
}

// Nobody answers: the request is sent twice and fails, and nothing is left.
func TestNobody(t *testing.T) {
	w := newWorld(t, 27)
	a := w.add(0, public(0))
	gone := testRecord(t, testKey(77), public(7), 1)
	sent := 0
	w.tap = func(_, to netip.AddrPort, p []byte) bool { sent++; return false }
	var ticks []id.Ticket
	for range 5 {
		tick := a.next.Next()
		a.take(a.Talk(w.now, tick, gone, "x", nil))
		ticks = append(ticks, tick)
	}
	w.run(3 * time.Second)
	for _, tick := range ticks {
		if got := a.answers[tick]; !errors.Is(got.Err, ErrTimeout) || got.From != gone.ID() {
			t.Errorf("%+v", got)
		}
	}
	if sent != tries {
		t.Errorf("%d packets, want %d", sent, tries)
	}
	a.empty()
	if len(a.sessions.by) != 0 {
		t.Errorf("%d sessions", len(a.sessions.by))
	}
}

// A protocol may take its time with TALK in a session, up to talkWithin; PING is discv5's
// own matter and ends after answerFor, twice.
func TestLateAnswer(t *testing.T) {
	for _, x := range []struct {
		after    time.Duration
		ask      string
		answered bool
	}{{1500 * time.Millisecond, "talk", true}, {talkWithin + time.Millisecond, "talk", false}, {1001 * time.Millisecond, "ping", false}} {
		w := newWorld(t, 35)
		a, b := w.add(0, public(0)), w.add(1, public(1))
		echoes(t, a, b)
		a.answer(a.talk(b, "echo", nil))
		w.run(time.Second)
		var late, sent [][]byte
		w.tap = func(from, _ netip.AddrPort, p []byte) bool {
			if from == b.addr {
				late = append(late, bytes.Clone(p))
				return false
			}
			sent = append(sent, p)
			return true
		}
		var tick id.Ticket
		if x.ask == "talk" {
			tick = a.talk(b, "echo", []byte("late"))
		} else {
			tick = a.ping(b)
		}
		w.run(x.after)
		a.take(a.Packet(w.now, b.addr, late[0]))
		if got := a.answers[tick]; (got.Err == nil && got.From == b.key.ID()) != x.answered {
			t.Errorf("%s after %v: %+v", x.ask, x.after, got)
		}
		if len(sent) != tries {
			t.Errorf("%s: %d packets, want %d", x.ask, len(sent), tries)
		}
		w.tap = nil
		w.run(time.Second)
		a.empty()
	}
}

// Requests beyond what may be under way fail at once, and so do those to nobody.
func TestRefusals(t *testing.T) {
	w := newWorld(t, 28)
	a, b := w.add(0, public(0)), w.add(1, public(1))
	b.down = true
	busy := 0
	for range callsEach + 10 {
		if got, ok := a.answers[a.talk(b, "x", nil)]; ok && errors.Is(got.Err, ErrBusy) {
			busy++
		}
	}
	if busy != callsEach+10-waitingEach-1 {
		t.Errorf("%d refused", busy)
	}
	blank, err := enr.Builder{Seq: 1}.Sign(testKey(9))
	if err != nil {
		t.Fatal(err)
	}
	for want, r := range map[error]*enr.Record{ErrSelf: a.cfg.Record, ErrNoAddress: blank, ErrUnknown: nil} {
		tick := a.next.Next()
		a.take(a.Ping(w.now, tick, r))
		if got := a.answers[tick]; !errors.Is(got.Err, want) {
			t.Errorf("%v, want %v", got.Err, want)
		}
	}
	if err := a.Tell(w.now, testKey(99).ID(), public(9), "x", nil); !errors.Is(err, ErrUnknown) {
		t.Errorf("told: %v", err)
	}
	a.take(a.Stop(w.now))
	a.empty()
	if got := a.answers[a.talk(b, "x", nil)]; !errors.Is(got.Err, ErrStopped) {
		t.Errorf("stopped: %v", got.Err)
	}
	if !a.Deadline().IsZero() {
		t.Error("a machine that stands still has a deadline")
	}
	w.run(time.Second)
	b.down = false
	a.take(a.Start(w.now))
	if got := a.answer(a.ping(b)); got.Err != nil {
		t.Errorf("after a new start: %v", got.Err)
	}
}

// A node that says it has a newer record is asked for it, and the table has it then;
// who shakes hands learns of ours in the handshake.
func TestRecordUpdate(t *testing.T) {
	w := newWorld(t, 29)
	a := w.add(0, public(0))
	b := w.add(1, public(1), func(c *Config) { c.Bootnodes = []*enr.Record{a.cfg.Record} })
	w.until(5*time.Second, func() bool { return a.Stats().Live == 1 && b.Stats().Live == 1 })
	newer := testRecord(t, b.key, b.addr, 7, enr.Pair{Key: "p", Value: []byte{1}})
	b.cfg.Record = newer
	b.take(b.SetRecord(w.now, newer))
	w.until(3*time.Minute, func() bool { r, ok := a.Get(b.key.ID()); return ok && r.Seq() == 7 })
	if e, ok := a.table.Get(b.key.ID()); !ok || e.Record.Seq() != 7 || !e.Live {
		t.Errorf("table: %+v", e)
	}
	if len(a.alive) != 1 || len(b.alive) != 1 {
		t.Errorf("alive: %d and %d, want one each", len(a.alive), len(b.alive))
	}
	if len(a.reports) == 0 || a.reports[0].Us != a.addr || a.reports[0].From != b.key.ID() {
		t.Errorf("reports: %+v", a.reports)
	}
	// Without a session the handshake brings the newer one.
	newest := testRecord(t, b.key, b.addr, 9)
	b.cfg.Record = newest
	b.take(b.SetRecord(w.now, newest))
	b.Remove(w.now, a.key.ID())
	a.Remove(w.now, b.key.ID())
	a.Add(w.now, newer)
	b.answer(b.talk(a, "none", nil))
	if r, ok := a.Get(b.key.ID()); !ok || r.Seq() != 9 {
		t.Error("the handshake brought no record")
	}
	newer = newest
	older := testRecord(t, b.key, b.addr, 3)
	b.take(b.SetRecord(w.now, older))
	if b.record != newer {
		t.Error("an older record took its place")
	}
}

// With networks to keep to, nobody else is listened to or written to.
func TestRestrict(t *testing.T) {
	w := newWorld(t, 30)
	only := netip.PrefixFrom(public(0).Addr(), 24).Masked()
	a := w.add(0, public(0), func(c *Config) { c.Restrict = append(c.Restrict, only) })
	b := w.add(1, public(1))
	w.tap = func(from, _ netip.AddrPort, _ []byte) bool {
		if from == a.addr {
			t.Error("written to")
		}
		return true
	}
	b.ping(a)
	if got := a.answers[a.ping(b)]; !errors.Is(got.Err, ErrNoAddress) {
		t.Errorf("%+v", got)
	}
	if a.Add(w.now, b.cfg.Record) {
		t.Error("taken into the table")
	}
	w.run(5 * time.Second)
}
