package hosts

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

var t0 = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func newBook(cfg Config) *Book { return New(cfg, rand.New(rand.NewPCG(1, 2))) }

func testKey(n int) *id.Key {
	var raw [32]byte
	binary.BigEndian.PutUint64(raw[24:], uint64(n)+1)
	k, err := id.KeyFromBytes(raw[:])
	if err != nil {
		panic(err)
	}
	return k
}

// testPeer is a peer ID without a key behind it, so that thousands cost nothing.
func testPeer(n int) id.PeerID {
	raw := make([]byte, 32)
	binary.BigEndian.PutUint64(raw, uint64(n))
	return id.PeerIDOf(id.Ed25519, raw)
}

func testAddr(n int, ip string) link.Addr {
	return link.MustAddr(fmt.Sprintf("/ip4/%s/tcp/4001/p2p/%s", ip, testPeer(n)))
}

func testRecord(n int, seq uint64, ip string, rope enr.Rope) *enr.Record {
	r, err := enr.Builder{Seq: seq, IP: netip.MustParseAddr(ip), Rope: &rope}.Sign(testKey(n))
	if err != nil {
		panic(err)
	}
	return r
}

func outInfo(a link.Addr) link.Info {
	return link.Info{ID: a.ID(), PeerID: a.PeerID(), Addr: a, Dir: link.Out}
}

func mustColour(t *testing.T, b *Book, who id.ID, want Colour) {
	t.Helper()
	h, _ := b.Get(who)
	if h.Colour != want {
		t.Fatalf("host is %q, want %q", h.Colour, want)
	}
}

// checkInvariants holds after any input.
func checkInvariants(t interface {
	Fatalf(string, ...any)
	Helper()
}, b *Book) {
	t.Helper()
	total := 0
	if n := len(b.lists[index(White)].elders); n != len(b.lists[index(White)].all) {
		t.Fatalf("%d elders of %d white", n, len(b.lists[index(White)].all))
	}
	if len(b.anchors) > AnchorsMax || len(b.contests) > contestsMax {
		t.Fatalf("%d anchors, %d contests", len(b.anchors), len(b.contests))
	}
	for _, x := range b.anchors {
		if e, ok := b.entries.Get(x); !ok || !e.Anchor || !e.Reached {
			t.Fatalf("anchor %s: %v", x.Short(), ok)
		}
	}
	maxOf := map[Colour]int{Grey: b.cfg.GreyMax, White: b.cfg.WhiteMax, Gold: b.cfg.GoldMax, Dark: b.cfg.DarkMax, Black: b.cfg.BansMax}
	for i, c := range Colours {
		n := len(b.lists[i].all)
		if n > maxOf[c] {
			t.Fatalf("%s: %d members, cap %d", c, n, maxOf[c])
		}
		total += n
		for at, e := range b.lists[i].all {
			if x, ok := b.entries.Get(e.ID); !ok || x != e || e.Colour != c || e.spot != at {
				t.Fatalf("%s stands in list %s", e.ID.Short(), c)
			}
			checkPlace(t, b, e)
		}
	}
	if total != b.entries.Len() {
		t.Fatalf("%d in lists, %d entries", total, b.entries.Len())
	}
	sources, ips, untried := map[string]int{}, map[netip.Addr]int{}, 0
	for _, e := range b.entries.All() {
		if e.Colour == Grey && e.LastTried.IsZero() {
			untried++
		}
		if e.Colour == Grey && !e.Reached {
			sources[e.Source]++
			ips[e.ip]++
		}
		if len(e.Addrs) == 0 || len(e.Addrs) > addrsMax || len(e.observed) > observedMax {
			t.Fatalf("host with %d addresses, %d observed", len(e.Addrs), len(e.observed))
		}
	}
	if untried != b.Untried() {
		t.Fatalf("%d hosts were never tried, counted %d", untried, b.Untried())
	}
	delete(sources, "")
	delete(ips, netip.Addr{})
	if len(sources) != b.sources.Len() || len(ips) != b.ips.Len() {
		t.Fatalf("quotas: %d sources, counted %d; %d IPs, counted %d", len(sources), b.sources.Len(), len(ips), b.ips.Len())
	}
	for s, n := range sources {
		if got, _ := b.sources.Get(s); got != n || n > b.cfg.SourceMax {
			t.Fatalf("source %s placed %d, counted %d", s, n, got)
		}
	}
	for ip, n := range ips {
		if got, _ := b.ips.Get(ip); got != n || n > perIPMax {
			t.Fatalf("%s has %d unproven hosts, counted %d", ip, n, got)
		}
	}
	if b.bans.len() > b.cfg.BansMax {
		t.Fatalf("%d bans", b.bans.len())
	}
}

