package dnslist

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/dnslist/listtest"
)

// eip is the example of EIP-1459, "Example of a list in zone file format". Its root is
// not signed by the key of the specification's example URL; this is the one that the
// signature gives.
var eip = struct {
	list  string
	zone  map[string]string
	nodes []string
}{
	list: "enrtree://AKPYQIUQIL7PSIACI32J7FGZW56E5FKHEFCCOFHILBIMW3M6LWXS2@nodes.example.org",
	zone: map[string]string{
		"nodes.example.org":                            "enrtree-root:v1 e=JWXYDBPXYWG6FX3GMDIBFA6CJ4 l=C7HRFPF3BLGF3YR4DY5KX3SMBE seq=1 sig=o908WmNp7LibOfPsr4btQwatZJ5URBr2ZAuxvK4UWHlsB9sUOTJQaGAlLPVAhM__XJesCHxLISo94z5Z2a463gA",
		"C7HRFPF3BLGF3YR4DY5KX3SMBE.nodes.example.org": "enrtree://AM5FCQLWIZX2QFPNJAP7VUERCCRNGRHWZG3YYHIUV7BVDQ5FDPRT2@morenodes.example.org",
		"JWXYDBPXYWG6FX3GMDIBFA6CJ4.nodes.example.org": "enrtree-branch:2XS2367YHAXJFGLZHVAWLQD4ZY,H4FHT4B454P6UXFD7JCYQ5PWDY,MHTDO6TMUBRIA2XWG5LUDACK24",
		"2XS2367YHAXJFGLZHVAWLQD4ZY.nodes.example.org": "enr:-HW4QOFzoVLaFJnNhbgMoDXPnOvcdVuj7pDpqRvh6BRDO68aVi5ZcjB3vzQRZH2IcLBGHzo8uUN3snqmgTiE56CH3AMBgmlkgnY0iXNlY3AyNTZrMaECC2_24YYkYHEgdzxlSNKQEnHhuNAbNlMlWJxrJxbAFvA",
		"H4FHT4B454P6UXFD7JCYQ5PWDY.nodes.example.org": "enr:-HW4QAggRauloj2SDLtIHN1XBkvhFZ1vtf1raYQp9TBW2RD5EEawDzbtSmlXUfnaHcvwOizhVYLtr7e6vw7NAf6mTuoCgmlkgnY0iXNlY3AyNTZrMaECjrXI8TLNXU0f8cthpAMxEshUyQlK-AM0PW2wfrnacNI",
		"MHTDO6TMUBRIA2XWG5LUDACK24.nodes.example.org": "enr:-HW4QLAYqmrwllBEnzWWs7I5Ev2IAs7x_dZlbYdRdMUx5EyKHDXp7AV5CkuPGUPdvbv1_Ms1CPfhcGCvSElSosZmyoqAgmlkgnY0iXNlY3AyNTZrMaECriawHKWdDRk2xeZkrOXBQ0dfMFLHY4eENZwdufn1S1o",
	},
}

func TestVector(t *testing.T) {
	l, err := Parse(eip.list)
	if err != nil {
		t.Fatal(err)
	}
	if l.String() != eip.list {
		t.Errorf("%s, want %s", l, eip.list)
	}
	z := newZone()
	for name, text := range eip.zone {
		z.Zone[name] = []string{text}
	}
	v := newVisit(t)
	v.w = New(start, Config{Lists: []List{l}}, v.w.rng)
	v.pass(z, time.Minute)
	if len(v.found) != 3 {
		t.Errorf("%d records, want 3", len(v.found))
	}
	if len(z.asked) < 7 || !slices.Contains(z.asked, "morenodes.example.org") {
		t.Errorf("asked %q, want all names and the linked list", z.asked)
	}
	for name, n := range counts(z.asked) {
		if _, stands := eip.zone[name]; n > 1 && stands {
			t.Errorf("%s was asked %d times", name, n)
		}
	}
}

func counts(names []string) map[string]int {
	out := map[string]int{}
	for _, n := range names {
		out[n]++
	}
	return out
}

