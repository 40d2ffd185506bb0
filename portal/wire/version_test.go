package wire

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

func record(t testing.TB, pairs ...enr.Pair) *enr.Record {
	t.Helper()
	k, err := id.KeyFromBytes(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	r, err := enr.Builder{Seq: 1, Extra: pairs}.Sign(k)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// entry is p or pv as hex of the whole RLP item.
func entry(t testing.TB, key, value string) enr.Pair {
	return enr.Pair{Key: key, Value: unhex(t, value)}
}

func TestNegotiate(t *testing.T) {
	for _, c := range []struct {
		name  string
		pairs []enr.Pair
		chain uint64
		want  uint8
		err   error
	}{
		{"ours", Entries(1), 1, 2, nil},
		{"ours on a test chain", Entries(560048), 560048, 2, nil},
		{"only version 2", []enr.Pair{entry(t, "p", "c3020201")}, 1, 2, nil},
		{"0 to 2", []enr.Pair{entry(t, "p", "c3800201")}, 1, 2, nil},
		{"another chain", []enr.Pair{entry(t, "p", "c6020283088bb0")}, 1, 0, ErrChain},
		{"an item more", []enr.Pair{entry(t, "p", "c602030182abcd")}, 1, 2, nil},
		{"a list more", []enr.Pair{entry(t, "p", "c5020301c101")}, 1, 2, nil},
		{"0 to 1", []enr.Pair{entry(t, "p", "c3800101")}, 1, 1, nil},
		{"0 alone", []enr.Pair{entry(t, "p", "c3808001")}, 1, 0, nil},
		{"3 and on", []enr.Pair{entry(t, "p", "c3030501")}, 1, 0, ErrVersion},
		{"2 to the end of numbers", []enr.Pair{entry(t, "p", "cb 02 88ffffffffffffffff 01")}, 1, 2, nil},
		{"lowest above highest", []enr.Pair{entry(t, "p", "c3030201")}, 1, 0, ErrMalformed},
		{"two numbers", []enr.Pair{entry(t, "p", "c20202")}, 1, 0, ErrMalformed},
		{"a leading zero", []enr.Pair{entry(t, "p", "c3000201")}, 1, 0, ErrMalformed},
		{"a number of nine bytes", []enr.Pair{entry(t, "p", "cc 02 02 89010000000000000000")}, 1, 0, ErrMalformed},
		{"a string", []enr.Pair{entry(t, "p", "83020201")}, 1, 0, ErrMalformed},
		{"a list within", []enr.Pair{entry(t, "p", "c4 02 c102 01")}, 1, 0, ErrMalformed},
		{"pv of 0 and 1", []enr.Pair{entry(t, "pv", "820001")}, 1, 1, nil},
		{"pv of 1", []enr.Pair{entry(t, "pv", "01")}, 1, 1, nil},
		{"pv of 0", []enr.Pair{entry(t, "pv", "00")}, 1, 0, nil},
		{"pv of nothing", []enr.Pair{entry(t, "pv", "80")}, 1, 0, ErrVersion},
		{"pv of 9", []enr.Pair{entry(t, "pv", "09")}, 1, 0, ErrVersion},
		{"pv of 9 versions", []enr.Pair{entry(t, "pv", "89000102030405060708")}, 1, 0, ErrMalformed},
		{"pv that is a list", []enr.Pair{entry(t, "pv", "c20001")}, 1, 0, ErrMalformed},
		{"pv elsewhere", []enr.Pair{entry(t, "pv", "820001")}, 560048, 0, ErrChain},
		{"p before pv", []enr.Pair{entry(t, "p", "c3800001"), entry(t, "pv", "820001")}, 1, 1, ErrMalformed},
		{"nothing", nil, 1, 0, nil},
		{"nothing, elsewhere", nil, 560048, 0, ErrChain},
	} {
		got, err := Negotiate(record(t, c.pairs...), c.chain)
		if !errors.Is(err, c.err) || err == nil && got != c.want {
			t.Errorf("%s: %d, %v; want %d, %v", c.name, got, err, c.want, c.err)
		}
	}
}

// Our entries are those that clients look for, byte by byte.
func TestEntries(t *testing.T) {
	r := record(t, Entries(1)...)
	for key, want := range map[string]string{"p": "c3800201", "pv": "820001"} {
		if v, ok := r.Get(key); !ok || !bytes.Equal(v, unhex(t, want)) {
			t.Errorf("%s: %x", key, v)
		}
	}
}

func TestBudget(t *testing.T) {
	if ResponseMax != 1177 || RequestMax("\x50\x00") != 1174 || RequestMax("utp") != 1173 || RequestMax("u") != 1176 {
		t.Errorf("%d, %d, %d", ResponseMax, RequestMax("\x50\x00"), RequestMax("utp"))
	}
	keys := func(n, size int) (out [][]byte) {
		for range n {
			out = append(out, make([]byte, size))
		}
		return out
	}
	for _, c := range []struct{ n, size, want int }{
		{64, 9, 64}, {70, 9, 64}, {64, 33, 31}, {31, 33, 31}, {30, 33, 30}, {1, 1165, 1}, {1, 1166, 0}, {0, 0, 0},
	} {
		offered := keys(c.n, c.size)
		got := KeysFit("\x50\x00", offered)
		if got != c.want {
			t.Errorf("%d keys of %d bytes: %d fit, want %d", c.n, c.size, got, c.want)
		}
		if got > 0 {
			b, err := Offer{offered[:got]}.Append(nil)
			if err != nil || len(b) > 1174 {
				t.Errorf("%d keys of %d bytes: %d bytes, %v", got, c.size, len(b), err)
			}
		}
	}
	for _, size := range []int{119, 140, 300} {
		rs := keys(40, size)
		n, m := NodesFit(rs), ContentFit(rs)
		for _, c := range []struct {
			n int
			f func(int) ([]byte, error)
		}{
			{n, func(n int) ([]byte, error) { return Nodes{rs[:n]}.Append(nil) }},
			{m, func(n int) ([]byte, error) { return Content{Form: FormRecords, Records: rs[:n]}.Append(nil) }},
		} {
			b, err := c.f(c.n)
			more, err2 := c.f(c.n + 1)
			if err != nil || err2 != nil || len(b) > ResponseMax || len(more) <= ResponseMax {
				t.Errorf("%d records of %d bytes: %d, one more %d (%v, %v)", c.n, size, len(b), len(more), err, err2)
			}
		}
	}
	if b, err := (Content{Form: FormValue, Value: []byte(strings.Repeat("x", InlineMax))}).Append(nil); err != nil || len(b) > ResponseMax {
		t.Errorf("the longest value inline: %d bytes, %v", len(b), err)
	}
	// Even the smallest records stop at the list's limit.
	if n := NodesFit(keys(40, 1)); n != RecordsMax {
		t.Errorf("%d records of a byte", n)
	}
}
