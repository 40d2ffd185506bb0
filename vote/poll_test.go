package vote

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

var begin = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// remote is a host in the i-th network group; the j-th of it.
func remote(i, j int) netip.Addr {
	return netip.MustParseAddr(fmt.Sprintf("9.%d.%d.1", i, j))
}

func at(text string) netip.AddrPort { return netip.MustParseAddrPort(text) }

func says(from netip.Addr, saw string) Statement {
	return Statement{From: from, Saw: at(saw), Out: true}
}

func adopted(p *Poll, v6 bool) string {
	a, ok := p.Adopted(v6)
	if !ok {
		return "none"
	}
	return fmt.Sprintf("%s:%d %s", a.IP, a.Port, a.By)
}

func want(t *testing.T, p *Poll, v6 bool, what string) {
	t.Helper()
	if got := adopted(p, v6); got != what {
		t.Errorf("adopted %s, want %s", got, what)
	}
}

// TestTrap16GroupsAgree: K11, "address believed only when ≥ 4 distinct groups agree on
// outbound links". Many hosts of few groups are few.
func TestTrap16GroupsAgree(t *testing.T) {
	p := &Poll{}
	for j := range 50 {
		for i := range 3 {
			p.Add(begin, says(remote(i, j), "8.8.8.8:4001"))
		}
	}
	want(t, p, false, "none")
	p.Add(begin, says(remote(3, 0), "8.8.8.8:4001"))
	want(t, p, false, "8.8.8.8:0 voted")
}

// TestWhatCounts: statements that prove nothing are not counted.
func TestWhatCounts(t *testing.T) {
	good := says(remote(0, 0), "8.8.8.8:4001")
	tests := []struct {
		name     string
		change   func(s *Statement)
		public   bool
		localnet bool
	}{
		{"outbound", func(*Statement) {}, true, true},
		{"inbound", func(s *Statement) { s.Out = false }, false, false},
		{"relayed", func(s *Statement) { s.Via = true }, false, false},
		{"no statement", func(s *Statement) { s.Saw = netip.AddrPort{} }, false, false},
		{"remote unknown", func(s *Statement) { s.From = netip.Addr{} }, false, false},
		{"remote on loopback", func(s *Statement) { s.From = netip.MustParseAddr("127.0.0.1") }, false, true},
		{"remote in the house", func(s *Statement) { s.From = netip.MustParseAddr("192.168.1.4") }, false, true},
		{"we in the house", func(s *Statement) { s.Saw = at("192.168.1.5:1") }, false, true},
		{"we at the provider's NAT", func(s *Statement) { s.Saw = at("100.64.3.3:1") }, false, true},
		{"we nowhere", func(s *Statement) { s.Saw = at("0.0.0.0:1") }, false, false},
		{"we everywhere", func(s *Statement) { s.Saw = at("224.0.0.9:1") }, false, false},
		{"other family", func(s *Statement) { s.Saw = at("[2a00::1]:1") }, false, false},
		{"mapped statement", func(s *Statement) { s.Saw = at("[::ffff:8.8.8.8]:1") }, true, true},
		{"mapped remote", func(s *Statement) { s.From = netip.MustParseAddr("::ffff:9.1.1.1") }, true, true},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			s := good
			tc.change(&s)
			if got := (&Poll{}).Add(begin, s) == 1; got != tc.public {
				t.Errorf("counts on the open internet: %v", got)
			}
			if got := (&Poll{Localnet: true}).Add(begin, s) == 1; got != tc.localnet {
				t.Errorf("counts on a local network: %v", got)
			}
		})
	}
}

// TestMapped: IPv4 within IPv6 is IPv4, or a host whose sockets are of IPv6 would
// split its own vote.
func TestMapped(t *testing.T) {
	p := &Poll{}
	for i := range 2 {
		p.Add(begin, says(remote(i, 0), "8.8.8.8:1"))
		p.Add(begin, says(netip.AddrFrom16(remote(i+2, 0).As16()), "[::ffff:8.8.8.8]:1"))
	}
	want(t, p, false, "8.8.8.8:0 voted")
	want(t, p, true, "none")
}

