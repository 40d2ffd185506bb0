package rpc

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// unframe takes the length prefix off.
func unframe(t testing.TB, b []byte) []byte {
	t.Helper()
	n, w := binary.Uvarint(b)
	if w <= 0 || int(n) != len(b)-w {
		t.Fatalf("%x is no frame", b)
	}
	return b[w:]
}

const signedHex = "0a2600240801122003a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8" +
	"120268691a0800000000000000012201742a40" +
	"a38077cfa665c3daea54d63df03f1e7b406f479eb1f3370f7815799c21e002d697af249e3008a553a389c6721161288ee89e030897db857e7a8e504daddc060f"

func b(s string) []byte { return []byte(s) }

// The reference bytes of the specification's implementations, with frame length.
var vectors = []struct {
	name, hex string
	want      RPC
}{
	{"subscribe", "070a050801120174", RPC{Subs: []Sub{{Topic: b("t"), Subscribe: true}}}},
	{"unsubscribe", "070a050800120174", RPC{Subs: []Sub{{Topic: b("t")}}}},
	{"graft", "071a051a030a0174", RPC{Graft: []Graft{{b("t")}}}},
	{"prune bare", "071a0522030a0174", RPC{Prune: []Prune{{Topic: b("t")}}}},
	{"prune 60 s", "091a0722050a0174183c", RPC{Prune: []Prune{{Topic: b("t"), Backoff: 60, HasBackoff: true}}}},
	{"ihave", "0a1a080a060a0174120178", RPC{IHave: []IHave{{b("t"), [][]byte{b("x")}}}}},
	{"iwant", "071a0512030a0178", RPC{IWant: []IDs{{[][]byte{b("x")}}}}},
	{"idontwant", "071a052a030a0178", RPC{IDontWant: []IDs{{[][]byte{b("x")}}}}},
	{"extensions", "091a0732059091e21801", RPC{HasExtensions: true, Extensions: Extensions{Test: true}}},
	{"test extension", "059291e21800", RPC{HasTest: true}},
	{"extension partial messages", "061a0432025001", RPC{HasExtensions: true, Extensions: Extensions{Partial: true}}},
	{"subscribe, parts asked for", "0b0a09080112017418012001", RPC{Subs: []Sub{{Topic: b("t"), Subscribe: true, RequestsPartial: true, SupportsPartial: true}}}},
	{"partial message", "0e520c0a0174120167" + "1a0170" + "22016d", RPC{HasPartial: true, Partial: Partial{b("t"), b("g"), b("p"), b("m")}}},
	{"partial metadata only", "0b52090a0174120167" + "22016d", RPC{HasPartial: true, Partial: Partial{Topic: b("t"), Group: b("g"), Metadata: b("m")}}},
	{"unsigned message", "09120712026869220174", RPC{Publish: []Message{{Data: b("hi"), Topic: b("t"), Canonical: true}}}},
}

// Rule: W1
func TestVectors(t *testing.T) {
	for _, v := range vectors {
		raw := unframe(t, unhex(t, v.hex))
		var got RPC
		if err := got.Decode(raw, DefaultLimits(0)); err != nil {
			t.Errorf("%s: %v", v.name, err)
			continue
		}
		if !got.Canonical {
			t.Errorf("%s: not canonical", v.name)
		}
		if again := Append(nil, &got); !bytes.Equal(again, raw) {
			t.Errorf("%s: written again as %x, want %x", v.name, again, raw)
		}
		if d := diff(&v.want, &got); d != "" {
			t.Errorf("%s: %s", v.name, d)
		}
	}
}

func diff(want, got *RPC) string {
	return cmp.Diff(want, got, cmpopts.IgnoreUnexported(RPC{}), cmpopts.IgnoreFields(RPC{}, "Canonical"),
		cmpopts.IgnoreFields(Message{}, "Raw", "Frame"), cmpopts.EquateEmpty())
}

