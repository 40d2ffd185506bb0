package peer

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

var (
	t0   = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	self = id.ID{0: 0x80}
	low  = id.ID{0: 0x10} // smaller than self
	high = id.ID{0: 0xf0} // larger than self
)

const (
	gossip link.Lane = iota
	chat
	echo
)

func protocols() []link.Protocol {
	return []link.Protocol{
		gossip: {Name: "gossip", Bare: true},
		chat:   {Name: "chat", Version: 1, Length: 4},
		echo:   {Name: "echo", Version: 1, Length: 8, BytesMax: 16 << 20},
	}
}

func newTable(cfg Config) *Table {
	cfg.Self, cfg.Protocols = self, protocols()
	return New(cfg)
}

func info(who id.ID, dir link.Direction, lanes ...link.Lane) link.Info {
	out := link.Info{ID: who, Dir: dir, Kind: link.Mem}
	for _, l := range lanes {
		out.Lanes = append(out.Lanes, link.LaneInfo{Lane: l, Stream: "/test"})
	}
	return out
}

func mustSend(t testing.TB, tab *Table, to id.ID, l link.Lane, data string, pressing bool) {
	t.Helper()
	if err := tab.Send(t0, to, l, 0, []byte(data), pressing); err != nil {
		t.Fatalf("Send(%q): %v", data, err)
	}
}

// One link per identity: who stays is decided by key and age.
func TestTieBreak(t *testing.T) {
	const race, late = time.Second, simultaneousWithin + time.Second
	tests := []struct {
		name        string
		who         id.ID
		first, then link.Direction
		apart       time.Duration
		newer       bool // the second link stays
	}{
		{"race, remote smaller, remote dialled second", low, link.Out, link.In, race, true},
		{"race, remote smaller, remote dialled first", low, link.In, link.Out, race, false},
		{"race, we are smaller, we dialled second", high, link.In, link.Out, race, true},
		{"race, we are smaller, we dialled first", high, link.Out, link.In, race, false},
		{"race, both dialled by us", high, link.Out, link.Out, race, false},
		{"race, both dialled by them", low, link.In, link.In, race, false},
		{"later, both dialled by them: they restarted", low, link.In, link.In, late, true},
		{"later, dialled by the larger: it restarted", high, link.Out, link.In, late, true},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			tab := newTable(Config{})
			if v := tab.Add(t0, 1, info(tc.who, tc.first)); !v.Kept {
				t.Fatalf("first link refused: %v", v.Reason)
			}
			old, _ := tab.ByID(tc.who)
			v := tab.Add(t0.Add(tc.apart), 2, info(tc.who, tc.then))
			wantClosed, wantStays := link.Conn(2), link.Conn(1)
			if tc.newer {
				wantClosed, wantStays = 1, 2
				if v.Old != old {
					t.Errorf("verdict %+v does not name the replaced link", v)
				}
			}
			if v.Kept != tc.newer {
				t.Fatalf("kept = %v, want %v", v.Kept, tc.newer)
			}
			if !v.Kept && v.Reason != link.AlreadyConnected {
				t.Errorf("reason %v", v.Reason)
			}
			closes := tab.TakeCloses()
			if len(closes) != 1 || closes[0] != (Close{wantClosed, link.AlreadyConnected}) {
				t.Errorf("closes %v, want link %d", closes, wantClosed)
			}
			p, ok := tab.ByID(tc.who)
			if !ok || p.Conn() != wantStays || tab.Len() != 1 {
				t.Errorf("table holds %v, want link %d alone", p, wantStays)
			}
			if _, ok := tab.ByConn(wantClosed); ok {
				t.Error("the closed link is still known")
			}
			if tab.Remove(t0, wantClosed, nil) {
				t.Error("the closed link's end took a peer away")
			}
		})
	}
}

