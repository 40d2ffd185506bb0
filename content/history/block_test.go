package history

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/internal/rlp"
)

// block is a block of mainnet (portal-spec-tests, tests/mainnet/history/block_data).
type block struct {
	number                 uint64
	header, body, receipts []byte
}

func readBlock(t testing.TB, number uint64) block {
	t.Helper()
	f, err := os.Open(fmt.Sprintf("testdata/block-%d.yaml.gz", number))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	b := block{number: number}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": 0x")
		raw, err := hex.DecodeString(strings.Trim(value, `"`))
		if err != nil {
			t.Fatal(err)
		}
		switch name {
		case "header":
			b.header = raw
		case "body":
			b.body = raw
		case "receipts":
			b.receipts = raw
		}
	}
	return b
}

func (b block) head(t testing.TB) Header {
	t.Helper()
	h, err := DecodeHeader(b.header)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// blocks: of each fork something; what is known of them.
var blocks = []struct {
	number                      uint64
	bodyBytes, receiptsBytes    int
	txs, withdrawals            int
	hasWithdrawals, proofOfWork bool
	bodySum, receiptsSum        string // first eight bytes of the SHA-256; none when not known
}{
	{14764013, 7537, 5348, 19, 0, false, true, "2449316ffadec1ca", "f87eeba92ebcb7d7"},
	{15537393, 1094, 171, 1, 0, false, true, "", ""}, // the last before the merge
	{15537394, 18042, 1587870, 80, 0, false, false, "8b31f52872561735", "7fe5a2cb3c4f7573"},
	{17034870, 134974, 103418, 184, 0, true, false, "ff63612a4e6281e8", "a6841903a7fb473b"},
	{19426587, 22460, 8115, 37, 16, true, false, "18cf9af4e1ab5769", "8ad59adfa2311269"},
	{22869878, 135467, 130038, 301, 16, true, false, "62b54f49f1c25857", "4d2647778ec7c422"},
}

// Blocks of mainnet are what their headers promise, and come out as they went in.
func TestBlocks(t *testing.T) {
	for _, c := range blocks {
		t.Run(fmt.Sprint(c.number), func(t *testing.T) {
			b := readBlock(t, c.number)
			h := b.head(t)
			if h.Number != c.number || h.HasWithdrawals != c.hasWithdrawals {
				t.Errorf("header of %d, withdrawals %v", h.Number, h.HasWithdrawals)
			}
			if len(b.body) != c.bodyBytes || len(b.receipts) != c.receiptsBytes {
				t.Errorf("body %d B, receipts %d B", len(b.body), len(b.receipts))
			}
			if c.bodySum != "" && (sum8(b.body) != c.bodySum || sum8(b.receipts) != c.receiptsSum) {
				t.Errorf("sums %s, %s", sum8(b.body), sum8(b.receipts))
			}
			body, err := decodeBody(b.body)
			if err != nil {
				t.Fatal(err)
			}
			rs, err := decodeReceipts(b.receipts)
			if err != nil {
				t.Fatal(err)
			}
			if len(body.txs) != c.txs || len(body.withdrawals) != c.withdrawals || len(rs) != c.txs {
				t.Errorf("%d transactions, %d withdrawals, %d receipts", len(body.txs), len(body.withdrawals), len(rs))
			}
			if !bytes.Equal(body.encode(), b.body) || !bytes.Equal(encodeReceipts(rs), b.receipts) {
				t.Error("encoded again it is not the same")
			}
			if err := CheckBody(h, b.body); err != nil {
				t.Error(err)
			}
			if err := CheckReceipts(h, b.receipts); err != nil {
				t.Error(err)
			}
		})
	}
}

func sum8(b []byte) string { s := sha256.Sum256(b); return hex.EncodeToString(s[:8]) }

// chain is a source with some headers.
type chain []Header

func (c chain) Header(number uint64) (Header, error) {
	for _, h := range c {
		if h.Number == number {
			return h, nil
		}
	}
	return Header{}, errors.New("not known")
}

// liar gives the same header for every number.
type liar Header

func (l liar) Header(uint64) (Header, error) { return Header(l), nil }

func TestNetwork(t *testing.T) {
	if Network(nil).Check != nil {
		t.Error("judges without headers")
	}
	a, b := readBlock(t, 14764013), readBlock(t, 19426587)
	n := Network(chain{a.head(t)})
	for _, c := range []struct {
		name  string
		key   Key
		value []byte
		want  error
	}{
		{"a body", Key{Body, a.number}, a.body, nil},
		{"receipts", Key{Receipts, a.number}, a.receipts, nil},
		{"receipts for a body", Key{Body, a.number}, a.receipts, content.ErrInvalid},
		{"a body for receipts", Key{Receipts, a.number}, a.body, content.ErrInvalid},
		{"another block's body", Key{Body, a.number}, b.body, content.ErrInvalid},
		{"another block's receipts", Key{Receipts, a.number}, b.receipts, content.ErrInvalid},
		{"nothing", Key{Body, a.number}, nil, content.ErrInvalid},
		{"a block without a header", Key{Body, b.number}, b.body, content.ErrUndecided},
		{"receipts without a header", Key{Receipts, b.number}, b.receipts, content.ErrUndecided},
		{"garbage without a header", Key{Body, b.number}, []byte("garbage"), content.ErrInvalid},
	} {
		if err := n.Check(c.key.Bytes(), c.value); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	wrong := Network(liar(a.head(t)))
	if err := wrong.Check(Key{Body, b.number}.Bytes(), b.body); !errors.Is(err, content.ErrUndecided) {
		t.Errorf("a source that gives another block's header: %v", err)
	}
	if err := n.Check([]byte{0}, a.body); !errors.Is(err, content.ErrKey) {
		t.Errorf("a key of one byte: %v", err)
	}
}

// Twenty ways to spoil each of a block's values, each refused.
func TestBlockMutations(t *testing.T) {
	for _, c := range blocks {
		b := readBlock(t, c.number)
		h := b.head(t)
		for i, bad := range mutations(b.body) {
			if err := CheckBody(h, bad); !errors.Is(err, content.ErrInvalid) {
				t.Errorf("block %d, body mutation %d: %v", c.number, i, err)
			}
		}
		if testing.Short() && len(b.receipts) > 1<<20 {
			continue // some seconds with the race detector
		}
		for i, bad := range mutations(b.receipts) {
			if err := CheckReceipts(h, bad); !errors.Is(err, content.ErrInvalid) {
				t.Errorf("block %d, receipts mutation %d: %v", c.number, i, err)
			}
		}
	}
}

// mutations are twenty-six neighbours of a value.
func mutations(good []byte) [][]byte {
	out := [][]byte{nil, {}, {0xc0}, {0x80}, good[:1], good[:len(good)/2], good[:len(good)-1], good[1:],
		append(slices.Clone(good), 0), append(slices.Clone(good), good...), {0xc2, 0xc0, 0xc0}, {0xc3, 0xc0, 0xc0, 0xc0}}
	for i := range 12 { // a bit here and there, from the first byte to the last
		bad := slices.Clone(good)
		bad[i*(len(good)-1)/11] ^= 1 << (i % 8)
		out = append(out, bad)
	}
	cut := slices.Delete(slices.Clone(good), len(good)/3, len(good)/3+1)
	swapped := slices.Clone(good)
	for i := len(good) / 4; i < len(good)/2; i++ {
		if swapped[i] != swapped[i+1] {
			swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
			break
		}
	}
	return append(out, cut, swapped)
}

// Receipts and bodies that differ from the good ones by a whole part.
func TestBlockParts(t *testing.T) {
	b := readBlock(t, 19426587)
	h := b.head(t)
	parts := func() body {
		p, err := decodeBody(b.body)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	for name, spoil := range map[string]func(*body){
		"no withdrawals":           func(p *body) { p.hasWithdrawals = false },
		"a withdrawal less":        func(p *body) { p.withdrawals = p.withdrawals[1:] },
		"a withdrawal twice":       func(p *body) { p.withdrawals = append(p.withdrawals, p.withdrawals[0]) },
		"withdrawals in disorder":  func(p *body) { slices.Reverse(p.withdrawals) },
		"a transaction less":       func(p *body) { p.txs = p.txs[:len(p.txs)-1] },
		"a transaction twice":      func(p *body) { p.txs = append(p.txs, p.txs[0]) },
		"transactions in disorder": func(p *body) { slices.Reverse(p.txs) },
		"no transactions":          func(p *body) { p.txs = nil },
		"an ommer":                 func(p *body) { p.ommers = []byte{0xc1, 0xc0} },
	} {
		p := parts()
		spoil(&p)
		if err := CheckBody(h, p.encode()); !errors.Is(err, content.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	old := readBlock(t, 14764013)
	p, err := decodeBody(old.body)
	if err != nil {
		t.Fatal(err)
	}
	p.hasWithdrawals = true
	if err := CheckBody(old.head(t), p.encode()); !errors.Is(err, content.ErrInvalid) {
		t.Errorf("withdrawals before their time: %v", err)
	}
	for name, spoil := range map[string]func([]receipt) []receipt{
		"one less":     func(rs []receipt) []receipt { return rs[1:] },
		"one twice":    func(rs []receipt) []receipt { return append(rs, rs[0]) },
		"in disorder":  func(rs []receipt) []receipt { slices.Reverse(rs); return rs },
		"another type": func(rs []receipt) []receipt { rs[0].kind ^= 1; return rs },
		"failed":       func(rs []receipt) []receipt { rs[3].status = nil; return rs },
		"more gas":     func(rs []receipt) []receipt { rs[3].gas++; return rs },
		"no logs":      func(rs []receipt) []receipt { rs[0].logs = []byte{0xc0}; return rs },
		"none":         func(rs []receipt) []receipt { return nil },
	} {
		rs, err := decodeReceipts(b.receipts)
		if err != nil {
			t.Fatal(err)
		}
		if err := CheckReceipts(h, encodeReceipts(spoil(rs))); !errors.Is(err, content.ErrInvalid) {
			t.Errorf("receipts, %s: %v", name, err)
		}
	}
}

// A transaction that is a list has no second form: as a string it would have the same
// place and the same bytes in the trie.
func TestListAsString(t *testing.T) {
	b := readBlock(t, 14764013)
	p, err := decodeBody(b.body)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(p.txs, func(tx []byte) bool { return tx[0] >= 0xc0 })
	if i < 0 {
		t.Fatal("no such transaction in the block")
	}
	if rootOf(p.txs) != b.head(t).Txs {
		t.Fatal("the root is not the header's")
	}
	bad := stringForm(p, i)
	if err := CheckBody(b.head(t), bad); !errors.Is(err, content.ErrInvalid) {
		t.Errorf("a second form of one body: %v", err)
	}
}

// A receipt's type has no second form either: above a byte it would be cut to another.
func TestReceiptTypeCut(t *testing.T) {
	b := readBlock(t, 19426587)
	rs, err := decodeReceipts(b.receipts)
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(rs, func(r receipt) bool { return r.kind == 2 })
	var all []byte
	for j, r := range rs {
		kind := uint64(r.kind)
		if j == i {
			kind += 256
		}
		body := rlp.AppendBytes(rlp.AppendUint(nil, kind), r.status)
		all = rlp.AppendList(all, append(rlp.AppendUint(body, r.gas), r.logs...))
	}
	if err := CheckReceipts(b.head(t), rlp.AppendList(nil, all)); i < 0 || !errors.Is(err, content.ErrInvalid) {
		t.Errorf("receipts of a type of two bytes: %v", err)
	}
}

func BenchmarkCheckReceipts(b *testing.B) {
	blk := readBlock(b, 15537394)
	h := blk.head(b)
	b.SetBytes(int64(len(blk.receipts)))
	for b.Loop() {
		if err := CheckReceipts(h, blk.receipts); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCheckBody(b *testing.B) {
	blk := readBlock(b, 22869878)
	h := blk.head(b)
	b.SetBytes(int64(len(blk.body)))
	for b.Loop() {
		if err := CheckBody(h, blk.body); err != nil {
			b.Fatal(err)
		}
	}
}
