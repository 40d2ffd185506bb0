package rlpx

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/rlp"
	"github.com/ropewalk/ropewalk/link"
)

func testHello(t testing.TB) *hello {
	a, _ := testKeys(t)
	return &hello{Version: 5, Agent: "ropewalk/v1/linux", Caps: []capability{{"a", 1}, {"b", 300}}, Port: 30303, Key: a.Public(), Network: "net"}
}

func TestHelloRoundTrip(t *testing.T) {
	h := testHello(t)
	for _, network := range []string{"", "net", strings.Repeat("n", networkBytesMax)} {
		h.Network = network
		b, err := appendHello([]byte("in front"), h)
		if err != nil {
			t.Fatal(err)
		}
		got, err := parseHello(bytes.TrimPrefix(b, []byte("in front")))
		if err != nil || !reflect.DeepEqual(&got, h) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	h.Key = id.Public{}
	if _, err := appendHello(nil, h); err == nil {
		t.Error("wrote a Hello without a key")
	}
}

// list is an RLP list of encoded items.
func list(items ...[]byte) []byte { return rlp.AppendList(nil, bytes.Join(items, nil)) }

func text(s string) []byte   { return rlp.AppendString(nil, s) }
func number(v uint64) []byte { return rlp.AppendUint(nil, v) }

// rawHello is a Hello of encoded items, nil for the usual one.
func rawHello(t testing.TB, version, agent, caps, port, key []byte, more ...[]byte) []byte {
	a, _ := testKeys(t)
	full := a.Uncompressed()
	items := [][]byte{number(5), text("x"), list(list(text("a"), number(1))), number(0), rlp.AppendBytes(nil, full[:])}
	for i, item := range [][]byte{version, agent, caps, port, key} {
		if item != nil {
			items[i] = item
		}
	}
	return list(append(items, more...)...)
}

func TestHelloRefusals(t *testing.T) {
	var many [][]byte
	for i := range uint64(capsMax + 1) {
		many = append(many, list(text("a"), number(i)))
	}
	for what, c := range map[string]struct {
		payload []byte
		why     link.Reason
	}{
		"nothing":                {nil, link.Breach},
		"no list":                {text("hello"), link.Breach},
		"empty list":             {list(), link.Breach},
		"cut":                    {rawHello(t, nil, nil, nil, nil, nil)[:60], link.Breach},
		"bytes after the list":   {append(rawHello(t, nil, nil, nil, nil, nil), 0), link.Breach},
		"version 0":              {rawHello(t, number(0), nil, nil, nil, nil), link.BadVersion},
		"version 3":              {rawHello(t, number(3), nil, nil, nil, nil), link.BadVersion},
		"version as a list":      {rawHello(t, list(), nil, nil, nil, nil), link.Breach},
		"version of nine bytes":  {rawHello(t, text("123456789"), nil, nil, nil, nil), link.Breach},
		"agent as a list":        {rawHello(t, nil, list(), nil, nil, nil), link.Breach},
		"capabilities as text":   {rawHello(t, nil, nil, text("a/1"), nil, nil), link.Breach},
		"capability as text":     {rawHello(t, nil, nil, list(text("a/1")), nil, nil), link.Breach},
		"capability of one":      {rawHello(t, nil, nil, list(list(text("a"))), nil, nil), link.Breach},
		"capability of three":    {rawHello(t, nil, nil, list(list(text("a"), number(1), number(2))), nil, nil), link.Breach},
		"capability version 00":  {rawHello(t, nil, nil, list(list(text("a"), []byte{0})), nil, nil), link.Breach},
		"129 capabilities":       {rawHello(t, nil, nil, list(many...), nil, nil), link.Breach},
		"no key":                 {list(number(5), text("x"), list(), number(0)), link.Breach},
		"key of 63 bytes":        {rawHello(t, nil, nil, nil, nil, text(strings.Repeat("k", 63))), link.BadIdentity},
		"key of 65 bytes":        {rawHello(t, nil, nil, nil, nil, text(strings.Repeat("k", 65))), link.BadIdentity},
		"key of no bytes":        {rawHello(t, nil, nil, nil, nil, text("")), link.BadIdentity},
		"key of zeros":           {rawHello(t, nil, nil, nil, nil, rlp.AppendBytes(nil, make([]byte, 64))), link.BadIdentity},
		"key off the curve":      {rawHello(t, nil, nil, nil, nil, text(strings.Repeat("k", 64))), link.BadIdentity},
		"more than 2048 bytes":   {rawHello(t, nil, text(strings.Repeat("x", 2048)), nil, nil, nil), link.Breach},
		"10,000 capabilities":    {rawHello(t, nil, nil, list(bytes.Repeat(list(text("a"), number(1)), 10000)), nil, nil), link.Breach},
		"length of four billion": {[]byte{0xfb, 0xff, 0xff, 0xff, 0xff}, link.Breach},
	} {
		_, err := parseHello(c.payload)
		var why link.Reason
		if !errors.As(err, &why) || why != c.why {
			t.Errorf("%s: %v, want %v", what, err, c.why)
		}
	}
}

// "Implementations should ignore the version number … and any additional list
// elements" (EIP-8), and a name that nobody can have is nobody's.
func TestHelloTolerance(t *testing.T) {
	for what, payload := range map[string][]byte{
		"version 4":           rawHello(t, number(4), nil, nil, nil, nil),
		"version 2^64-1":      rawHello(t, number(1<<64-1), nil, nil, nil, nil),
		"long agent":          rawHello(t, nil, text(strings.Repeat("x", 1000)), nil, nil, nil),
		"control characters":  rawHello(t, nil, text("\x1b[2J\x00\n"), nil, nil, nil),
		"no capabilities":     rawHello(t, nil, nil, list(), nil, nil),
		"port above 65535":    rawHello(t, nil, nil, nil, number(1<<40), nil),
		"elements after":      rawHello(t, nil, nil, nil, nil, nil, number(0), list(), text("x")),
		"a list after":        rawHello(t, nil, nil, nil, nil, nil, list(text("net"))),
		"long text after":     rawHello(t, nil, nil, nil, nil, nil, text(strings.Repeat("n", networkBytesMax+1))),
		"malformed after":     rawHello(t, nil, nil, nil, nil, nil, []byte{0x81, 0x00}),
		"names nobody has":    rawHello(t, nil, nil, list(list(text(""), number(1)), list(text("ninebytes"), number(1)), list(text("a b"), number(1)), list(text("\x7f"), number(1)), list(text("ä"), number(1))), nil, nil),
		"capability repeated": rawHello(t, nil, nil, list(list(text("a"), number(1)), list(text("a"), number(1))), nil, nil),
	} {
		h, err := parseHello(payload)
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if len(h.Agent) > agentBytesMax || len(h.Network) > networkBytesMax {
			t.Errorf("%s: agent of %d bytes, network %q", what, len(h.Agent), h.Network)
		}
		if what == "names nobody has" && len(h.Caps) != 0 {
			t.Errorf("%s: %v", what, h.Caps)
		}
	}
}

func FuzzHello(f *testing.F) {
	good, err := appendHello(nil, testHello(f))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(vectors(f, "testdata/eip8.txt")["hello"])
	f.Add(rawHello(f, nil, nil, list(list(text(""), number(1))), nil, nil, list()))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := parseHello(b)
		if err != nil {
			var why link.Reason
			if !errors.As(err, &why) {
				t.Fatalf("%v tells the remote nothing", err)
			}
			return
		}
		if len(h.Agent) > agentBytesMax || len(h.Caps) > capsMax || h.Version < helloVersionMin || len(h.Network) > networkBytesMax {
			t.Fatalf("%+v", h)
		}
		again, err := appendHello(nil, &h)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := parseHello(again); err != nil || !reflect.DeepEqual(back, h) {
			t.Fatalf("%+v written again is %+v, %v", h, back, err)
		}
	})
}