// Both ends, deciding apart, keep the same one of two links.
func TestTieBreakAgrees(t *testing.T) {
	a, b := low, high
	for _, dirs := range [][2]link.Direction{{link.Out, link.In}, {link.In, link.Out}, {link.In, link.In}, {link.Out, link.Out}} {
		for _, apart := range []time.Duration{0, time.Second, time.Minute} {
			flip := map[link.Direction]link.Direction{link.In: link.Out, link.Out: link.In}
			ta, tb := New(Config{Self: a}), New(Config{Self: b})
			for i, d := range dirs {
				at := t0.Add(time.Duration(i) * apart)
				ta.Add(at, link.Conn(i+1), info(b, d))
				tb.Add(at, link.Conn(i+1), info(a, flip[d]))
			}
			pa, _ := ta.ByID(b)
			pb, _ := tb.ByID(a)
			if pa.Conn() != pb.Conn() {
				t.Errorf("dirs %v apart %v: one end keeps link %d, the other %d", dirs, apart, pa.Conn(), pb.Conn())
			}
		}
	}
}

func TestRefusals(t *testing.T) {
	tab := newTable(Config{PeersMax: 1})
	if v := tab.Add(t0, 1, info(self, link.In)); v.Kept || v.Reason != link.Self {
		t.Errorf("a link to ourselves: %+v", v)
	}
	tab.Add(t0, 2, info(low, link.In))
	if v := tab.Add(t0, 3, info(high, link.In)); v.Kept || v.Reason != link.TooManyPeers {
		t.Errorf("a link beyond PeersMax: %+v", v)
	}
	tab.Refuse(t0, 4, link.Useless)
	want := []Close{{1, link.Self}, {3, link.TooManyPeers}, {4, link.Useless}}
	got := tab.TakeCloses()
	if len(got) != len(want) {
		t.Fatalf("closes %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("closes %v, want %v", got, want)
		}
	}
	if len(tab.TakeCloses()) != 0 {
		t.Error("closes are handed out twice")
	}
}

// Rule: Q6
func TestSendErrors(t *testing.T) {
	tab := newTable(Config{QueueMsgs: 8})
	tab.Add(t0, 1, info(low, link.Out, gossip, chat))
	big := make([]byte, link.DefaultBytesMax+1)
	tests := []struct {
		name string
		to   id.ID
		lane link.Lane
		code uint64
		data []byte
		want error
	}{
		{"stranger", high, gossip, 0, nil, ErrNotConnected},
		{"lane the peer has not", low, echo, 0, nil, ErrNoLane},
		{"too large", low, chat, 0, big, ErrTooLarge},
		{"code beyond the protocol", low, chat, 4, nil, ErrCode},
		{"a bare lane has no codes", low, gossip, 99, nil, nil},
		{"fine", low, chat, 3, nil, nil},
	}
	for _, tc := range tests {
		if err := tab.Send(t0, tc.to, tc.lane, tc.code, tc.data, false); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", tc.name, err, tc.want)
		}
	}
}

func TestReadyIsToldOnce(t *testing.T) {
	tab := newTable(Config{})
	tab.Add(t0, 1, info(low, link.Out, gossip, chat))
	mustSend(t, tab, low, gossip, "a", false)
	mustSend(t, tab, low, gossip, "b", false)
	if got := tab.TakeReady(); len(got) != 1 || got[0] != 1 {
		t.Fatalf("ready %v, want [1]", got)
	}
	// All that waits is on a busy lane: the writer sleeps, and is woken by what can go.
	if _, ok := tab.Next(t0, 1, link.LaneSet(0).With(gossip)); ok {
		t.Fatal("a busy lane was served")
	}
	mustSend(t, tab, low, chat, "c", false)
	if got := tab.TakeReady(); len(got) != 1 {
		t.Fatalf("ready %v after a message on a free lane, want [1]", got)
	}
	if m, ok := tab.Next(t0, 1, link.LaneSet(0).With(gossip)); !ok || m.Lane != chat {
		t.Fatalf("got %v %v, want the chat message", m, ok)
	}
	mustSend(t, tab, low, gossip, "d", false)
	if got := tab.TakeReady(); len(got) != 0 {
		t.Fatalf("ready %v while the writer works", got)
	}
}