// TestFamilies: each family has its own result.
func TestFamilies(t *testing.T) {
	p := &Poll{}
	for i := range 4 {
		p.Add(begin, says(remote(i, 0), "8.8.8.8:1"))
		p.Add(begin, says(netip.MustParseAddr(fmt.Sprintf("2a00:%x::1", i)), "[2a0f::7]:1"))
	}
	want(t, p, false, "8.8.8.8:0 voted")
	want(t, p, true, "2a0f::7:0 voted")
}

// TestLatest: a group has one vote, and most groups win; what was adopted stays while
// another has only as many.
func TestLatest(t *testing.T) {
	p := &Poll{}
	for i := range 5 {
		p.Add(begin, says(remote(i, 0), "8.8.8.8:1"))
	}
	for i := range 5 {
		p.Add(begin, says(remote(10+i, 0), "8.8.4.4:1"))
	}
	want(t, p, false, "8.8.8.8:0 voted")
	p.Add(begin, says(remote(0, 9), "8.8.4.4:1")) // changes its mind
	want(t, p, false, "8.8.4.4:0 voted")
}

// TestPort: the port counts only of links that left from it, and only agreed.
func TestPort(t *testing.T) {
	p := &Poll{}
	bound := func(i int, saw string) {
		s := says(remote(i, 0), saw)
		s.Bound = true
		p.Add(begin, s)
	}
	for i := range 3 {
		bound(i, "8.8.8.8:4001")
		p.Add(begin, says(remote(10+i, 0), "8.8.8.8:4001"))
	}
	want(t, p, false, "8.8.8.8:0 voted")
	bound(3, "8.8.8.8:4001")
	want(t, p, false, "8.8.8.8:4001 voted")
	for i := range 4 {
		bound(20+i, fmt.Sprintf("8.8.8.8:%d", 5000)) // a router that gives each remote another port
	}
	want(t, p, false, "8.8.8.8:0 voted")
}

// TestVotesKept: of too many groups, those that were not heard of for longest are
// forgotten.
func TestVotesKept(t *testing.T) {
	p := &Poll{}
	for i := range 100 {
		p.Add(begin.Add(time.Duration(i)), says(remote(i, 0), "8.8.8.8:1"))
	}
	if n := p.v4.votes.Len(); n != 32 {
		t.Errorf("%d votes kept, want 32", n)
	}
	if g := group(remote(67, 0), false); p.v4.votes.Has(g) || !p.v4.votes.Has(group(remote(68, 0), false)) {
		t.Errorf("the votes kept are not the latest")
	}
}

// TestPrecedence: static > mapped > voted.
func TestPrecedence(t *testing.T) {
	p := &Poll{}
	for i := range 4 {
		p.Add(begin, says(remote(i, 0), "8.8.8.8:1"))
	}
	p.Map(netip.MustParseAddr("8.8.4.4"))
	want(t, p, false, "8.8.4.4:0 mapped")
	p.Fix(netip.MustParseAddr("1.1.1.1"))
	want(t, p, false, "1.1.1.1:0 static")
	want(t, p, true, "none")

	p = &Poll{}
	p.Map(netip.MustParseAddr("192.168.0.1")) // a router behind a router
	want(t, p, false, "none")
	p.Map(netip.MustParseAddr("8.8.4.4"))
	p.Map(netip.Addr{})
	want(t, p, false, "none")
}