// checkPlace sees that a host stands in one pool or rests, and in its bucket, which is
// not overfull.
func checkPlace(t interface {
	Fatalf(string, ...any)
	Helper()
}, b *Book, e *entry) {
	t.Helper()
	l := &b.lists[index(e.Colour)]
	if drawn, rests := e.crowd != nil, e.bed > 0; drawn == rests && dialled(e.Colour) || (drawn || rests) && !dialled(e.Colour) {
		t.Fatalf("%s %s: drawn %v, rests %v", e.Colour, e.ID.Short(), drawn, rests)
	}
	if e.crowd != nil && (e.crowd.members[e.seat] != e || e.crowd.pool != &l.pools[e.class()] || e.crowd.group != e.group) {
		t.Fatalf("%s %s is in a wrong pool", e.Colour, e.ID.Short())
	}
	if e.bed > 0 && (l.resting[e.bed-1] != e || e.bed > 1 && e.wakes.Before(l.resting[e.bed/2-1].wakes)) {
		t.Fatalf("%s %s rests at a wrong place", e.Colour, e.ID.Short())
	}
	if e.Colour == White && l.elders[l.elders.find(e)] != e {
		t.Fatalf("%s is no elder", e.ID.Short())
	}
	c := b.bucket(e.Colour, e)
	if c != e.bucket || c != nil && (c.members[e.cell] != e || c.max > 0 && len(c.members) > c.max) {
		t.Fatalf("%s %s is in a wrong or overfull bucket", e.Colour, e.ID.Short())
	}
}

