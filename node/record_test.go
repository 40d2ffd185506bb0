package node

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
)

// What a node says of its addresses in its record is what others read in it, links
// over libp2p first.
func TestRecordRoundTrip(t *testing.T) {
	key, err := id.NewKey(strings.NewReader(strings.Repeat("r", 32)))
	if err != nil {
		t.Fatal(err)
	}
	full, err := key.Public().Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	enode := func(at string) string { return fmt.Sprintf("enode://%x@%s", full, at) }
	peer := "/p2p/" + key.Public().PeerID().String()
	onion, other := strings.TrimSuffix(link.Onion([32]byte{1}), ".onion"), strings.TrimSuffix(link.Onion([32]byte{2}), ".onion")
	for _, c := range []struct {
		name     string
		in, want []string
	}{
		{"nothing", nil, nil},
		{"RLPx alone", []string{enode("1.2.3.4:30303")}, []string{enode("1.2.3.4:30303")}},
		{"both kinds", []string{enode("1.2.3.4:30303"), "/ip4/1.2.3.4/tcp/1" + peer, "/ip4/1.2.3.4/udp/2/quic-v1" + peer},
			[]string{"/ip4/1.2.3.4/udp/2/quic-v1" + peer, "/ip4/1.2.3.4/tcp/1" + peer, enode("1.2.3.4:30303")}},
		{"both families, one port", []string{enode("1.2.3.4:3"), enode("[2a00::1]:3")}, []string{enode("1.2.3.4:3"), enode("[2a00::1]:3")}},
		{"both families, two ports", []string{enode("1.2.3.4:3"), enode("[2a00::1]:4")}, []string{enode("1.2.3.4:3"), enode("[2a00::1]:4")}},
		{"IPv6 alone", []string{enode("[2a00::1]:4"), "/ip4/1.2.3.4/tcp/1" + peer}, []string{"/ip4/1.2.3.4/tcp/1" + peer, "/ip6/2a00::1/tcp/1" + peer, enode("[2a00::1]:4")}},
		{"the public address wins", []string{enode("127.0.0.1:1"), enode("10.0.0.1:2"), enode("1.2.3.4:3")}, []string{enode("1.2.3.4:3")}},
		{"in memory", []string{"/mem/a" + peer}, nil},
		{"an onion service alone", []string{"/onion3/" + onion + ":4001" + peer, enode(onion + ".onion:30303")}, []string{"/onion3/" + onion + ":4001" + peer, enode(onion + ".onion:30303")}},
		{"an onion service too, and another", []string{enode(onion + ".onion:3"), enode("1.2.3.4:3"), "/onion3/" + other + ":4" + peer}, []string{enode("1.2.3.4:3"), enode(onion + ".onion:3")}},
	} {
		var addrs []link.Addr
		for _, text := range c.in {
			addrs = append(addrs, link.MustAddr(text))
		}
		b := recordOf("ropewalk", addrs)
		b.Seq = 1
		r, err := b.Sign(key)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		again, err := enr.Parse(r.String())
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		var got []string
		for _, a := range link.RecordAddrs(again) {
			got = append(got, a.String())
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if !same(again, b) {
			t.Errorf("%s: signing the same again would change it", c.name)
		}
		other := b
		if other.TCP++; same(again, other) {
			t.Errorf("%s: another RLPx port changes nothing", c.name)
		}
	}
}

// The number of a node's record only grows: over restarts, when the clock goes back, and
// when the file is lost; a restart alone changes nothing.
func TestRecordNumberOnlyGrows(t *testing.T) {
	w := newWorld(t)
	a := w.add("a", nil)
	first := a.n.record
	boot := func(now time.Time, at ...string) *enr.Record {
		t.Helper()
		n, err := New(now, a.n.cfg, rand.New(rand.NewPCG(1, 2)), func(name string) ([]byte, bool) { data, ok := a.files[name]; return data, ok })
		if err != nil {
			t.Fatal(err)
		}
		var addrs []link.Addr
		for _, s := range at {
			addrs = append(addrs, link.MustAddr(s).WithPeer(a.key.Public().PeerID()))
		}
		for range 2 { // the second changes nothing
			if err := n.SetAddrs(now, addrs); err != nil {
				t.Fatal(err)
			}
		}
		for _, s := range n.Take().Saves {
			a.save(s)
		}
		if n.Record() == "" {
			t.Fatal("there is no record")
		}
		return n.record
	}
	if again := boot(w.now.Add(time.Hour), "/ip4/10.0.0.1/tcp/4001"); again.String() != first.String() {
		t.Error("a restart signs anew")
	}
	moved := boot(w.now.Add(-time.Hour), "/ip4/10.0.0.1/tcp/4002")
	if moved.Seq() != first.Seq()+1 {
		t.Errorf("with the clock behind, number %d after %d", moved.Seq(), first.Seq())
	}
	back := boot(w.now.Add(-2*time.Hour), "/ip4/10.0.0.1/tcp/4001")
	if back.Seq() != moved.Seq()+1 {
		t.Errorf("number %d after %d", back.Seq(), moved.Seq())
	}
	for name, text := range map[string]string{
		"lost": "", "cut off": back.String()[:40], "another node's": foreignRecord(t), "without a successor": lastRecord(t, a.key),
	} {
		later := w.now.Add(time.Minute)
		if a.files[recordFile] = []byte(text); name == "lost" {
			delete(a.files, recordFile)
		}
		r := boot(later, "/ip4/10.0.0.1/tcp/4001")
		if r.Seq() != uint64(later.UnixMilli()) || r.Seq() <= back.Seq() {
			t.Errorf("%s: number %d after %d", name, r.Seq(), back.Seq())
		}
	}
}

func foreignRecord(t *testing.T) string { return numbered(t, linktest.Key("stranger"), 1<<62) }

func lastRecord(t *testing.T, k *id.Key) string { return numbered(t, k, math.MaxUint64) }

func numbered(t *testing.T, k *id.Key, seq uint64) string {
	t.Helper()
	r, err := enr.Builder{Seq: seq}.Sign(k)
	if err != nil {
		t.Fatal(err)
	}
	return r.String()
}

// Other entries of protocols are another record.
func TestRecordFollowsAttributes(t *testing.T) {
	k := linktest.Key("a")
	pair := func(key string, v byte) enr.Pair { return enr.Pair{Key: key, Value: []byte{v}} }
	base := recordOf("ropewalk", nil)
	base.Seq, base.Extra = 1, []enr.Pair{pair("echo", 1), pair("aaa", 2)}
	r, err := base.Sign(k)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		extra []enr.Pair
		want  bool
	}{
		"the same, in another order": {[]enr.Pair{pair("aaa", 2), pair("echo", 1)}, true},
		"another value":              {[]enr.Pair{pair("aaa", 2), pair("echo", 3)}, false},
		"one fewer":                  {[]enr.Pair{pair("echo", 1)}, false},
		"one more":                   {[]enr.Pair{pair("aaa", 2), pair("echo", 1), pair("x", 1)}, false},
		"none":                       {nil, false},
	} {
		b := base
		b.Extra = c.extra
		if got := same(r, b); got != c.want {
			t.Errorf("%s: the same %v", name, got)
		}
	}
}

// A protocol's entries are refused when they are made, not when the record is signed.
func TestAttributesFit(t *testing.T) {
	for _, c := range []struct {
		name string
		p    enr.Pair
		want error
	}{
		{"fits", enr.Pair{Key: "protocol", Value: []byte{1}}, nil},
		{"key too long", enr.Pair{Key: "protocols", Value: []byte{1}}, enr.ErrMalformed},
		{"no key", enr.Pair{Value: []byte{1}}, enr.ErrMalformed},
		{"too much", enr.Pair{Key: "big", Value: append([]byte{0xb8, 200}, make([]byte, 200)...)}, enr.ErrTooLarge},
		{"no item", enr.Pair{Key: "bad", Value: []byte{0x81, 0x01}}, enr.ErrMalformed},
	} {
		w := newWorld(t)
		h := w.add("a", nil)
		err := h.n.Handle(Handler{Protocol: link.Protocol{Name: "more", Version: 1, Length: 1}, Handler: h.handler, Attributes: []enr.Pair{c.p}})
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}