// Urgent messages pass ordinary ones, but not for ever.
// Rule: Q4
func TestUrgentFirstWithinBounds(t *testing.T) {
	tab := newTable(Config{})
	tab.Add(t0, 1, info(low, link.Out, gossip, chat))
	for range 100 {
		mustSend(t, tab, low, gossip, "o", false)
		mustSend(t, tab, low, gossip, "u", true)
	}
	run, longest, ordinarySeen := 0, 0, 0
	for range 117 { // 100 urgent ones and what they let pass
		m, ok := tab.Next(t0, 1, 0)
		if !ok {
			t.Fatal("queue ran dry")
		}
		if string(m.Data) == "u" {
			run++
			longest = max(longest, run)
			continue
		}
		run = 0
		ordinarySeen++
	}
	if longest != urgentRunMax {
		t.Errorf("longest run of urgent messages %d, want %d", longest, urgentRunMax)
	}
	if ordinarySeen < 6 {
		t.Errorf("%d ordinary messages passed, want at least 6", ordinarySeen)
	}
}

func TestUrgentTakesOldestOrdinaryOnBareLane(t *testing.T) {
	var refused, evicted int64
	tab := newTable(Config{QueueMsgs: 8, Trace: func(_ time.Time, e trace.Event) { // six per lane
		switch e.Kind {
		case "queue_full":
			refused++
		case "evicted":
			evicted += e.N
		}
	}})
	tab.Add(t0, 1, info(low, link.Out, gossip, chat))
	for _, s := range []string{"0", "1", "2", "3", "4", "5"} {
		mustSend(t, tab, low, gossip, s, false)
	}
	if err := tab.Send(t0, low, gossip, 0, []byte("6"), false); !errors.Is(err, ErrQueueFull) {
		t.Fatalf("seventh ordinary message: %v", err)
	}
	mustSend(t, tab, low, gossip, "u", true)
	var got string
	for m, ok := tab.Next(t0, 1, 0); ok; m, ok = tab.Next(t0, 1, 0) {
		got += string(m.Data)
	}
	if got != "u12345" {
		t.Errorf("went out %q, want the urgent one and all but the oldest", got)
	}
	// A lane with codes never loses what it accepted.
	for range 6 {
		mustSend(t, tab, low, chat, "c", false)
	}
	if err := tab.Send(t0, low, chat, 0, nil, true); !errors.Is(err, ErrQueueFull) {
		t.Errorf("urgent message on a full coded lane: %v", err)
	}
	if evicted != 1 || refused != 2 {
		t.Errorf("evicted %d, refused %d; want 1, 2", evicted, refused)
	}
}

func TestStalledLinkIsDropped(t *testing.T) {
	tab := newTable(Config{})
	tab.Add(t0, 1, info(low, link.Out, gossip, chat))
	send := func(after time.Duration) error {
		return tab.Send(t0.Add(after), low, gossip, 0, []byte("x"), false)
	}
	for _, after := range []time.Duration{0, 10 * time.Second, 19 * time.Second} {
		if err := send(after); err != nil {
			t.Fatalf("after %v: %v", after, err)
		}
	}
	tab.Next(t0.Add(19*time.Second), 1, 0) // it moved after all
	if err := send(30 * time.Second); err != nil {
		t.Fatalf("a link that moves was dropped: %v", err)
	}
	if err := send(51 * time.Second); !errors.Is(err, ErrNotConnected) {
		t.Fatalf("21 s without progress: %v", err)
	}
	if got := tab.TakeCloses(); len(got) != 1 || got[0].Reason != link.Timeout {
		t.Errorf("closes %v", got)
	}
}

func TestDrop(t *testing.T) {
	tab := newTable(Config{})
	tab.Add(t0, 1, info(low, link.In, gossip))
	mustSend(t, tab, low, gossip, "x", false)
	tab.Drop(t0, low, link.Breach)
	tab.Drop(t0, low, link.Useless)
	tab.Drop(t0, high, link.Useless)
	if got := tab.TakeCloses(); len(got) != 1 || got[0] != (Close{1, link.Breach}) {
		t.Errorf("closes %v, want one for breach", got)
	}
	if err := tab.Send(t0, low, gossip, 0, nil, false); !errors.Is(err, ErrNotConnected) {
		t.Errorf("Send to a dropped peer: %v", err)
	}
	if _, ok := tab.Next(t0, 1, 0); ok {
		t.Error("a dropped peer's queue is still written")
	}
	if len(tab.TakeReady()) != 0 {
		t.Error("a dropped peer is ready")
	}
	if _, err := tab.Recv(1, link.Msg{Lane: gossip}); !errors.Is(err, ErrNotConnected) {
		t.Errorf("Recv from a dropped peer: %v", err)
	}
	if v := tab.Add(t0, 2, info(low, link.In)); !v.Kept || v.Old == nil || v.Old.Conn() != 1 {
		t.Errorf("a new link beside a dropped one: %+v", v)
	}
	if got := tab.TakeCloses(); len(got) != 0 {
		t.Errorf("the dropped link is closed twice: %v", got)
	}
}

