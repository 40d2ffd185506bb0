package msgrw

import (
	"bytes"
	"encoding/hex"
	"errors"
	"io"
	"math/big"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ropewalk/ropewalk/internal/rlp"
)

type inner struct {
	A uint16
	B []byte
}

type outer struct {
	N     uint64
	Flag  bool
	Name  string
	Hash  [4]byte
	In    inner
	Ptr   *inner `rlp:"nil"`
	Big   *big.Int
	List  []inner
	Skip  int `rlp:"-"`
	Inner [2]uint8
	Opt   uint64   `rlp:"optional"`
	More  []string `rlp:"optional"`
}

type tailed struct {
	N    uint64
	Rest []uint16 `rlp:"tail"`
}

type raw struct {
	Code uint64
	Body RawValue
}

// shouting writes and reads itself.
type shouting string

func (s shouting) EncodeRLP(w io.Writer) error {
	_, err := w.Write(rlp.AppendString(nil, strings.ToUpper(string(s))))
	return err
}

func (s *shouting) DecodeRLPBytes(item []byte) error {
	r := rlp.NewItems(item)
	b, err := r.Bytes()
	*s = shouting(strings.ToLower(string(b)))
	return errors.Join(err, r.End())
}

// Vectors of the Ethereum wiki and of the types here, both ways.
func TestRLP(t *testing.T) {
	lorem := "Lorem ipsum dolor sit amet, consectetur adipisicing elit"
	for _, tc := range []struct {
		v    any
		want string
	}{
		{"dog", "83646f67"},
		{[]string{"cat", "dog"}, "c88363617483646f67"},
		{"", "80"},
		{[]uint64{}, "c0"},
		{uint64(0), "80"},
		{uint(15), "0f"},
		{uint32(1024), "820400"},
		{uint64(1<<64 - 1), "88ffffffffffffffff"},
		{true, "01"},
		{false, "80"},
		{[]byte{0x7f}, "7f"},
		{[]byte{0x80}, "8180"},
		{lorem, "b838" + hex.EncodeToString([]byte(lorem))},
		{[3]byte{1, 2, 3}, "83010203"},
		{[1]byte{5}, "05"},
		{*big.NewInt(0), "80"},
		{*big.NewInt(1 << 40), "86010000000000"},
		{inner{1, []byte{2}}, "c20102"},
		{&inner{1, nil}, "c20180"},
		{tailed{1, []uint16{2, 3}}, "c3010203"},
		{tailed{1, []uint16{}}, "c101"},
		{raw{9, RawValue{0xc1, 0x80}}, "c309c180"},
		{[][]uint64{{}, {1}}, "c3c0c101"},
		{shouting("hi"), "824849"},
		{[]shouting{"a", "b"}, "c24142"},
	} {
		got, err := EncodeToBytes(tc.v)
		if err != nil || hex.EncodeToString(got) != tc.want {
			t.Errorf("%#v: %x, want %s: %v", tc.v, got, tc.want, err)
			continue
		}
		v := reflect.ValueOf(tc.v)
		for v.Kind() == reflect.Pointer {
			v = v.Elem()
		}
		back := reflect.New(v.Type())
		if err := DecodeBytes(got, back.Interface()); err != nil {
			t.Errorf("%#v: %v", tc.v, err)
			continue
		}
		again, err := EncodeToBytes(back.Interface())
		if err != nil || !bytes.Equal(again, got) {
			t.Errorf("%#v came back as %#v: %v", tc.v, back.Elem(), err)
		}
	}
	if got, err := EncodeToBytes(nil); err != nil || hex.EncodeToString(got) != "c0" {
		t.Errorf("nil: %x %v", got, err)
	}
	if got, err := EncodeToBytes([]any{uint64(1), "a", []any{}, []byte{0x81}}); err != nil || hex.EncodeToString(got) != "c50161c08181" {
		t.Errorf("any: %x %v", got, err)
	}
}

