package wire

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"testing"
)

// mutation is a change that no decoder may take.
type mutation struct {
	name string
	b    []byte
}

// mutations are at least twenty spoilt neighbours of a message: cut, longer, of another
// kind, its offsets astray. Which of them apply follows from what the kind is made of.
func mutations(t testing.TB, good []byte) (out []mutation) {
	add := func(name string, b []byte) { out = append(out, mutation{name, b}) }
	set := func(at int, v ...byte) []byte {
		b := slices.Clone(good)
		copy(b[at:], v)
		return b
	}
	for _, k := range []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 0x80, 0xff} {
		if k != good[0] {
			add(fmt.Sprintf("selector %d", k), set(0, k))
		}
	}
	add("nothing", nil)
	add("the selector alone", good[:1])
	at := map[Kind]int{KindPing: 11, KindPong: 11, KindFindNodes: 1, KindNodes: 2, KindFindContent: 1, KindOffer: 1, KindAccept: 3}
	if from, ok := at[Kind(good[0])]; ok {
		right := good[from]
		add("cut in the fixed part", good[:from+3])
		for _, v := range []byte{0, 1, right - 1, right + 1, 0xff} {
			add(fmt.Sprintf("offset %d", v), set(from, v))
		}
		add("offset of two bytes", set(from+1, 1))
		add("offset far away", set(from, 0xff, 0xff, 0xff, 0xff))
		add("offset without a sign", set(from, right, 0, 0, 0x80))
		if k := Kind(good[0]); k == KindFindContent || k == KindPing || k == KindPong {
			add("beyond all limits", append(slices.Clone(good), make([]byte, 2049)...))
		}
	}
	if Kind(good[0]) == KindAccept {
		out = append(out,
			mutation{"a code less", good[:len(good)-1]},
			mutation{"a code more", append(slices.Clone(good), 1)},
			mutation{"no codes", good[:7]},
			mutation{"a stream for nothing", append(slices.Clone(good[:7]), declined(good[7:])...)})
	}
	more := map[Kind][]mutation{
		KindFindNodes: {
			{"half a distance", good[:len(good)-1]}, {"a distance and a half", append(slices.Clone(good), 0)},
			{"distance 257", []byte{2, 4, 0, 0, 0, 1, 1}}, {"distance 65535", []byte{2, 4, 0, 0, 0, 0xff, 0xff}},
			{"twice", []byte{2, 4, 0, 0, 0, 1, 0, 1, 0}}, {"257 distances", append([]byte{2, 4, 0, 0, 0}, make([]byte, 514)...)},
		},
		KindNodes: {
			{"half an offset", []byte{3, 1, 5, 0, 0, 0, 4, 0}}, {"first offset zero", []byte{3, 1, 5, 0, 0, 0, 0, 0, 0, 0}},
			{"first offset past the end", []byte{3, 1, 5, 0, 0, 0, 8, 0, 0, 0}},
			{"backwards", []byte{3, 1, 5, 0, 0, 0, 12, 0, 0, 0, 14, 0, 0, 0, 13, 0, 0, 0, 1, 2}},
			{"33 records", append([]byte{3, 1, 5, 0, 0, 0}, bytes.Repeat([]byte{132, 0, 0, 0}, 33)...)},
			{"a record of 2,049 bytes", append([]byte{3, 1, 5, 0, 0, 0, 4, 0, 0, 0}, make([]byte, 2049)...)},
		},
		KindContent: {
			{"no form", []byte{5}}, {"form 3", []byte{5, 3}}, {"form 255", []byte{5, 255, 0, 0}},
			{"no connection", []byte{5, 0}}, {"half a connection", []byte{5, 0, 1}}, {"a connection and a half", []byte{5, 0, 1, 2, 3}},
			{"a value of 2,049 bytes", append([]byte{5, 1}, make([]byte, 2049)...)},
			{"half an offset", []byte{5, 2, 4, 0}}, {"first offset zero", []byte{5, 2, 0, 0, 0, 0}},
			{"33 records", append([]byte{5, 2}, bytes.Repeat([]byte{132, 0, 0, 0}, 33)...)},
		},
		KindOffer: {
			{"no keys", []byte{6, 4, 0, 0, 0}}, {"half an offset", []byte{6, 4, 0, 0, 0, 4, 0}},
			{"first offset zero", []byte{6, 4, 0, 0, 0, 0, 0, 0, 0, 1}}, {"first offset odd", []byte{6, 4, 0, 0, 0, 5, 0, 0, 0, 1}},
			{"past the end", []byte{6, 4, 0, 0, 0, 8, 0, 0, 0, 0xff, 0, 0, 0, 1}},
			{"backwards", []byte{6, 4, 0, 0, 0, 12, 0, 0, 0, 14, 0, 0, 0, 13, 0, 0, 0, 1, 2}},
			{"65 keys", append([]byte{6, 4, 0, 0, 0}, bytes.Repeat([]byte{4, 1, 0, 0}, 65)...)},
			{"a key of 2,049 bytes", append([]byte{6, 4, 0, 0, 0, 4, 0, 0, 0}, make([]byte, 2049)...)},
		},
	}
	return append(out, more[Kind(good[0])]...)
}

