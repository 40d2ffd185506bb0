package hosts

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"pgregory.net/rapid"
)

var sampleRecords = func() (out []*enr.Record) {
	for n := range 80 {
		out = append(out, testRecord(n, 1, fmt.Sprintf("8.%d.1.1", n), enr.Rope{Network: enr.NetworkTag("alpha"), TCP: 4001}))
	}
	return out
}()

// withSum completes lines to a file.
func withSum(lines string) []byte { return withHeader(fileHeader, lines) }

func withHeader(header, lines string) []byte {
	data := []byte(header + lines)
	return fmt.Appendf(data, "%s%x\n", sumPrefix, sha256.Sum256(data))
}

// TestSaveLoadSave: what was saved comes back, in colour and in what was seen.
func TestSaveLoadSave(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := New(Config{Network: rapid.SampledFrom([]string{"", "alpha"}).Draw(t, "network")}, rand.New(rand.NewPCG(1, 1)))
		var gold []id.ID
		for n := range rapid.IntRange(0, 30).Draw(t, "hosts") {
			_ = b.Hear(t0, rapid.SampledFrom([]string{"", "8.8.0.0/16", "odd\tsource\n"}).Draw(t, "source"), sampleRecords[n])
			if rapid.Bool().Draw(t, "reached") {
				a := testAddr(n, fmt.Sprintf("8.%d.1.1", n))
				info := outInfo(a)
				info.ID, info.PeerID = sampleRecords[n].ID(), sampleRecords[n].Public().PeerID()
				info.Addr = a.WithPeer(info.PeerID)
				_ = b.Seen(t0, info)
			}
			_ = b.Move(t0, sampleRecords[n].ID(), rapid.SampledFrom([]Colour{Grey, White}).Draw(t, "colour"))
			if len(gold) < AnchorsMax && rapid.Bool().Draw(t, "gold") {
				if b.Move(t0, sampleRecords[n].ID(), Gold) == nil {
					gold = append(gold, sampleRecords[n].ID())
				}
			}
		}
		b.SetAnchors(t0, gold)
		_ = b.Ban(t0, OfID(testPeer(5000).ID()), time.Hour)
		first := b.Encode(true)
		again := New(Config{Network: b.cfg.Network}, rand.New(rand.NewPCG(2, 2)))
		if err := again.Load(t0, first); err != nil {
			t.Fatal(err)
		}
		if taken, skipped := again.Loaded(); skipped != 0 || taken != 3+b.Len()+len(gold)+1 {
			t.Fatalf("%d lines taken, %d skipped, of %d hosts", taken, skipped, b.Len())
		}
		checkInvariants(t, again)
		if second := again.Encode(true); !bytes.Equal(first, second) {
			t.Fatalf("first\n%s\nsecond\n%s", first, second)
		}
		if !again.Banned(t0, testPeer(5000).ID(), link.Addr{}) {
			t.Fatal("the ban was lost")
		}
		_ = again.Load(t0, first) // trap 9: loading again doubles nothing
		if again.Len() != b.Len() {
			t.Fatalf("%d hosts after loading twice, want %d", again.Len(), b.Len())
		}
	})
}

func TestLoadRefusesDamage(t *testing.T) {
	b := newBook(Config{})
	_ = b.Hear(t0, "", sampleRecords[0])
	good := b.Encode(true)
	for _, c := range []struct {
		name string
		data []byte
		want error
	}{
		{"empty", nil, ErrVersion},
		{"other version", bytes.Replace(good, []byte("hosts 2"), []byte("hosts 3"), 1), ErrVersion},
		{"cut", good[:len(good)-5], ErrChecksum},
		{"torn", good[:len(fileHeader)+10], ErrChecksum},
		{"flipped", bytes.Replace(good, []byte("grey"), []byte("gold"), 1), ErrChecksum},
		{"more", append(bytes.Clone(good), 'x'), ErrChecksum},
	} {
		again := newBook(Config{})
		if err := again.Load(t0, c.data); !errors.Is(err, c.want) || again.Len() != 0 {
			t.Errorf("%s: %v, %d hosts", c.name, err, again.Len())
		}
	}
}