// A list is read whole, and once: half an hour later only its root is asked for, and
// its records are found again.
func TestWholeListOnce(t *testing.T) {
	a, z := newLister("a"), newZone()
	z.Publish(a, 1, records(100), nil)
	v := newVisit(t, a)
	v.pass(z, 5*time.Minute)
	if len(v.found) != 100 {
		t.Fatalf("%d records, want 100", len(v.found))
	}
	if names := 1 + 1 + 8 + 1 + 100; len(z.asked) != names {
		t.Errorf("%d questions, want %d", len(z.asked), names)
	}
	z.asked = nil
	clear(v.found)
	v.pass(z, 30*time.Minute)
	if len(z.asked) != 1 || len(v.found) != 100 {
		t.Errorf("half an hour later: asked %q, %d records", z.asked, len(v.found))
	}
	z.asked = nil
	z.Publish(a, 2, records(101), nil)
	v.pass(z, 30*time.Minute)
	if len(v.found) != 101 || len(z.asked) > 6 {
		t.Errorf("with one record more: asked %q, %d records", z.asked, len(v.found))
	}
}

// At most ten questions at once and three a second.
func TestPace(t *testing.T) {
	a, b, z := newLister("a"), newLister("b"), newZone()
	z.Publish(a, 1, records(150), nil)
	z.Publish(b, 1, records(300)[150:], nil)
	v := newVisit(t, a, b)
	v.pass(z, time.Minute)
	for i, at := range v.times {
		if n := int(at.Sub(start)/askGap) + askBurst; i >= n {
			t.Fatalf("question %d after %v", i+1, at.Sub(start))
		}
	}
	if n := len(v.times); n < 3*60 {
		t.Errorf("%d questions in a minute", n)
	}
}

// An empty tree, and a name where nothing stands, do not keep us busy.
func TestNothingToDo(t *testing.T) {
	tests := []struct {
		name string
		zone func(z *zone, a lister)
		most int // questions in a day
	}{
		{"empty tree", func(z *zone, a lister) { z.Publish(a, 1, nil, nil) }, 1 + 48 + 1},
		{"no such name", func(*zone, lister) {}, 6 + 48},
		{"other texts", func(z *zone, a lister) { z.Zone[a.Domain] = []string{"v=spf1 -all"} }, 6 + 48},
		{"the tree is missing", func(z *zone, a lister) { z.Root(a, 1, hashOf("x"), hashOf("y")) }, 3 * 49},
		{"all leaves are missing", func(z *zone, a lister) {
			z.Publish(a, 1, records(40), nil)
			for _, r := range records(40) {
				delete(z.Zone, hashOf(r)+"."+a.Domain)
			}
		}, 49 * (1 + 2 + 4 + 40)},
	}
	for _, tc := range tests {
		a, z := newLister("a"), newZone()
		tc.zone(z, a)
		v := newVisit(t, a)
		v.pass(z, 24*time.Hour)
		if len(z.asked) > tc.most || len(z.asked) < 48 {
			t.Errorf("%s: %d questions in a day, want 48 to %d", tc.name, len(z.asked), tc.most)
		}
	}
	v := newVisit(t)
	if at := v.w.Deadline(); !at.IsZero() {
		t.Errorf("no list at all: deadline %v", at)
	}
}

// A tree without end is read at the pace of any other.
func TestEndless(t *testing.T) {
	a, z := newLister("a"), newZone()
	// Hashes are made bottom up, so a tree has an end; this one's is far away, and its
	// last branches lead nowhere.
	var level []string
	for i := range 13 * 13 * 13 {
		level = append(level, z.Put(a.Domain, fmt.Sprintf("enrtree-branch:%s", hashOf(fmt.Sprint(i)))))
	}
	for len(level) > 1 {
		var up []string
		for i := 0; i < len(level); i += childrenMax {
			up = append(up, z.Put(a.Domain, branchPrefix+strings.Join(level[i:min(i+childrenMax, len(level))], ",")))
		}
		level = up
	}
	z.Root(a, 1, level[0], level[0])
	v := newVisit(t, a)
	v.pass(z, 29*time.Minute)
	if n := len(z.asked); n > passMax+2*29 {
		t.Errorf("%d questions in half an hour", n)
	}
	v.pass(z, 4*time.Hour)
	if n := v.w.cache.Len(); n > cacheMax {
		t.Errorf("%d entries kept", n)
	}
	// Not even by changing all the time.
	z.asked = nil
	for seq := range uint64(30) {
		z.Root(a, 2+seq, level[0], hashOf(fmt.Sprint(seq)))
		v.pass(z, time.Minute)
	}
	if n := len(z.asked); n > 2*passMax+2*30 {
		t.Errorf("%d questions in half an hour of changes", n)
	}
}

