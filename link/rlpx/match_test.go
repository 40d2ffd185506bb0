package rlpx

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ropewalk/ropewalk/link"
)

func TestCheckProtocols(t *testing.T) {
	var many []link.Protocol
	for i := range link.LanesMax + 1 {
		many = append(many, link.Protocol{Name: fmt.Sprintf("p%d", i), Length: 1})
	}
	for what, c := range map[string]struct {
		own []link.Protocol
		ok  bool
	}{
		"none":                 {nil, true},
		"no codes":             {[]link.Protocol{{Name: "a"}}, true},
		"all codes":            {[]link.Protocol{{Name: "a", Length: 112}}, true},
		"one too many":         {[]link.Protocol{{Name: "a", Length: 113}}, false},
		"two too many":         {[]link.Protocol{{Name: "a", Length: 56}, {Name: "b", Length: 57}}, false},
		"a sum that wraps":     {[]link.Protocol{{Name: "a", Length: 1 << 63}, {Name: "b", Length: 1 << 63}}, false},
		"versions share":       {[]link.Protocol{{Name: "a", Version: 2, Length: 100}, {Name: "b", Length: 12}, {Name: "a", Version: 1, Length: 100}}, true},
		"the longest counts":   {[]link.Protocol{{Name: "a", Version: 1, Length: 101}, {Name: "b", Length: 12}, {Name: "a", Version: 2, Length: 5}}, false},
		"twice":                {[]link.Protocol{{Name: "a", Version: 1}, {Name: "b"}, {Name: "a", Version: 1}}, false},
		"empty name":           {[]link.Protocol{{Name: ""}}, false},
		"nine letters":         {[]link.Protocol{{Name: "ninebytes"}}, false},
		"eight letters":        {[]link.Protocol{{Name: "eightbyt"}}, true},
		"a capital":            {[]link.Protocol{{Name: "Eth"}}, false},
		"a hyphen":             {[]link.Protocol{{Name: "a-b"}}, false},
		"not ASCII":            {[]link.Protocol{{Name: "ä"}}, false},
		"more than lanes":      {many, false},
		"as many as lanes":     {many[:link.LanesMax], true},
		"of another network":   {[]link.Protocol{{Name: "a", Network: "x", Length: 112}}, true},
		"networks do not help": {[]link.Protocol{{Name: "a", Version: 1, Network: "x"}, {Name: "a", Version: 1, Network: "y"}}, false},
	} {
		err := checkProtocols(c.own)
		if (err == nil) != c.ok || err != nil && !errors.Is(err, errProtocols) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestMatch(t *testing.T) {
	own := []link.Protocol{
		{Name: "sink", Version: 1, Length: 2},
		{Name: "echo", Version: 1, Length: 4},
		{Name: "echo", Version: 2, Length: 8},
		{Name: "echo", Version: 3, Length: 16},
		{Name: "none", Version: 1, Length: 0},
		{Name: "net", Version: 1, Length: 3, Network: "ours"},
	}
	for what, c := range map[string]struct {
		theirs  string
		network string
		offsets map[link.Lane]uint64 // -1: shared, no codes
		foreign []uint64
	}{
		"one":                       {"sink/1", "", map[link.Lane]uint64{0: 0x10}, nil},
		"highest shared":            {"echo/1 echo/2 echo/4", "", map[link.Lane]uint64{2: 0x10}, nil},
		"alphabetical":              {"sink/1 echo/3", "", map[link.Lane]uint64{3: 0x10, 0: 0x20}, nil},
		"whatever the order":        {"echo/3 zzz/1 sink/1 aaa/9", "", map[link.Lane]uint64{3: 0x10, 0: 0x20}, nil},
		"no codes take none":        {"sink/1 none/1 echo/1", "", map[link.Lane]uint64{1: 0x10, 4: 0x14, 0: 0x14}, nil},
		"repeated":                  {"echo/1 echo/1 sink/1 sink/1", "", map[link.Lane]uint64{1: 0x10, 0: 0x14}, nil},
		"nothing":                   {"echo/9 eth/68", "", nil, nil},
		"nobody":                    {"", "", nil, nil},
		"names are case-sensitive":  {"Echo/1 SINK/1", "", nil, nil},
		"our network":               {"net/1 sink/1", "ours", map[link.Lane]uint64{5: 0x10, 0: 0x13}, nil},
		"another network":           {"net/1 sink/1", "theirs", map[link.Lane]uint64{0: 0x13}, []uint64{0x10, 0x11, 0x12}},
		"no network":                {"net/1 sink/1", "", map[link.Lane]uint64{0: 0x13}, []uint64{0x10, 0x11, 0x12}},
		"nothing but their network": {"net/1", "theirs", nil, nil},
	} {
		var theirs []capability
		for _, s := range strings.Fields(c.theirs) {
			var v uint64
			name, version, _ := strings.Cut(s, "/")
			fmt.Sscan(version, &v)
			theirs = append(theirs, capability{name, v})
		}
		w, err := match(own, theirs, c.network)
		if len(c.offsets) == 0 {
			if !errors.Is(err, link.Useless) {
				t.Errorf("%s: %v", what, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if len(w.lanes) != len(c.offsets) {
			t.Errorf("%s: lanes %v", what, w.lanes)
		}
		for lane, at := range c.offsets {
			if !slices.Contains(w.lanes, lane) || uint64(w.offset[lane]) != at {
				t.Errorf("%s: lane %d at %#x, want %#x", what, lane, w.offset[lane], at)
			}
		}
		for code := range uint64(0x100) {
			owner, _ := w.lane(code)
			if (owner == foreign) != slices.Contains(c.foreign, code) {
				t.Errorf("%s: code %#x is %d's", what, code, owner)
			}
		}
	}
}

// Two ends that work their windows out alone have the same: what one writes on a lane
// the other reads on the lane of the same name and version, and a code that one has
// no name for is nobody's at the other.
func TestMatchAgrees(t *testing.T) {
	table := rapid.Custom(func(t *rapid.T) []link.Protocol {
		return rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) link.Protocol {
			p := link.Protocol{Name: rapid.SampledFrom([]string{"a", "b", "ab", "a1", "z"}).Draw(t, "name"), Version: rapid.UintRange(0, 4).Draw(t, "version")}
			p.Length = uint64(p.Version) * uint64(len(p.Name)) // both ends know the same length
			p.Network = map[string]string{"z": "net"}[p.Name]
			return p
		}), 0, 12, func(p link.Protocol) string { return fmt.Sprint(p.Name, p.Version) }).Draw(t, "protocols")
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := table.Draw(t, "a"), table.Draw(t, "b")
		if checkProtocols(a) != nil || checkProtocols(b) != nil {
			t.Fatal("tables refused")
		}
		network := rapid.SampledFrom([]string{"", "net", "other"})
		na, nb := network.Draw(t, "network of a"), network.Draw(t, "network of b")
		if na != nb {
			// Of two networks each keeps to itself; only a node of "net" has such a protocol.
			na, nb = "other", ""
		}
		wa, ea := match(a, capabilities(b), nb)
		wb, eb := match(b, capabilities(a), na)
		if (ea == nil) != (eb == nil) || len(wa.lanes) != len(wb.lanes) {
			t.Fatalf("%v and %v", ea, eb)
		}
		for i, lane := range wa.lanes {
			p, q := a[lane], b[wb.lanes[i]]
			if p.Name != q.Name || p.Version != q.Version {
				t.Fatalf("%s/%d faces %s/%d", p.Name, p.Version, q.Name, q.Version)
			}
			for rel := range p.Length {
				code, ok := wa.code(lane, rel)
				if !ok || code < baseProtocolLength || code > codeMax {
					t.Fatalf("%s: code %d is %#x", p.Name, rel, code)
				}
				if owner, back := wb.lane(code); owner != int(wb.lanes[i]) || back != rel {
					t.Fatalf("%#x arrives as %d of %d", code, back, owner)
				}
			}
			if _, ok := wa.code(lane, p.Length); ok {
				t.Fatalf("%s has a code beyond its length", p.Name)
			}
		}
		for _, code := range []uint64{0, baseProtocolLength - 1, codeMax + 1, 0x100, 1 << 40, 1<<64 - 1} {
			if owner, _ := wa.lane(code); owner != nobody {
				t.Fatalf("%#x is %d's", code, owner)
			}
		}
		for code := range uint64(codeMax + 1) {
			oa, _ := wa.lane(code)
			ob, _ := wb.lane(code)
			if (oa < 0 || ob < 0) && oa != ob {
				t.Fatalf("%#x is %d's here and %d's there", code, oa, ob)
			}
		}
	})
}

func TestCapabilitiesAreSorted(t *testing.T) {
	caps := capabilities([]link.Protocol{{Name: "b", Version: 2}, {Name: "b", Version: 10}, {Name: "a", Version: 1}})
	if !slices.IsSortedFunc(caps, func(a, b capability) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
	}) || len(caps) != 3 || caps[2].String() != "b/10" {
		t.Errorf("%v", caps)
	}
}