func TestB3LanesComeAndGo(t *testing.T) {
	tab := newTable(Config{})
	tab.Add(t0, 1, info(low, link.In, chat))
	p, _ := tab.ByConn(1)
	if !tab.Open(1, gossip, "/meshsub/1.1.0") || tab.Open(1, gossip, "/meshsub/1.0.0") || tab.Open(1, 40, "/x") || tab.Open(9, gossip, "/x") {
		t.Error("Open")
	}
	if s, ok := p.Lane(gossip); !ok || s != "/meshsub/1.0.0" {
		t.Errorf("lane says %q %v", s, ok)
	}
	if p.Lanes() != link.LaneSet(0).With(gossip).With(chat) {
		t.Errorf("lanes %b", p.Lanes())
	}
	mustSend(t, tab, low, gossip, "g", false)
	mustSend(t, tab, low, chat, "c", false)
	if !tab.Shut(t0, 1, gossip) || tab.Shut(t0, 1, gossip) {
		t.Error("Shut")
	}
	if m, ok := tab.Next(t0, 1, 0); !ok || m.Lane != chat {
		t.Errorf("got %v %v, want the chat message", m, ok)
	}
	if n, b := p.Queued(); n != 0 || b != 0 || tab.bytes != 0 {
		t.Errorf("%d messages, %d bytes left after Shut", n, b)
	}
	if _, err := tab.Recv(1, link.Msg{Lane: chat, Code: 4}); !errors.Is(err, ErrCode) {
		t.Errorf("Recv of a code beyond the protocol: %v", err)
	}
}

// After Remove nothing of a peer remains, whatever waited for it.
func TestResidue(t *testing.T) {
	tab := newTable(Config{})
	for i := range 100 {
		who := id.ID{1: byte(i), 2: 1}
		tab.Add(t0, link.Conn(i+1), info(who, link.In, gossip, chat))
		for range 50 {
			mustSend(t, tab, who, gossip, "x", i%2 == 0)
		}
		if i%3 == 0 {
			tab.Drop(t0, who, link.Useless)
		}
	}
	for i := range 100 {
		tab.Remove(t0, link.Conn(i+1), nil)
	}
	tab.TakeCloses()
	if got := tab.TakeReady(); len(got) != 0 {
		t.Errorf("gone links are ready: %v", got)
	}
	if tab.Len() != 0 || tab.conns.Len() != 0 || tab.bytes != 0 || tab.spare.n > freeItemsMax || tab.closes != nil || tab.ready != nil {
		t.Errorf("left behind: %d peers, %d bytes, %d spare items", tab.Len(), tab.bytes, tab.spare.n)
	}
}

// A frame that waits for many peers is one buffer.
// Rule: F7
func TestSharedBufferIsNotCopied(t *testing.T) {
	tab := newTable(Config{})
	frame := []byte("one frame for all")
	for i := range 10 {
		who := id.ID{1: byte(i), 2: 1}
		tab.Add(t0, link.Conn(i+1), info(who, link.In, gossip))
		if err := tab.Send(t0, who, gossip, 0, frame, false); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 10 {
		m, ok := tab.Next(t0, link.Conn(i+1), 0)
		if !ok || &m.Data[0] != &frame[0] {
			t.Fatal("the frame was copied")
		}
	}
}

func TestIdlePeerIsLean(t *testing.T) {
	const n = 10_000
	var before, after runtime.MemStats
	tab := newTable(Config{PeersMax: n})
	shared := info(low, link.In, gossip, chat, echo)
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range n {
		in := shared
		in.ID = id.ID{1: byte(i), 2: byte(i >> 8), 3: 1}
		tab.Add(t0, link.Conn(i+1), in)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := (after.HeapAlloc - before.HeapAlloc) / n
	t.Logf("%d bytes each", each)
	if each >= 1024 {
		t.Errorf("an idle peer costs %d bytes, want below 1024", each)
	}
	runtime.KeepAlive(tab)
}