// declined is the codes of an accept, or its bits, with nothing accepted.
func declined(codes []byte) []byte {
	out := bytes.Repeat([]byte{1}, len(codes))
	if codes[len(codes)-1] == 1 && len(codes) != 8 { // bits of eight keys, or of 64
		clear(out[:len(out)-1])
	}
	return out
}

// Twenty mutations of every vector are refused, and none brings anything down.
func TestMutations(t *testing.T) {
	for _, v := range vectors(t) {
		good := unhex(t, v.hex)
		all := mutations(t, good)
		if len(all) < 20 {
			t.Errorf("%s: only %d mutations", v.name, len(all))
		}
		for _, m := range all {
			if got, err := v.decode(m.b); err == nil {
				t.Errorf("%s, %s: %x is taken for %+v", v.name, m.name, m.b, got)
			} else if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrKind) && !errors.Is(err, ErrEmpty) {
				t.Errorf("%s, %s: an error of no kind: %v", v.name, m.name, err)
			}
		}
		for i := range good { // any bit: an error or a message, and no more than one encoding
			for bit := range 8 {
				b := slices.Clone(good)
				b[i] ^= 1 << bit
				if got, err := v.decode(b); err == nil {
					if again, err := v.encode(got); err != nil || !bytes.Equal(again, canonical(b)) {
						t.Errorf("%s: %x came back as %x, %v", v.name, b, again, err)
					}
				}
			}
		}
	}
}