// A large list is drawn from in random order: others have their turn with each pass.
func TestLargeListIsSampled(t *testing.T) {
	a, z := newLister("a"), newZone()
	z.Publish(a, 1, records(400), nil)
	v := newVisit(t, a)
	v.pass(z, 29*time.Minute)
	first := len(v.found)
	if first < 64 || first > passMax {
		t.Errorf("%d records of the first pass", first)
	}
	v.pass(z, time.Hour)
	if len(v.found) != 400 {
		t.Errorf("%d records after three passes, %d after the first, want all 400", len(v.found), first)
	}
}

// Lists that link to each other are visited once each; no more than a few are.
func TestLinks(t *testing.T) {
	a, b, z := newLister("a"), newLister("b"), newZone()
	all := records(4)
	z.Publish(a, 1, all[:2], []string{b.URL()})
	z.Publish(b, 1, all[2:], []string{a.URL(), b.URL()})
	v := newVisit(t, a)
	v.pass(z, 10*time.Minute)
	if len(v.found) != 4 {
		t.Errorf("%d records, want 4", len(v.found))
	}
	for who, source := range v.found {
		if source != a.Domain {
			t.Errorf("%s has the source %s, want that of the configured list", who.Short(), source)
		}
	}
	if n := len(z.asked); n > 6+6 { // a root, two branches, two records, one or two links
		t.Errorf("%d questions: %q", n, z.asked)
	}

	z = newZone()
	var links []string
	for i := range 200 {
		l := newLister(fmt.Sprint("farm", i))
		z.Publish(l, 1, nil, nil)
		links = append(links, l.URL())
	}
	z.Publish(a, 1, nil, links)
	v = newVisit(t, a)
	v.pass(z, 24*time.Hour)
	if n := v.w.trees.Len(); n != listsMax {
		t.Errorf("%d lists, want %d", n, listsMax)
	}
}

// A list that is no longer linked to is left alone, and makes room; one that is again
// goes on where it was.
func TestLinkTakenBack(t *testing.T) {
	a, b, c, z := newLister("a"), newLister("b"), newLister("c"), newZone()
	z.Publish(a, 1, nil, []string{b.URL()})
	z.Publish(b, 5, records(1), []string{c.URL()})
	z.Publish(c, 1, nil, nil)
	v := newVisit(t, a)
	v.pass(z, time.Minute)
	z.Publish(a, 2, nil, nil)
	v.pass(z, 30*time.Minute)
	z.asked = nil
	v.pass(z, 2*time.Hour)
	for _, name := range z.asked {
		if !strings.HasSuffix(name, a.Domain) {
			t.Errorf("%s is asked for, and nobody links to it", name)
		}
	}
	z.Publish(a, 3, nil, []string{b.URL()})
	z.Publish(b, 4, nil, nil) // rolled back
	v.pass(z, 2*time.Hour)
	if v.count("root_failed "+b.Domain) == 0 {
		t.Errorf("a list was rolled back while nobody linked to it: %q", v.events)
	}
}

