package history

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/internal/rlp"
)

// Keys and content IDs of history-network-test-vectors.md and of the derivation's own
// examples.
func TestKeyVectors(t *testing.T) {
	for _, c := range []struct {
		n       uint64
		key, id string
	}{
		{1, "000100000000000000", "0001000000000000"},
		{1000, "00e803000000000000", "03e8000000000000"},
		{65535, "00ffff000000000000", "ffff000000000000"},
		{65536, "000000010000000000", "0000800000000000"},
		{131072, "000000020000000000", "0000400000000000"},
		{12345678, "004e61bc0000000000", "614e3d0000000000"},
		{15537394, "00f214ed0000000000", "14f2b70000000000"},
		{22869878, "0076f75c0100000000", "f7763a8000000000"},
		{1 << 60, "", "0000000000000008"},
		{1<<63 - 1, "", "fffffffffffffffe"},
		{1<<64 - 2, "", "fffeffffffffffff"},
		{1<<64 - 1, "", "ffffffffffffffff"},
		{6148914691236517205, "", "5555aaaaaaaaaaaa"},
		{12297829382473034410, "", "aaaa555555555555"},
		{11574427654092267680, "", "a0a0050505050505"},
	} {
		k := Key{Body, c.n}
		if c.key != "" && hex.EncodeToString(k.Bytes()) != c.key {
			t.Errorf("%d: key %x", c.n, k.Bytes())
		}
		for kind := range kinds {
			k.Kind = kind
			want := c.id + strings.Repeat("0", 46) + fmt.Sprintf("%02x", byte(kind))
			at, err := Network(nil).ID(k.Bytes())
			if err != nil || hex.EncodeToString(at[:]) != want {
				t.Errorf("%d: content ID %s, %v", c.n, at, err)
			}
		}
	}
}

// The content ID is the specification's own function, and a key comes back.
func TestContentID(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Uint64().Draw(t, "number")
		k := Key{Kind(rapid.IntRange(0, 1).Draw(t, "kind")), n}
		if got, err := DecodeKey(k.Bytes()); err != nil || got != k {
			t.Fatalf("%v came back as %v, %v", k, got, err)
		}
		at := k.ID()
		cycle := uint64(at[0])<<8 | uint64(at[1])
		var offset uint64
		for _, c := range at[2:8] {
			offset = offset<<8 | uint64(c)
		}
		if cycle != n%(1<<16) || bits.Reverse64(offset<<16) != n/(1<<16) || at[31] != byte(k.Kind) {
			t.Fatalf("%v is at %s", k, at)
		}
	})
}

func TestKeyRefusals(t *testing.T) {
	good := Key{Body, 12345678}.Bytes()
	for _, bad := range [][]byte{nil, {}, good[:1], good[:8], append(slices.Clone(good), 0), append([]byte{2}, good[1:]...),
		append([]byte{0xff}, good[1:]...), make([]byte, 33), make([]byte, 2048)} {
		if _, err := Network(nil).ID(bad); !errors.Is(err, content.ErrKey) {
			t.Errorf("%x: %v", bad, err)
		}
	}
}

// Roots that are known: nothing, and one item that is a node by itself (both of the
// yellow paper's definitions, written out).
func TestOrderedRoot(t *testing.T) {
	const empty = "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421"
	if got := orderedRoot(0, nil); hex.EncodeToString(got[:]) != empty {
		t.Errorf("the root of nothing: %x", got)
	}
	const noOmmers = "1dcc4de8dec75d7aab85b567b6ccd41ad312451b948a7413f0a142fd40d49347"
	if got := keccak(rlp.AppendList(nil, nil)); hex.EncodeToString(got[:]) != noOmmers {
		t.Errorf("the hash of no ommers: %x", got)
	}
	leafNode := rlp.AppendBytes(rlp.AppendBytes(nil, []byte{0x20, 0x80}), []byte("one"))
	if got := orderedRoot(1, func(int) []byte { return []byte("one") }); got != keccak(rlp.AppendList(nil, leafNode)) {
		t.Errorf("the root of one item: %x", got)
	}
}