// TestExpiry: statements count for 30 minutes, and an address that nobody says any
// more is given up. Who says it again keeps it.
func TestExpiry(t *testing.T) {
	p := &Poll{}
	p.Contact(begin, remote(9, 9))
	for i := range 4 {
		p.Add(begin.Add(time.Duration(i)*10*time.Minute), says(remote(i, 0), "8.8.8.8:1"))
		p.Advance(begin.Add(time.Duration(i) * 10 * time.Minute))
	}
	want(t, p, false, "none") // the first is 30 minutes old when the fourth comes
	now := begin.Add(30 * time.Minute)
	p.Contact(now, remote(9, 9))
	p.Add(now, says(remote(0, 0), "8.8.8.8:1"))
	want(t, p, false, "8.8.8.8:0 voted")
	p.Add(now.Add(20*time.Minute), says(remote(7, 0), "8.8.8.8:1"))
	p.Advance(now.Add(49 * time.Minute))
	want(t, p, false, "8.8.8.8:0 voted") // one still says it
	p.Advance(now.Add(50 * time.Minute))
	want(t, p, false, "none")
}

// TestTogether: what is said anew at the moment the old votes end changes nothing,
// whoever is named first.
func TestTogether(t *testing.T) {
	p := &Poll{}
	p.Contact(begin, remote(9, 9))
	var all []Statement
	for i := range 4 {
		all = append(all, says(remote(10+i, 0), "8.8.8.8:1"))
	}
	p.Add(begin, all...)
	all = append([]Statement{says(remote(1, 0), "8.8.4.4:1")}, all[:3]...)
	p.Add(begin.Add(voteFor), all...)
	p.Advance(begin.Add(voteFor))
	want(t, p, false, "8.8.8.8:0 voted")
}

// TestRevoked: an address that nobody reaches us at is withdrawn, and rests.
func TestRevoked(t *testing.T) {
	agree := func(p *Poll, now time.Time, saw string) {
		for i := range 4 {
			p.Add(now, says(remote(i, 0), saw))
		}
	}
	p := &Poll{}
	agree(p, begin, "8.8.8.8:1")
	if d := p.Deadline(); d != begin.Add(5*time.Minute) {
		t.Errorf("deadline %v after the adoption, want 5m", d.Sub(begin))
	}
	p.Contact(begin, netip.MustParseAddr("192.168.1.7")) // the house proves nothing
	p.Contact(begin, netip.MustParseAddr("2a00::1"))     // nor the other family
	p.Advance(begin.Add(5*time.Minute - 1))
	want(t, p, false, "8.8.8.8:0 voted")
	now := begin.Add(5 * time.Minute)
	p.Advance(now)
	want(t, p, false, "none")
	agree(p, now.Add(time.Minute), "8.8.8.8:1")
	want(t, p, false, "none")
	agree(p, now.Add(2*time.Minute), "8.8.4.4:1") // another one is tried at once
	want(t, p, false, "8.8.4.4:0 voted")
	p.Contact(now.Add(3*time.Minute), remote(30, 1))
	p.Advance(now.Add(20 * time.Minute))
	want(t, p, false, "8.8.4.4:0 voted")

	p = &Poll{}
	agree(p, begin, "8.8.8.8:1")
	p.Advance(now)
	later := now.Add(restFor)
	agree(p, later, "8.8.8.8:1")
	p.Advance(later)
	want(t, p, false, "8.8.8.8:0 voted")

	local := &Poll{Localnet: true}
	agree(local, begin, "8.8.8.8:1")
	local.Advance(now)
	want(t, local, false, "8.8.8.8:0 voted")
}

// TestContactBefore: a node that is dialled all the time is reachable where it turns
// out to be.
func TestContactBefore(t *testing.T) {
	p := &Poll{}
	p.Contact(begin.Add(-29*time.Minute), remote(9, 9))
	for i := range 4 {
		p.Add(begin, says(remote(i, 0), "8.8.8.8:1"))
	}
	p.Advance(begin.Add(10 * time.Minute))
	want(t, p, false, "8.8.8.8:0 voted")
}