// Rule: W1
func TestAppendersGiveTheVectors(t *testing.T) {
	for _, c := range []struct {
		hex string
		got []byte
	}{
		{"070a050801120174", AppendSub(nil, true, "t")},
		{"070a050800120174", AppendSub(nil, false, "t")},
		{"071a051a030a0174", AppendControl(nil, AppendGraft(nil, "t"))},
		{"071a0522030a0174", AppendControl(nil, AppendPrune(nil, "t", -1))},
		{"091a0722050a0174183c", AppendControl(nil, AppendPrune(nil, "t", 60))},
		{"0a1a080a060a0174120178", AppendControl(nil, AppendIHave(nil, "t", []string{"x"}))},
		{"071a0512030a0178", AppendControl(nil, AppendIWant(nil, []string{"x"}))},
		{"071a052a030a0178", AppendControl(nil, AppendIDontWant(nil, [][]byte{b("x")}))},
		{"091a0732059091e21801", AppendControl(nil, AppendExtensions(nil, Extensions{Test: true}))},
		{"061a0432025001", AppendControl(nil, AppendExtensions(nil, Extensions{Partial: true}))},
		{"059291e21800", AppendTest(nil)},
		{"0b0a09080112017418012001", AppendSubPartial(nil, "t", true, true)},
		{"0b52090a017412016722016d", AppendPartial(nil, &Partial{Topic: b("t"), Group: b("g"), Metadata: b("m")})},
		{"09120712026869220174", AppendPublish(nil, AppendMessage(nil, &Message{Data: b("hi"), Topic: b("t")}, false))},
	} {
		if want := unframe(t, unhex(t, c.hex)); !bytes.Equal(c.got, want) {
			t.Errorf("%x, want %x", c.got, want)
		}
	}
}

// Rule: M7
func TestSignedMessageVector(t *testing.T) {
	raw := unhex(t, signedHex)
	var m Message
	if err := m.Decode(raw); err != nil || !m.Canonical {
		t.Fatalf("%v, canonical %v", err, m.Canonical)
	}
	if string(m.Data) != "hi" || string(m.Topic) != "t" || !bytes.Equal(m.Seqno, []byte{0, 0, 0, 0, 0, 0, 0, 1}) || len(m.Signature) != 64 || m.Key != nil {
		t.Fatalf("fields wrong: %+v", m)
	}
	if got := AppendMessage(nil, &m, true); !bytes.Equal(got, raw) {
		t.Fatalf("written again as %x", got)
	}
	if got, want := AppendUnsigned(nil, raw), raw[:len(raw)-66]; !bytes.Equal(got, want) {
		t.Fatalf("signed part %x, want %x", got, want)
	}
}

// Absent and empty are different bytes.
// Rule: W3
func TestPresence(t *testing.T) {
	var m Message
	if err := m.Decode(unhex(t, "1200220174")); err != nil || m.Data == nil || len(m.Data) != 0 || m.Seqno != nil {
		t.Fatalf("%v %+v", err, m)
	}
	if got := AppendMessage(nil, &m, true); !bytes.Equal(got, m.Raw) {
		t.Fatalf("%x", got)
	}
}

// Of a singular field that comes twice the last counts, in every message, and what
// is unknown is skipped, wherever it stands.
// Rule: W2, E14
func TestRepeatedFields(t *testing.T) {
	for name, c := range map[string]struct {
		hex  string
		want RPC
	}{
		"topic of a subscription":   {"0a08 0801 120178 120174", RPC{Subs: []Sub{{Topic: b("t"), Subscribe: true}}}},
		"subscribe flag":            {"0a07 0801 0800 120174", RPC{Subs: []Sub{{Topic: b("t")}}}},
		"topic of a GRAFT":          {"1a08 1a06 0a0178 0a0174", RPC{Graft: []Graft{{b("t")}}}},
		"backoff of a PRUNE":        {"1a09 2207 0a0174 1801 183c", RPC{Prune: []Prune{{Topic: b("t"), Backoff: 60, HasBackoff: true}}}},
		"unknown in a GRAFT":        {"1a0a 1a08 2a0178 0a0174 3801", RPC{Graft: []Graft{{b("t")}}}},
		"unknown in control":        {"1a09 3a0278 78 1a030a0174", RPC{Graft: []Graft{{b("t")}}}},
		"unknown in an RPC":         {"a20603616263 1a051a030a0174", RPC{Graft: []Graft{{b("t")}}}},
		"unknown in a subscription": {"0a09 2a0178 3801 0801 1200", RPC{Subs: []Sub{{Topic: b(""), Subscribe: true}}}},
		"unknown extension":         {"1a09 3207 3801 5001 a00601", RPC{HasExtensions: true, Extensions: Extensions{Partial: true}}},
		"two control messages":      {"1a051a030a0174 1a051a030a0175", RPC{Graft: []Graft{{b("t")}, {b("u")}}}},
	} {
		var got RPC
		if err := got.Decode(unhex(t, c.hex), DefaultLimits(0)); err != nil {
			t.Errorf("%s: %v", name, err)
		} else if d := diff(&c.want, &got); d != "" || got.Canonical {
			t.Errorf("%s: canonical %v, %s", name, got.Canonical, d)
		}
	}
}