// Payloads of every type, spoilt.
func TestPayloadMutations(t *testing.T) {
	for kind, good := range map[uint16]Payload{
		TypeClient:  {Type: TypeClient, Info: "me", Radius: nearlyAll(), Capabilities: []uint16{0, 1}},
		TypeRadius:  {Type: TypeRadius, Radius: nearlyAll()},
		TypeHistory: {Type: TypeHistory, Radius: nearlyAll(), Headers: 4242},
		TypeError:   {Type: TypeError, Code: 2, Message: "hello world"},
	} {
		b, err := good.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		var bad [][]byte
		fixed := map[uint16]int{TypeClient: 40, TypeRadius: 32, TypeHistory: 34, TypeError: 6}[kind]
		for n := range fixed {
			bad = append(bad, b[:n])
		}
		set := func(at int, v ...byte) {
			c := slices.Clone(b)
			copy(c[at:], v)
			bad = append(bad, c)
		}
		switch kind {
		case TypeClient:
			for _, v := range []byte{0, 39, 41, 42, 43, 255} {
				set(0, v)
			}
			for _, v := range []byte{0, 39, 47, 255} { // 40 is other info, 41 and 43 half a number
				set(36, v)
			}
			set(3, 1)
			set(39, 1)
			set(0, 41, 0, 0, 0)
			bad = append(bad, append(slices.Clone(b), 0), append(slices.Clone(b), make([]byte, 800)...))
			long := append(slices.Clone(b[:40]), make([]byte, 201)...)
			long[36] = 241
			bad = append(bad, long)
		case TypeError:
			for _, v := range []byte{0, 1, 2, 3, 4, 5, 7, 8, 16, 17, 18, 255} {
				set(2, v)
			}
			set(3, 1)
			set(5, 1)
			bad = append(bad, append(slices.Clone(b), make([]byte, 300)...))
		default:
			bad = append(bad, append(slices.Clone(b), 0), append(slices.Clone(b), b...))
		}
		if len(bad) < 20 {
			t.Errorf("type %d: only %d mutations", kind, len(bad))
		}
		for _, c := range bad {
			if p, err := DecodePayload(kind, c); !errors.Is(err, ErrMalformed) {
				t.Errorf("type %d: %x is taken for %+v (%v)", kind, c, p, err)
			}
		}
	}
	for _, kind := range []uint16{3, 42, 10000, 65534} {
		if _, err := DecodePayload(kind, nil); !errors.Is(err, ErrType) {
			t.Errorf("type %d: %v", kind, err)
		}
		if _, err := (Payload{Type: kind}).Append(nil); !errors.Is(err, ErrType) {
			t.Errorf("type %d, written: %v", kind, err)
		}
	}
}

// What must not be sent is not written.
func TestEncodeRefusals(t *testing.T) {
	big := make([]byte, 2049)
	many := func(n int) (out [][]byte) {
		for range n {
			out = append(out, []byte{1})
		}
		return out
	}
	for name, f := range map[string]func() ([]byte, error){
		"a ping's payload":      func() ([]byte, error) { return Ping{Payload: big[:1101]}.AppendPing(nil) },
		"257 distances":         func() ([]byte, error) { return FindNodes{make([]uint16, 257)}.Append(nil) },
		"a distance of 257":     func() ([]byte, error) { return FindNodes{[]uint16{257}}.Append(nil) },
		"a distance twice":      func() ([]byte, error) { return FindNodes{[]uint16{7, 7}}.Append(nil) },
		"33 records":            func() ([]byte, error) { return Nodes{many(33)}.Append(nil) },
		"a record":              func() ([]byte, error) { return Nodes{[][]byte{big}}.Append(nil) },
		"a key":                 func() ([]byte, error) { return FindContent{big}.Append(nil) },
		"a form":                func() ([]byte, error) { return Content{Form: 3}.Append(nil) },
		"a value":               func() ([]byte, error) { return Content{Form: FormValue, Value: big}.Append(nil) },
		"33 records of content": func() ([]byte, error) { return Content{Form: FormRecords, Records: many(33)}.Append(nil) },
		"no keys":               func() ([]byte, error) { return Offer{}.Append(nil) },
		"65 keys":               func() ([]byte, error) { return Offer{many(65)}.Append(nil) },
		"an offered key":        func() ([]byte, error) { return Offer{[][]byte{big}}.Append(nil) },
		"65 codes":              func() ([]byte, error) { return Accept{Codes: make([]Code, 65)}.Append(nil, 1) },
		"a stream for nothing":  func() ([]byte, error) { return Accept{1, []Code{2}}.Append(nil, 1) },
		"info of 201 bytes":     func() ([]byte, error) { return Payload{Info: string(big[:201])}.Append(nil) },
		"401 capabilities":      func() ([]byte, error) { return Payload{Capabilities: make([]uint16, 401)}.Append(nil) },
		"an error of 301 bytes": func() ([]byte, error) { return Payload{Type: TypeError, Message: string(big[:301])}.Append(nil) },
		"a stream, v0":          func() ([]byte, error) { return Accept{1, []Code{2}}.Append(nil, 0) },
	} {
		if b, err := f(); !errors.Is(err, ErrMalformed) || len(b) != 0 {
			t.Errorf("%s: %d bytes, %v", name, len(b), err)
		}
	}
}