// Every item counts, and so does its place, on both sides of where keys grow longer.
func TestOrderedRootTells(t *testing.T) {
	for _, n := range []int{1, 2, 16, 17, 127, 128, 129, 255, 256, 257, 1000} {
		items := make([][]byte, n)
		for i := range items {
			items[i] = bytes.Repeat([]byte{byte(i), byte(i >> 8)}, 1+i%40)
		}
		root := rootOf(items)
		asked := make([]int, n)
		if got := orderedRoot(n, func(i int) []byte { asked[i]++; return items[i] }); got != root {
			t.Fatalf("%d items have two roots", n)
		}
		for i, times := range asked {
			if times != 1 {
				t.Errorf("item %d of %d is asked for %d times", i, n, times)
			}
		}
		for _, i := range []int{0, n / 2, n - 1} {
			kept := items[i]
			items[i] = append(slices.Clone(kept), 1)
			if rootOf(items) == root {
				t.Errorf("item %d of %d does not count", i, n)
			}
			items[i] = kept
		}
		if n > 1 && rootOf(items[:n-1]) == root {
			t.Errorf("the last of %d does not count", n)
		}
	}
}

// stringForm encodes a body with one transaction as a string around what it is.
func stringForm(p body, i int) []byte {
	var txs []byte
	for j, tx := range p.txs {
		if j != i && rlp.IsList(tx) {
			txs = append(txs, tx...)
		} else {
			txs = rlp.AppendBytes(txs, tx)
		}
	}
	return rlp.AppendList(nil, append(rlp.AppendList(nil, txs), p.ommers...))
}

func TestHeaderRefusals(t *testing.T) {
	good := readBlock(t, 19426587).header
	for i, bad := range append(mutations(good)[:11], make([]byte, HeaderBytesMax+1), rlp.AppendList(nil, good[3:100])) {
		if _, err := DecodeHeader(bad); !errors.Is(err, ErrHeader) {
			t.Errorf("mutation %d: %v", i, err)
		}
	}
	// Later forks add fields.
	items, err := rlp.NewList(good)
	if err != nil {
		t.Fatal(err)
	}
	longer := rlp.AppendList(nil, rlp.AppendBytes(slices.Clone(items.Rest()), bytes.Repeat([]byte{7}, 32)))
	if _, err := DecodeHeader(longer); err != nil {
		t.Errorf("fields of later forks: %v", err)
	}
}

func FuzzHeader(f *testing.F) {
	for _, c := range blocks {
		f.Add(readBlock(f, c.number).header)
	}
	f.Fuzz(func(t *testing.T, b []byte) { _, _ = DecodeHeader(b) })
}

// What is accepted as a body has one encoding.
func FuzzBody(f *testing.F) {
	b := readBlock(f, 14764013)
	h := b.head(f)
	f.Add(b.body)
	f.Add([]byte{0xc2, 0xc0, 0xc0})
	f.Add([]byte{0xc3, 0xc0, 0xc0, 0xc0})
	f.Fuzz(func(t *testing.T, in []byte) {
		if err := CheckBody(h, in); err == nil && !bytes.Equal(in, b.body) {
			t.Fatalf("another body of the same block: %x", in)
		}
		if p, err := decodeBody(in); err == nil && !bytes.Equal(p.encode(), in) {
			t.Fatalf("%x came back as %x", in, p.encode())
		}
	})
}

func FuzzReceipts(f *testing.F) {
	b := readBlock(f, 14764013)
	h := b.head(f)
	f.Add(b.receipts)
	f.Add([]byte{0xc0})
	f.Fuzz(func(t *testing.T, in []byte) {
		if err := CheckReceipts(h, in); err == nil && !bytes.Equal(in, b.receipts) {
			t.Fatalf("other receipts of the same block: %x", in)
		}
		if rs, err := decodeReceipts(in); err == nil && !bytes.Equal(encodeReceipts(rs), in) {
			t.Fatalf("%x came back as %x", in, encodeReceipts(rs))
		}
	})
}