// inColour makes a book that holds one host in a colour, by the ways of the code.
func inColour(t *testing.T, c Colour) (*Book, id.ID, *[]string) {
	t.Helper()
	var steps []string
	b := newBook(Config{Kinds: []link.Kind{link.LibP2P}, Trace: func(_ time.Time, e trace.Event) { steps = append(steps, e.Topic) }})
	a := testAddr(1, "8.1.1.1")
	if c == Dark {
		pub, _ := testKey(1).Public().Uncompressed()
		a = link.MustAddr(fmt.Sprintf("enode://%x@8.1.1.1:30303", pub))
	}
	who := a.ID()
	if c == None {
		return b, who, &steps
	}
	if err := b.HearAddr(t0, "src", a); err != nil {
		t.Fatal(err)
	}
	switch c {
	case White, Gold:
		if err := b.Move(t0, who, c); err != nil {
			t.Fatal(err)
		}
	case Black:
		if err := b.Ban(t0, OfID(who), time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	mustColour(t, b, who, c)
	return b, who, &steps
}

func TestMoveTableEveryPair(t *testing.T) {
	all := append([]Colour{None}, Colours[:]...)
	for _, from := range all {
		for _, to := range all {
			b, who, _ := inColour(t, from)
			err := b.Move(t0, who, to)
			want := from
			switch {
			case from == None: // unknown hosts come in by Hear, Seen and Load only
				if !errors.Is(err, ErrUnknown) {
					t.Errorf("%q → %q: %v, want ErrUnknown", from, to, err)
				}
			case !Legal(from, to):
				if !errors.Is(err, ErrMove) {
					t.Errorf("%q → %q: %v, want ErrMove", from, to, err)
				}
			default:
				if want = to; err != nil {
					t.Errorf("%q → %q: %v, want nil", from, to, err)
				}
			}
			if h, _ := b.Get(who); h.Colour != want {
				t.Errorf("%q → %q ended in %q, want %q", from, to, h.Colour, want)
			}
			if black := b.Banned(t0, who, link.Addr{}); black != (want == Black) {
				t.Errorf("%q → %q: banned %v", from, to, black)
			}
			checkInvariants(t, b)
		}
	}
}

func TestMoveTableThroughTheInputs(t *testing.T) {
	for _, c := range Colours {
		for _, in := range []struct {
			name string
			do   func(b *Book, who id.ID)
			want map[Colour]Colour
		}{
			{"failed", func(b *Book, who id.ID) { b.Tried(t0, who, false) }, map[Colour]Colour{White: Grey, Gold: Grey}},
			{"answered", func(b *Book, who id.ID) { b.Tried(t0, who, true) }, nil},
			{"put off", func(b *Book, who id.ID) { b.PutOff(t0, who) }, nil},
			{"ended", func(b *Book, who id.ID) { b.Ended(t0, who, time.Hour) }, map[Colour]Colour{Gold: Grey}},
			{"banned", func(b *Book, who id.ID) { _ = b.Ban(t0, OfID(who), 0) },
				map[Colour]Colour{Grey: Black, White: Black, Gold: Black, Dark: Black}},
			{"unbanned", func(b *Book, who id.ID) { b.Unban(t0, OfID(who)) }, map[Colour]Colour{Black: Grey}},
			{"aged", func(b *Book, _ id.ID) { b.Advance(t0.Add(DarkFor)) }, map[Colour]Colour{Dark: None, Black: Grey}},
		} {
			b, who, steps := inColour(t, c)
			in.do(b, who)
			want, ok := in.want[c]
			if !ok {
				want = c
			}
			mustColour(t, b, who, want)
			checkInvariants(t, b)
			for _, s := range *steps {
				if !legalText(s) {
					t.Errorf("%s while %s: step %s is not in the table", in.name, c, s)
				}
			}
		}
	}
}

func legalText(step string) bool {
	name := func(c Colour) string {
		if c == None {
			return "none"
		}
		return string(c)
	}
	for s := range Moves {
		if name(s.From)+"→"+name(s.To) == step {
			return true
		}
	}
	return false
}

func TestHearIsNewOnce(t *testing.T) {
	b := newBook(Config{Network: "alpha"})
	tag := enr.Rope{Network: enr.NetworkTag("alpha"), TCP: 4001, QUIC: 4001}
	if err := b.Hear(t0, "s", testRecord(1, 1, "8.1.1.1", tag)); err != nil {
		t.Fatal(err)
	}
	if err := b.Hear(t0, "s", testRecord(1, 1, "8.1.1.1", tag)); !errors.Is(err, ErrKnown) {
		t.Fatalf("again: %v", err)
	}
	if err := b.Hear(t0, "s", testRecord(1, 2, "8.2.2.2", tag)); !errors.Is(err, ErrKnown) {
		t.Fatalf("newer: %v", err)
	}
	h, _ := b.Get(testKey(1).ID())
	if len(h.Addrs) != 2 || h.Addrs[0].IP().String() != "8.2.2.2" || h.Record.Seq() != 2 {
		t.Fatalf("host after a newer record: %+v", h)
	}
	if a0, _ := b.Addr(h, 0); a0 != h.Addrs[0] {
		t.Error("first attempt is not the first address")
	}
	if a3, _ := b.Addr(h, 3); a3 != h.Addrs[1] {
		t.Error("attempts do not rotate")
	}
	_ = b.Hear(t0, "s", testRecord(1, 1, "8.3.3.3", tag))
	if h, _ = b.Get(h.ID); h.Record.Seq() != 2 {
		t.Error("an older record replaced a newer one")
	}
	other := enr.Rope{Network: enr.NetworkTag("beta"), TCP: 4001}
	if err := b.Hear(t0, "s", testRecord(2, 1, "8.4.4.4", other)); !errors.Is(err, ErrNetwork) {
		t.Errorf("record of another network: %v", err)
	}
	checkInvariants(t, b)
}

func TestSeedsAndSelfStayOut(t *testing.T) {
	b := newBook(Config{Self: testPeer(1).ID(), Seeds: []id.ID{testPeer(2).ID()}})
	if err := b.HearAddr(t0, "", testAddr(1, "8.1.1.1")); !errors.Is(err, ErrSelf) {
		t.Errorf("self: %v", err)
	}
	if err := b.HearAddr(t0, "", testAddr(2, "8.1.1.1")); !errors.Is(err, ErrSeed) {
		t.Errorf("seed: %v", err)
	}
	if err := b.HearAddr(t0, "", testAddr(3, "8.1.1.1").Bare()); !errors.Is(err, ErrNoID) {
		t.Errorf("nameless: %v", err)
	}
}

// TestInboundProvesNothing: a stranger who dials us and names a victim's address
// is neither shared nor safe from eviction.
func TestInboundProvesNothing(t *testing.T) {
	b := newBook(Config{})
	rope := enr.Rope{TCP: 4001}
	in := func(n int, claims, from string) Host {
		r := testRecord(n, 1, claims, rope)
		a := link.MustAddr(fmt.Sprintf("/ip4/%s/tcp/50000", from))
		if err := b.Seen(t0, link.Info{ID: r.ID(), PeerID: r.Public().PeerID(), Record: r, Addr: a, Dir: link.In}); err != nil {
			t.Fatal(err)
		}
		h, _ := b.Get(r.ID())
		return h
	}
	if h := in(1, "8.1.1.1", "9.9.9.9"); h.Ever || h.Reached {
		t.Errorf("liar: ever %v, reached %v", h.Ever, h.Reached)
	}
	if h := in(2, "8.2.2.2", "8.2.2.2"); !h.Ever || h.Reached {
		t.Errorf("honest: ever %v, reached %v", h.Ever, h.Reached)
	}
	if got := b.Sample(t0, 10, nil); len(got) != 1 || got[0].ID != testKey(2).ID() {
		t.Errorf("sample of %d hosts", len(got))
	}
	checkInvariants(t, b)
}

func TestRedial(t *testing.T) {
	for n, want := range map[int]time.Duration{0: time.Second, 3: 8 * time.Second, 9: 512 * time.Second, 10: 600 * time.Second, 1 << 30: 600 * time.Second} {
		if lo, hi := Redial(0, n), Redial(1, n); lo != want/2 || hi != want*3/2 {
			t.Errorf("after %d failures %s to %s, want %s ± 50%%", n, lo, hi, want)
		}
	}
}

func TestFailuresForget(t *testing.T) {
	b := newBook(Config{})
	a, p := testAddr(1, "8.1.1.1"), testAddr(2, "8.2.2.2")
	_ = b.HearAddr(t0, "", a)
	_ = b.Seen(t0, outInfo(p))
	for range 2 * unprovenFails {
		b.Tried(t0, a.ID(), false)
	}
	if _, ok := b.Get(a.ID()); !ok {
		t.Error("a host was forgotten before it could restart")
	}
	b.Tried(t0.Add(unprovenFor), a.ID(), false)
	if _, ok := b.Get(a.ID()); ok {
		t.Error("an unproven host outlived its failures")
	}
	for range 2 * provenFails {
		b.Tried(t0.Add(time.Hour), p.ID(), false)
	}
	h, ok := b.Get(p.ID())
	if !ok {
		t.Fatal("a proven host was forgotten within the hour")
	}
	if wait := h.RetryAt.Sub(t0.Add(time.Hour)); wait < redialMax/2 || wait > redialMax*3/2 {
		t.Errorf("delay after many failures is %s", wait)
	}
	b.Tried(t0.Add(forgetAfter), p.ID(), false)
	if _, ok := b.Get(p.ID()); ok {
		t.Error("a host dead for a week is kept")
	}
	checkInvariants(t, b)
}

func TestOwnAddressIsForgotten(t *testing.T) {
	b := newBook(Config{})
	one, two := testAddr(1, "8.1.1.1"), testAddr(2, "8.1.1.1")
	_ = b.HearAddr(t0, "", one)
	_ = b.Move(t0, one.ID(), Gold)
	b.Own(t0, one.ID(), one)
	if b.Len() != 0 {
		t.Error("a host whose only address is our own is kept")
	}
	if err := b.HearAddr(t0, "", two); !errors.Is(err, ErrSelf) {
		t.Errorf("our address under another key: %v", err)
	}
	checkInvariants(t, b)
}