// TestLoadDistrusts: every line passes the filter, times in the future become now,
// bad lines are skipped and counted, and only so many anchors return.
func TestLoadDistrusts(t *testing.T) {
	a := func(n int, ip string) string {
		x := testAddr(n, ip)
		return fmt.Sprintf("%s\t%%d\t0\t0\t-\t-\t-\t%s\t0\n", x.ID(), x)
	}
	future := t0.Add(100 * 365 * 24 * time.Hour).Unix()
	lines := "white\t" + fmt.Sprintf(a(1, "8.1.1.1"), future) +
		"white\t" + fmt.Sprintf(a(2, "127.0.0.1"), 1) + // local
		"white\t" + fmt.Sprintf(a(1, "8.1.1.1"), 2) + // twice
		"violet\t" + fmt.Sprintf(a(3, "8.3.1.1"), 1) +
		"black\t" + fmt.Sprintf(a(3, "8.3.1.1"), 1) +
		"white\t" + strings.Replace(fmt.Sprintf(a(3, "8.3.1.1"), 1), testPeer(3).ID().String(), testPeer(4).ID().String(), 1) +
		"white\t" + fmt.Sprintf(a(5, "8.5.1.1"), -1) +
		"dark\t" + fmt.Sprintf(a(6, "8.6.1.1"), 1) + // dialable: grey
		"rubbish\n\n" +
		"ban\t" + testPeer(9).ID().String() + "\t99999999999999999\n" +
		"ban\tnobody\t5\n"
	for n := range AnchorsMax + 5 {
		lines = fmt.Sprintf("anchor\t%s\t0\n", testAddr(100+n, "9.9.9.9").ID()) + lines
		lines += "gold\t" + fmt.Sprintf(a(100+n, fmt.Sprintf("9.%d.1.1", n)), 1)
	}
	b := newBook(Config{})
	if err := b.Load(t0, withSum(lines)); err != nil {
		t.Fatal(err)
	}
	if taken, skipped := b.Loaded(); taken != 3+AnchorsMax+AnchorsMax+5 || skipped != 9+5 {
		t.Errorf("%d taken, %d skipped", taken, skipped)
	}
	if h, _ := b.Get(testPeer(1).ID()); !h.LastSeen.Equal(t0) {
		t.Errorf("seen at %s, which is in the future", h.LastSeen)
	}
	mustColour(t, b, testPeer(6).ID(), Grey)
	if c := b.Counts(); c.Gold != AnchorsMax || c.White != 6 {
		t.Errorf("counts %+v", c)
	}
	checkInvariants(t, b)
}

func FuzzLoad(f *testing.F) {
	b := newBook(Config{})
	_ = b.Hear(t0, "8.8.0.0/16", sampleRecords[0])
	_ = b.Seen(t0, outInfo(testAddr(1, "8.1.1.1")))
	_ = b.Ban(t0, OfIP(testAddr(2, "8.2.1.1").IP()), time.Hour)
	good := b.Encode(true)
	body, _, _ := checked(good)
	f.Add(string(body))
	f.Add(string(good))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		for _, data := range [][]byte{[]byte(text), withSum(text)} {
			b := newBook(Config{GreyMax: 4, WhiteMax: 4, DarkMax: 4, BansMax: 4})
			if b.Load(t0, data) != nil {
				continue
			}
			checkInvariants(t, b)
			again := newBook(Config{GreyMax: 4, WhiteMax: 4, DarkMax: 4, BansMax: 4})
			if err := again.Load(t0, b.Encode(true)); err != nil {
				t.Fatalf("what was loaded and saved does not load: %v", err)
			}
			if _, skipped := again.Loaded(); skipped != 0 || again.Len() != b.Len() {
				t.Fatalf("%d hosts saved, %d loaded, %d lines skipped", b.Len(), again.Len(), skipped)
			}
		}
	})
}