// What a signature or a hash does not cover is not taken.
func TestForgeries(t *testing.T) {
	a, mallory := newLister("a"), lister{Key: listtest.Key("mallory"), Domain: newLister("a").Domain}
	all := records(20)
	tests := []struct {
		name string
		zone func(z *zone)
		want int
		fail string
	}{
		{"nothing wrong", func(*zone) {}, 20, ""},
		{"root of another key", func(z *zone) {
			e := z.Tree(a.Domain, all)
			z.Zone[a.Domain] = []string{mallory.Sign(e, e, 9)}
		}, 0, "root_failed"},
		{"root changed", func(z *zone) {
			z.Zone[a.Domain] = []string{strings.Replace(z.Zone[a.Domain][1], "seq=1", "seq=2", 1)}
		}, 0, "root_failed"},
		{"leaf is another one", func(z *zone) {
			z.Zone[hashOf(all[3])+"."+a.Domain] = []string{all[4]}
		}, 19, "entry_failed"},
		{"branch is another one", func(z *zone) {
			for name, texts := range z.Zone {
				if strings.HasPrefix(texts[0], branchPrefix) && !strings.HasSuffix(texts[0], ":") {
					z.Zone[name] = []string{branchPrefix + hashOf(all[0])}
				}
			}
		}, 0, "entry_failed"},
		{"14 children", func(z *zone) {
			var hashes []string
			for _, r := range all[:14] {
				hashes = append(hashes, z.Put(a.Domain, r))
			}
			z.Root(a, 1, z.Put(a.Domain, branchPrefix+strings.Join(hashes, ",")), z.Tree(a.Domain, nil))
		}, 0, "entry_failed"},
		{"records among links", func(z *zone) { z.Publish(a, 1, nil, all) }, 0, "entry_failed"},
		{"links among records", func(z *zone) { z.Publish(a, 1, []string{mallory.URL()}, nil) }, 0, "entry_failed"},
		{"the same leaf thirteen times", func(z *zone) {
			h := z.Put(a.Domain, all[0])
			for range 6 { // 13^6 paths
				h = z.Put(a.Domain, branchPrefix+strings.Repeat(h+",", childrenMax-1)+h)
			}
			z.Root(a, 1, h, z.Tree(a.Domain, nil))
		}, 1, ""},
		{"a right text among others", func(z *zone) {
			name := hashOf(all[3]) + "." + a.Domain
			z.Zone[name] = []string{"v=spf1", all[4], all[3]}
		}, 20, ""},
	}
	for _, tc := range tests {
		z := newZone()
		z.Publish(a, 1, all, nil)
		tc.zone(z)
		v := newVisit(t, a)
		v.pass(z, 10*time.Minute)
		if len(v.found) != tc.want {
			t.Errorf("%s: %d records, want %d", tc.name, len(v.found), tc.want)
		}
		if failed := v.count("root_failed") + v.count("entry_failed"); (failed > 0) != (tc.fail != "") || tc.fail != "" && v.count(tc.fail) == 0 {
			t.Errorf("%s: events %q, want %s", tc.name, v.events, tc.fail)
		}
		if len(z.asked) > 200 || v.walked > 20 {
			t.Errorf("%s: %d questions, %d records in one pass", tc.name, len(z.asked), v.walked)
		}
	}
}

// A sequence number never goes down, nor does a tree change under the same one.
func TestRollback(t *testing.T) {
	a, z := newLister("a"), newZone()
	all := records(4)
	z.Publish(a, 7, all[:1], nil)
	v := newVisit(t, a)
	v.pass(z, time.Minute)
	for i, seq := range []uint64{6, 7} {
		z.Publish(a, seq, all[1:3], nil)
		v.pass(z, 31*time.Minute)
		if len(v.found) != 1 || v.count("root_failed") <= i {
			t.Errorf("seq %d after 7: %d records, events %q", seq, len(v.found), v.events)
		}
	}
	z.Publish(a, 8, all[1:], nil)
	v.pass(z, 31*time.Minute)
	if len(v.found) != 4 {
		t.Errorf("seq 8 after 7: %d records, want 4", len(v.found))
	}
}

// A list that changes while it is read is read anew soon: its old entries are gone.
func TestChangeIsSeenSoon(t *testing.T) {
	a, z := newLister("a"), newZone()
	z.Publish(a, 1, records(60), nil)
	v := newVisit(t, a)
	v.pass(z, 2*time.Second)
	clear(z.Zone)
	z.Publish(a, 2, records(120)[60:], nil)
	v.pass(z, 3*time.Minute)
	if n := len(v.found); n < 60 {
		t.Errorf("%d records three minutes after the change", n)
	}
}