// TestOf: what a link says.
func TestOf(t *testing.T) {
	info := link.Info{Dir: link.Out, Observed: at("8.8.8.8:4001"), Addr: link.MustAddr("/ip4/9.1.1.1/udp/4001/quic-v1")}
	if got, want := Of(info), (Statement{From: netip.MustParseAddr("9.1.1.1"), Saw: info.Observed, Out: true, Bound: true}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	info = link.Info{ID: id.ID{1}, Dir: link.In, Via: true, Observed: at("8.8.8.8:4001"), Addr: link.MustAddr("/ip4/9.1.1.1/tcp/4001")}
	if got, want := Of(info), (Statement{From: netip.MustParseAddr("9.1.1.1"), Saw: info.Observed, Via: true}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// TestLiars: whatever remotes of three groups say and when, they make nothing of it,
// what is remembered is bounded, and deadlines are met by advancing to them.
func TestLiars(t *testing.T) {
	lie := netip.MustParseAddr("6.6.6.6")
	rapid.Check(t, func(t *rapid.T) {
		p := &Poll{}
		now := begin
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 600).Draw(t, "wait")) * time.Second)
			switch rapid.IntRange(0, 4).Draw(t, "step") {
			case 0, 1:
				p.Add(now, says(remote(rapid.IntRange(0, 2).Draw(t, "group"), rapid.IntRange(0, 9).Draw(t, "host")), "6.6.6.6:1"))
			case 2:
				saw := rapid.SampledFrom([]string{"8.8.8.8:1", "8.8.4.4:1"}).Draw(t, "saw")
				p.Add(now, says(remote(rapid.IntRange(3, 90).Draw(t, "group"), 0), saw))
			case 3:
				p.Contact(now, remote(50, 0))
			case 4:
				for d := p.Deadline(); !d.IsZero() && !d.After(now); d = p.Deadline() {
					p.Advance(now)
					if next := p.Deadline(); !next.IsZero() && !next.After(now) {
						t.Fatalf("advancing to %v leaves the deadline %v", now, next)
					}
				}
			}
			if a, ok := p.Adopted(false); ok && a.IP == lie {
				t.Fatal("three groups made us believe them")
			}
			if n := p.v4.votes.Len(); n > votesMax/2 {
				t.Fatalf("%d votes kept", n)
			}
		}
	})
}

// TestStanding: an address of our own word is told for five minutes, then only when
// somebody has come, and tried again after an hour. The words of others need no trial.
func TestStanding(t *testing.T) {
	p, ip := &Poll{}, netip.MustParseAddr("8.8.8.8")
	for _, c := range []struct {
		after time.Duration
		want  bool
	}{
		{0, true}, {revokeAfter - 1, true}, {revokeAfter, false}, {revokeAfter + restFor - 1, false},
		{revokeAfter + restFor, true}, {2*revokeAfter + restFor, false},
	} {
		now := begin.Add(c.after)
		for d := p.Deadline(); !d.IsZero() && !d.After(now); d = p.Deadline() {
			p.Advance(d)
		}
		if got := p.Standing(now, ip); got != c.want {
			t.Errorf("after %v: %v", c.after, got)
		}
	}
	later := begin.Add(2*revokeAfter + restFor + time.Minute)
	p.Contact(later, remote(9, 9))
	if !p.Standing(later, ip) || !p.Standing(later.Add(24*time.Hour), ip) || !p.Deadline().IsZero() {
		t.Error("who was reached is quiet")
	}
	if !p.Standing(later, netip.MustParseAddr("8.8.4.4")) {
		t.Error("who was reached a moment ago is quiet of another address")
	}
	for _, private := range []string{"10.0.0.1", "127.0.0.1", "fe80::1"} {
		if ip := netip.MustParseAddr(private); p.Standing(later, ip) || !(&Poll{Localnet: true}).Standing(later, ip) {
			t.Errorf("%s: told", private)
		}
	}
	q := &Poll{}
	q.Fix(ip)
	q.Advance(begin.Add(revokeAfter))
	if !q.Standing(begin.Add(revokeAfter), ip) || !q.Deadline().IsZero() {
		t.Error("the operator's word is tried")
	}
}