// What is not canonical, not the type's, or not for RLP at all.
func TestRLPRefuses(t *testing.T) {
	for _, tc := range []struct {
		in   string
		to   any
		want error
	}{
		{"", new(uint64), ErrMalformed},
		{"00", new(uint64), ErrMalformed},
		{"8100", new(uint64), ErrMalformed},
		{"820001", new(uint64), ErrMalformed},
		{"89010000000000000000", new(uint64), ErrMalformed},
		{"820100", new(uint8), ErrMalformed},
		{"02", new(bool), ErrMalformed},
		{"c0", new(uint64), ErrMalformed},
		{"80", new([]uint64), ErrMalformed},
		{"0101", new(uint64), ErrMalformed},
		{"c3010203", new([2]uint64), ErrMalformed},
		{"c101", new([2]uint64), ErrMalformed},
		{"820102", new([3]byte), ErrMalformed},
		{"c101", new(inner), ErrMalformed},
		{"c3010203", new(inner), ErrMalformed},
		{"820001", new(big.Int), ErrMalformed},
		{"bfffffffffffffffff", new([]byte), ErrMalformed},
		{"ffffffffffffffffff", new([]uint64), ErrMalformed},
		{strings.Repeat("c1", 100) + "c0", new(any), ErrMalformed},
		{"01", uint64(0), ErrType},
		{"01", (*uint64)(nil), ErrType},
		{"01", new(int), ErrType},
		{"01", new(chan int), ErrType},
		{"c0", new(map[string]int), ErrType},
		{"c101", new(struct {
			A uint64 `rlp:"later"`
		}), ErrType},
		{"c101", new(struct {
			A uint64 `rlp:"tail"`
		}), ErrType},
		{"c101", new(struct {
			A uint64 `rlp:"optional"`
			B uint64
		}), ErrType},
	} {
		data, _ := hex.DecodeString(tc.in)
		if err := DecodeBytes(data, tc.to); !errors.Is(err, tc.want) {
			t.Errorf("%s into %T: %v", tc.in, tc.to, err)
		}
	}
	for _, v := range []any{-1, 1.5, map[int]int{}, big.NewInt(-1), make(chan int), struct{ A int }{1}} {
		if _, err := EncodeToBytes(v); !errors.Is(err, ErrType) {
			t.Errorf("%T: %v", v, err)
		}
	}
}

// Structs come back as they were, with what is optional left out at the end only.
func TestRLPStructs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.Custom(func(t *rapid.T) inner {
			return inner{rapid.Uint16().Draw(t, "a"), rapid.SliceOfN(rapid.Byte(), 0, 70).Draw(t, "b")}
		})
		v := outer{
			N: rapid.Uint64().Draw(t, "n"), Flag: rapid.Bool().Draw(t, "flag"), Name: rapid.String().Draw(t, "name"),
			In: in.Draw(t, "in"), Big: new(big.Int).SetUint64(rapid.Uint64().Draw(t, "big")), List: rapid.SliceOfN(in, 0, 5).Draw(t, "list"),
			Opt: rapid.Uint64Range(0, 2).Draw(t, "opt"), More: rapid.SliceOfN(rapid.String(), 1, 3).Draw(t, "more"),
		}
		copy(v.Hash[:], rapid.SliceOfN(rapid.Byte(), 4, 4).Draw(t, "hash"))
		if rapid.Bool().Draw(t, "ptr") {
			x := inner{7, []byte{1}}
			v.Ptr = &x
		}
		if rapid.Bool().Draw(t, "less") {
			v.More = nil
		}
		raw, err := EncodeToBytes(v)
		if err != nil {
			t.Fatal(err)
		}
		var back outer
		if err := DecodeBytes(raw, &back); err != nil {
			t.Fatalf("%x: %v", raw, err)
		}
		if !reflect.DeepEqual(v, back) {
			t.Fatalf("%+v came back as %+v", v, back)
		}
		if err := rlp.Check(raw); err != nil {
			t.Fatal(err)
		}
	})
}

// Whatever is read is the one encoding of what came out, and memory is in proportion.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{"c0", "c88363617483646f67", "c20102", "f83c" + strings.Repeat("01", 60)} {
		b, _ := hex.DecodeString(s)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, v := range []any{new(outer), new(tailed), new(raw), new([]inner), new([][]byte), new(any), new(big.Int), new([]*inner)} {
			if err := DecodeBytes(b, v); err != nil {
				if !errors.Is(err, ErrMalformed) {
					t.Fatalf("%x into %T: %v", b, v, err)
				}
				continue
			}
			again, err := EncodeToBytes(v)
			if err != nil {
				t.Fatalf("%x into %T: %v", b, v, err)
			}
			if _, ok := v.(*outer); ok {
				continue // optional fields may be there and zero
			}
			if !bytes.Equal(again, b) {
				t.Fatalf("%x into %T gives %x", b, v, again)
			}
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	data, _ := EncodeToBytes(outer{Name: "somebody", Big: big.NewInt(7), List: []inner{{1, []byte("x")}, {2, nil}}})
	b.ReportAllocs()
	for b.Loop() {
		var v outer
		if err := DecodeBytes(data, &v); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	v := &outer{Name: "somebody", Big: big.NewInt(7), List: []inner{{1, []byte("x")}, {2, nil}}}
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if buf, err = AppendRLP(buf[:0], v); err != nil {
			b.Fatal(err)
		}
	}
}