// Rule: W2, W5
func TestNonCanonicalMessages(t *testing.T) {
	for name, h := range map[string]string{
		"descending":       "220174 12026869",
		"twice, last wins": "12026161 12026869 220174",
		"long length":      "12820068 69 220174",
		"long tag":         "920002 6869 220174",
		"legacy topics":    "12026869 220178 220174",
		"unknown varint":   "12026869 220174 3801",
		"unknown bytes":    "12026869 220174 a20603616263",
	} {
		var m Message
		if err := m.Decode(unhex(t, h)); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if m.Canonical {
			t.Errorf("%s: taken for canonical", name)
		}
		if got := AppendMessage(nil, &m, false); !bytes.Equal(got, unhex(t, "12026869220174")) {
			t.Errorf("%s: written as %x", name, got)
		}
	}
	var m Message
	if err := m.Decode(unhex(t, "220174 3801 12026869")); err != nil {
		t.Fatal(err)
	}
	if got := AppendMessage(nil, &m, true); !bytes.Equal(got, unhex(t, "12026869 220174 3801")) {
		t.Fatalf("unknown field lost: %x", got)
	}
}

// Rule: W8
func TestMalformed(t *testing.T) {
	for name, h := range map[string]string{
		"truncated tag": "80", "truncated length": "0a", "length past the end": "0a05", "field 0": "0200",
		"group": "0b0c", "wire type 6": "0e", "varint of 11 bytes": "38ffffffffffffffffffff01", "varint above 64 bits": "38ffffffffffffffffff02",
		"subscriptions as a number": "0801", "message as a number": "1001", "control as a number": "1801",
		"topic as a number": "0a021001", "flag as bytes": "0a020a00", "data as a number": "12021001",
		"graft topic as a number": "1a041a020801", "backoff as bytes": "1a0422021a00", "ids as a number": "1a0412020801",
		"extension as bytes": "1a0432025200", "partial as a number": "5001", "group as a number": "52021001", "extensions cut": "1a03320150",
		"huge length": "12ffffffffffffffffff01", "fixed cut": "3d0000",
	} {
		var r RPC
		if err := r.Decode(unhex(t, h), DefaultLimits(0)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Rule: W6
func TestLimits(t *testing.T) {
	rep := func(n int, s []byte) []byte { return bytes.Repeat(s, n) }
	ids := func(n int) []byte { return AppendControl(nil, AppendIHave(nil, "t", make([]string, n))) }
	for _, c := range []struct {
		name  string
		frame []byte
		ok    bool
	}{
		{"frame at limit", append(rep(1, b("\x12")), func() []byte {
			body := appendBytes(nil, 2, make([]byte, BytesMax-10))
			return append(binary.AppendUvarint(nil, uint64(len(body))), body...)
		}()...), true},
		{"frame above", make([]byte, BytesMax+1), false},
		{"5000 messages", rep(PublishMax, []byte{0x12, 0}), true},
		{"5001 messages", rep(PublishMax+1, []byte{0x12, 0}), false},
		{"control bytes", rep(1, append(binary.AppendUvarint([]byte{0x3a}, ControlMax), make([]byte, ControlMax)...)), false},
		{"unknown fields", rep(300000, []byte{0x38, 0}), false},
		{"5000 ids", ids(IDsMax), true},
		{"5001 ids", ids(IDsMax + 1), false},
		{"long id", AppendControl(nil, AppendIWant(nil, []string{strings.Repeat("x", IDBytesMax+1)})), false},
		{"longest id", AppendControl(nil, AppendIWant(nil, []string{strings.Repeat("x", IDBytesMax)})), true},
		{"130 grafts", AppendControl(nil, rep(2+GraftsMax, AppendGraft(nil, "t"))), true},
		{"131 grafts", AppendControl(nil, rep(3+GraftsMax, AppendGraft(nil, "t"))), false},
		{"131 prunes", AppendControl(nil, rep(3+GraftsMax, AppendPrune(nil, "t", 1))), false},
		{"long group", AppendPartial(nil, &Partial{Group: make([]byte, IDBytesMax+1)}), false},
		{"long metadata", AppendPartial(nil, &Partial{Metadata: make([]byte, MetadataMax+1)}), false},
		{"longest metadata, large parts", AppendPartial(nil, &Partial{Message: make([]byte, ControlMax), Metadata: make([]byte, MetadataMax)}), true},
		{"11 extensions", AppendControl(nil, appendBytes(nil, 6, rep(11, []byte{0x50, 1}))), false},
	} {
		var r RPC
		err := r.Decode(c.frame, DefaultLimits(2))
		if (err == nil) != c.ok || err != nil && !errors.Is(err, ErrExcess) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// Rule: W6
func TestExcessIsCutOff(t *testing.T) {
	var r RPC
	if err := r.Decode(bytes.Repeat(AppendSub(nil, true, "t"), SubsMax+5), DefaultLimits(0)); err != nil || len(r.Subs) != SubsMax || r.SubsOver != 5 {
		t.Fatalf("%v: %d kept, %d over", err, len(r.Subs), r.SubsOver)
	}
	p := Prune{Topic: b("t"), Peers: make([]PeerInfo, PXMax+3)}
	if err := r.Decode(AppendControl(nil, appendBytes(nil, fieldPrune, appendPruneBody(nil, p))), DefaultLimits(0)); err != nil || len(r.Prune[0].Peers) != PXMax {
		t.Fatalf("%v: %d peers", err, len(r.Prune[0].Peers))
	}
	r.Reset()
	if cap(r.Subs) > scratchMax {
		t.Fatal("a large slice was kept")
	}
}

// A long list of IDs is kept while it is needed, without the frame, and not for ever.
func TestIDsAreKeptWhileNeeded(t *testing.T) {
	ids := make([]string, IDsMax)
	for i := range ids {
		ids[i] = string(bytes.Repeat([]byte{byte(i), byte(i >> 8)}, 16))
	}
	long, few := AppendControl(nil, AppendIHave(nil, "t", ids)), AppendControl(nil, AppendIHave(nil, "t", ids[:3]))
	var r RPC
	decode := func(frame []byte, n int) {
		t.Helper()
		if err := r.Decode(frame, DefaultLimits(0)); err != nil || len(r.IHave[0].IDs) != n || string(r.IHave[0].IDs[n-1]) != ids[n-1] {
			t.Fatal(err)
		}
	}
	decode(long, IDsMax)
	if got := testing.AllocsPerRun(5, func() { decode(long, IDsMax) }); got > 0 {
		t.Errorf("%v allocations for another", got)
	}
	for range idsIdleMax {
		decode(few, 3)
	}
	r.Reset()
	for _, id := range r.ids[:cap(r.ids)] {
		if id != nil {
			t.Fatal("a frame is held")
		}
	}
	if cap(r.ids) < IDsMax {
		t.Error("the list went too early")
	}
	decode(few, 3)
	decode(few, 3)
	if cap(r.ids) > scratchMax {
		t.Errorf("room for %d IDs is kept", cap(r.ids))
	}
	both := AppendControl(nil, append(AppendIHave(nil, "t", ids), AppendIWant(nil, ids)...))
	if err := r.Decode(both, DefaultLimits(0)); err != nil {
		t.Fatal(err)
	}
	if r.Reset(); r.ids != nil {
		t.Errorf("room for %d IDs is kept", cap(r.ids))
	}
}

// A frame of empty elements must not cost more than in proportion.
// Rule: W6
func TestDecodeAllocatesInProportion(t *testing.T) {
	frame := bytes.Repeat([]byte{0x0a, 0x00}, BytesMax/2/4)
	var r RPC
	if got := testing.Benchmark(func(tb *testing.B) {
		for tb.Loop() {
			_ = r.Decode(frame, DefaultLimits(0))
		}
	}).AllocedBytesPerOp(); got > int64(64*len(frame)+1<<20) {
		t.Fatalf("%d bytes for a frame of %d", got, len(frame))
	}
}

func TestDecodeAgainAllocatesNothing(t *testing.T) {
	frame := AppendPublish(nil, unhex(t, signedHex))
	var r RPC
	lim := DefaultLimits(1)
	if n := testing.AllocsPerRun(100, func() {
		if err := r.Decode(frame, lim); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Fatalf("%v allocations", n)
	}
}

func genRPC(t *rapid.T) *RPC {
	some := func(label string) []byte {
		if rapid.Bool().Draw(t, label+" absent") {
			return nil
		}
		return append([]byte{}, rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, label)...)
	}
	ids := func() (out [][]byte) {
		for range rapid.IntRange(0, 4).Draw(t, "ids") {
			out = append(out, append([]byte{}, some("id")...))
		}
		return out
	}
	n := func() int { return rapid.IntRange(0, 3).Draw(t, "n") }
	r := &RPC{}
	for range n() {
		r.Subs = append(r.Subs, Sub{some("topic"), rapid.Bool().Draw(t, "sub"), rapid.Bool().Draw(t, "rp"), rapid.Bool().Draw(t, "sp")})
	}
	for range n() {
		r.Publish = append(r.Publish, Message{From: some("from"), Data: some("data"), Seqno: some("seqno"), Topic: some("topic"), Signature: some("sig"), Key: some("key"), Canonical: true})
	}
	for range n() {
		r.IHave = append(r.IHave, IHave{some("topic"), ids()})
		r.IWant = append(r.IWant, IDs{ids()})
		r.Graft = append(r.Graft, Graft{some("topic")})
		r.Prune = append(r.Prune, Prune{Topic: some("topic"), Peers: []PeerInfo{{some("peer"), some("record")}}, HasBackoff: true, Backoff: rapid.Uint64().Draw(t, "backoff")})
		r.IDontWant = append(r.IDontWant, IDs{ids()})
	}
	r.HasExtensions, r.HasPartial, r.HasTest = rapid.Bool().Draw(t, "ext"), rapid.Bool().Draw(t, "partial"), rapid.Bool().Draw(t, "test")
	if r.HasExtensions {
		r.Extensions = Extensions{rapid.Bool().Draw(t, "partial supported"), rapid.Bool().Draw(t, "test supported")}
	}
	if r.HasPartial {
		r.Partial = Partial{some("topic"), some("group"), some("parts"), some("metadata")}
	}
	return r
}

func TestEncodeDecodeIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := genRPC(t)
		frame := Append(nil, want)
		var got RPC
		if err := got.Decode(frame, DefaultLimits(0)); err != nil {
			t.Fatal(err)
		}
		if d := diff(want, &got); d != "" || !got.Canonical {
			t.Fatalf("canonical %v: %s", got.Canonical, d)
		}
	})
}

// Rule: W8
func FuzzRPC(f *testing.F) {
	for _, v := range vectors {
		f.Add(unframe(f, unhex(f, v.hex)))
	}
	f.Add(AppendPublish(nil, unhex(f, signedHex)))
	f.Add(AppendPartial(AppendControl(nil, AppendExtensions(nil, Extensions{Partial: true, Test: true})), &Partial{Topic: b("t"), Group: b("g"), Message: b("p"), Metadata: b("m")}))
	for _, backoff := range []uint64{0, 1, 1 << 31, 1 << 32, 1<<63 - 1, 1<<63 + 1, 1<<64 - 1} {
		f.Add(AppendControl(nil, appendBytes(nil, fieldPrune, appendPruneBody(nil, Prune{Topic: b("t"), Backoff: backoff, HasBackoff: true}))))
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		var r, again RPC
		if r.Decode(frame, DefaultLimits(1)) != nil {
			return
		}
		canonical := Append(nil, &r)
		if r.Canonical && !bytes.Equal(canonical, frame) {
			t.Fatalf("canonical, but %x is written as %x", frame, canonical)
		}
		if err := again.Decode(canonical, DefaultLimits(1)); err != nil {
			t.Fatalf("own bytes refused: %v", err)
		}
		if second := Append(nil, &again); !bytes.Equal(second, canonical) {
			t.Fatalf("%x then %x", canonical, second)
		}
		for i := range r.Publish {
			m := &r.Publish[i]
			var bare, framed RPC
			if !m.Canonical {
				continue
			}
			if bare.Decode(m.Frame, DefaultLimits(1)) != nil || !bare.Canonical || framed.Decode(AppendPublish(nil, m.Raw), DefaultLimits(1)) != nil {
				t.Fatalf("frame %x of a message is no RPC", m.Frame)
			}
		}
	})
}

func ExampleAppendGraft() {
	fmt.Printf("%x\n", AppendControl(nil, AppendGraft(nil, "t")))
	// Output: 1a051a030a0174
}
