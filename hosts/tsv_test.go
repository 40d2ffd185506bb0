package hosts

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// A list as DarkFi's programs save it: what names a peer is taken as grey, all else is
// counted by reason, and no time in it counts for anything.
func TestImport(t *testing.T) {
	pub, _ := testKey(1).Public().Uncompressed()
	enode := fmt.Sprintf("enode://%x@8.3.1.1:30303", pub)
	text := "gold\ttcp+tls://lilith1.dark.fi:5262\t1732000000\n" +
		"white\ttcp+tls://8.8.8.8:5262\t1732000000\r\n" +
		"grey\ttor://" + strings.Repeat("a", 56) + ".onion:80\t1732000000\n" +
		"gold\t" + testAddr(1, "8.1.1.1").String() + "\t9223372036825538688\n" + // the year 292277026596
		"dark\t" + enode + "\t0\n" +
		"dark\t" + enode + "\t0\n" + // twice
		"white\t" + testAddr(2, "127.0.0.1").String() + "\t1\n" +
		"black\t" + testAddr(3, "8.4.1.1").String() + "\t1\n" +
		"white\t/ip4/8.5.1.1/tcp/4001\t1\n" +
		"white\tgopher://8.5.1.1\t1\n" +
		"white\t" + testAddr(4, "8.6.1.1").String() + "\tnever\n" +
		"white\t" + testAddr(5, "8.7.1.1").String() + "\n" +
		"violet\t" + testAddr(5, "8.7.1.1").String() + "\t1\n" +
		"\n\x00\xff\n" + strings.Repeat("x", 5000) + "\n" +
		"white\t" + testAddr(6, "8.8.1.1").String()[:20] // torn
	b := newBook(Config{})
	got, err := b.Import(t0, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	want := Import{Lines: 16, Taken: 2, Known: 1, Skipped: []Skipped{
		{"no line of a list of hosts", 6}, {"names no peer: tcp+tls", 2}, {"names no peer: tor", 1}, {"address not allowed", 1},
		{"banned there", 1}, {"names no peer", 1}, {"no address that we know", 1},
	}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nwant %+v", got, want)
	}
	for _, who := range []link.Addr{testAddr(1, "8.1.1.1"), link.MustAddr(enode)} {
		h, _ := b.Get(who.ID())
		if h.Colour != Grey || !h.LastSeen.IsZero() || h.Ever || h.Reached || h.Source != "" {
			t.Errorf("%+v", h)
		}
	}
	if _, err := b.Import(t0, make([]byte, ImportBytesMax+1)); !errors.Is(err, ErrImport) {
		t.Errorf("too long: %v", err)
	}
	checkInvariants(t, b)
}

// A long list takes no more than a network group may have, says so, and pushes out nobody
// whom we reached.
func TestImportIsBounded(t *testing.T) {
	b := newBook(Config{GreyMax: 100})
	_ = b.Seen(t0, outInfo(testAddr(0, "8.1.1.1")))
	var w strings.Builder
	for n := range 5000 {
		fmt.Fprintf(&w, "white\t%s\t1\n", testAddr(1+n, fmt.Sprintf("9.%d.%d.1", n%100, n/100)))
	}
	got, err := b.Import(t0, []byte(w.String()))
	if err != nil || got.Taken != b.Len()-1 || got.Taken > 100 || got.Taken < 50 || len(got.Skipped) != 1 || got.Taken+got.Skipped[0].Lines != 5000 {
		t.Errorf("%+v, %v; the book has %d", got, err, b.Len())
	}
	mustColour(t, b, testPeer(0).ID(), Grey)
	checkInvariants(t, b)
}

func FuzzImport(f *testing.F) {
	f.Add([]byte("gold\ttcp+tls://lilith1.dark.fi:5262\t1732000000\n"))
	f.Add([]byte("white\t" + testAddr(1, "8.1.1.1").String() + "\t18446744073709551615\n\n\x00"))
	f.Fuzz(func(t *testing.T, text []byte) {
		b := newBook(Config{GreyMax: 4, WhiteMax: 4, DarkMax: 4})
		got, err := b.Import(t0, text)
		if err != nil {
			return
		}
		sum := got.Taken + got.Known
		for _, s := range got.Skipped {
			sum += s.Lines
		}
		if sum != got.Lines || got.Taken != b.Len() {
			t.Fatalf("%+v, %d hosts", got, b.Len())
		}
		b.Advance(t0.Add(time.Hour))
		checkInvariants(t, b)
	})
}
