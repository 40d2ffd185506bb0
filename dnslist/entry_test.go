package dnslist

import (
	"errors"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	key := "AM5FCQLWIZX2QFPNJAP7VUERCCRNGRHWZG3YYHIUV7BVDQ5FDPRT2"
	good := map[string]string{
		"enrtree://" + key + "@nodes.example.org":  "nodes.example.org",
		"enrtree://" + key + "@Nodes.Example.ORG.": "nodes.example.org",
		"enrtree://" + key + "@n":                  "n",
	}
	for text, domain := range good {
		l, err := Parse(text)
		if err != nil || l.Domain != domain {
			t.Errorf("%s: %q %v, want %s", text, l.Domain, err, domain)
		}
		if again, err := Parse(l.String()); err != nil || again != l {
			t.Errorf("%s is read as %v %v", l, again, err)
		}
	}
	for _, text := range []string{
		"", "enrtree://", "enr://" + key + "@n", "enrtree://" + key, "enrtree://" + key + "@", "enrtree://@n",
		"enrtree://" + strings.ToLower(key) + "@n",
		"enrtree://" + key[:52] + "@n",
		"enrtree://" + key[:52] + "3@n",                                     // the last character's spare bits
		"enrtree://AA5FCQLWIZX2QFPNJAP7VUERCCRNGRHWZG3YYHIUV7BVDQ5FDPRT2@n", // no point
		"enrtree://" + key + "@a..b", "enrtree://" + key + "@.a", "enrtree://" + key + "@a b",
		"enrtree://" + key + "@a/b", "enrtree://" + key + "@a\x00b", "enrtree://" + key + "@" + strings.Repeat("a", 64),
		"enrtree://" + key + "@" + strings.Repeat("a.", 150) + "a",
		"enrtree://" + key + "@a@b",
	} {
		if l, err := Parse(text); !errors.Is(err, ErrList) {
			t.Errorf("%q is read as %v, %v", text, l, err)
		}
	}
}

func TestRootForm(t *testing.T) {
	a := newLister("a")
	e, l := hashOf("e"), hashOf("l")
	right := a.Sign(e, l, 3)
	r, err := parseRoot(right, a.Key.Public())
	if err != nil || r != (root{e, l, 3}) {
		t.Fatalf("%+v %v", r, err)
	}
	signed := func(e, l string) string { return a.Sign(e, l, 3) }
	for name, text := range map[string]string{
		"another version":  strings.Replace(right, "v1", "v2", 1),
		"no signature":     right[:strings.Index(right, " sig=")],
		"short signature":  right[:len(right)-2],
		"something behind": right + " x=y",
		"hash too short":   signed("AAAA", l),
		"hash too long":    signed(e, strings.Repeat("A", 56)),
		"hash not base32":  signed(e[:25]+"1", l),
		"other order":      "enrtree-root:v1 l=" + l + " e=" + e + " seq=3" + right[strings.Index(right, " sig="):],
		"other key":        newLister("b").Sign(e, l, 3),
		"longer than DNS":  right + strings.Repeat("A", 512),
		"nothing":          "",
	} {
		if r, err := parseRoot(text, a.Key.Public()); !errors.Is(err, ErrRoot) {
			t.Errorf("%s: %+v %v", name, r, err)
		}
	}
}

func TestEntryForm(t *testing.T) {
	record := records(1)[0]
	link := newLister("a").URL()
	three := strings.Join([]string{hashOf("1"), hashOf("2"), hashOf("3")}, ",")
	for name, text := range map[string]string{"branch": branchPrefix + three, "empty branch": branchPrefix, "record": record, "link": link} {
		if _, err := parseEntry(hashOf(text), text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := parseEntry(hashOf(text+"x"), text); !errors.Is(err, ErrEntry) {
			t.Errorf("%s under the hash of another: %v", name, err)
		}
	}
	for name, text := range map[string]string{
		"nothing":             "",
		"another word":        "enrtree-leaf:" + three,
		"fourteen children":   branchPrefix + strings.Repeat(hashOf("1")+",", 13) + hashOf("1"),
		"empty child":         branchPrefix + hashOf("1") + ",",
		"short child":         branchPrefix + "AAAA",
		"record not verified": record[:len(record)-1] + "B",
		"record cut":          record[:40],
		"link without key":    "enrtree://example.org",
		"longer than DNS":     branchPrefix + strings.Repeat(" ", 512),
	} {
		if e, err := parseEntry(hashOf(text), text); !errors.Is(err, ErrEntry) {
			t.Errorf("%s: %+v %v", name, e, err)
		}
	}
	if _, err := parseEntry("", record); err == nil {
		t.Error("a record without a name is taken")
	}
}

// FuzzText: whatever stands in DNS, reading it gives an entry whose parts are in
// bounds, or an error.
func FuzzText(f *testing.F) {
	for _, text := range eip.zone {
		f.Add(text)
	}
	f.Add(eip.list)
	key := newLister("a").Key.Public()
	f.Fuzz(func(t *testing.T, text string) {
		if l, err := Parse(text); err == nil {
			if again, err := Parse(l.String()); err != nil || again != l {
				t.Errorf("%v is written as %s and read as %v, %v", l, l, again, err)
			}
		}
		if r, err := parseRoot(text, key); err == nil {
			t.Errorf("a root without the key: %+v", r)
		}
		e, err := parseEntry(hashOf(text), text)
		if err != nil && !errors.Is(err, ErrEntry) {
			t.Errorf("error %v", err)
		}
		if len(e.children) > childrenMax {
			t.Errorf("%d children", len(e.children))
		}
		for _, h := range e.children {
			if !goodHash(h) || strings.Contains(h, ".") {
				t.Errorf("child %q", h)
			}
		}
	})
}

// FuzzWalk: whatever a name server answers, a walk asks for one name after another at
// its pace, keeps its bounds and finds nothing that is not signed.
func FuzzWalk(f *testing.F) {
	f.Add("enrtree-branch:", uint8(20))
	f.Add(eip.zone["nodes.example.org"], uint8(20))
	f.Fuzz(func(t *testing.T, text string, n uint8) {
		a, z := newLister("a"), newZone()
		h := z.Put(a.Domain, text)
		z.Root(a, 1, h, z.Put(a.Domain, branchPrefix+h))
		z.made = func(string) string { return text }
		v := newVisit(t, a)
		for range n {
			v.pass(z, 1<<35)
		}
		if v.w.cache.Len() > cacheMax || v.w.trees.Len() > listsMax {
			t.Errorf("%d entries, %d lists", v.w.cache.Len(), v.w.trees.Len())
		}
	})
}
