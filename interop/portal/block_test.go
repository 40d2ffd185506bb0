package portal

import (
	"bytes"
	"math/big"
	"testing"

	"github.com/ethereum/go-ethereum/common"
	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/rlp"
	"github.com/ethereum/go-ethereum/trie"
	"github.com/holiman/uint256"
	"pgregory.net/rapid"

	"github.com/ropewalk/ropewalk/content/history"
)

// drawTx draws a transaction of any type.
func drawTx(t *rapid.T, nonce uint64) *types.Transaction {
	data := rapid.SliceOfN(rapid.Byte(), 0, 60).Draw(t, "data")
	to := common.BytesToAddress(data)
	r, s := big.NewInt(7), big.NewInt(9)
	switch rapid.IntRange(0, 3).Draw(t, "type") {
	case 0:
		return types.NewTx(&types.LegacyTx{Nonce: nonce, GasPrice: big.NewInt(1), Gas: 21000, To: &to, Value: r, Data: data, V: big.NewInt(27), R: r, S: s})
	case 1:
		return types.NewTx(&types.AccessListTx{ChainID: r, Nonce: nonce, GasPrice: r, To: &to, Value: r, Data: data,
			AccessList: types.AccessList{{Address: to, StorageKeys: []common.Hash{{1}}}}, V: r, R: r, S: s})
	case 2:
		return types.NewTx(&types.DynamicFeeTx{ChainID: r, Nonce: nonce, GasTipCap: r, GasFeeCap: s, Value: r, Data: data, V: r, R: r, S: s})
	default:
		n := uint256.NewInt(5)
		return types.NewTx(&types.BlobTx{ChainID: n, Nonce: nonce, GasTipCap: n, GasFeeCap: n, To: to, Value: n, Data: data,
			BlobFeeCap: n, BlobHashes: []common.Hash{{1}}, V: n, R: n, S: n})
	}
}

// drawReceipt draws a receipt of a transaction's type.
func drawReceipt(t *rapid.T, kind uint8, gas uint64) *types.Receipt {
	r := &types.Receipt{Type: kind, CumulativeGasUsed: gas, Status: uint64(rapid.IntRange(0, 1).Draw(t, "status"))}
	if kind == 0 && rapid.IntRange(0, 3).Draw(t, "old") == 0 { // before Byzantium
		r.PostState = bytes.Repeat([]byte{byte(gas)}, 32)
	}
	for range rapid.IntRange(0, 3).Draw(t, "logs") {
		l := &types.Log{Address: common.Address{byte(gas), 1}, Data: rapid.SliceOfN(rapid.Byte(), 0, 70).Draw(t, "log"), Topics: []common.Hash{}}
		for i := range rapid.IntRange(0, 4).Draw(t, "topics") {
			l.Topics = append(l.Topics, common.Hash{byte(i), byte(gas)})
		}
		r.Logs = append(r.Logs, l)
	}
	r.Bloom = types.CreateBloom(r)
	return r
}

// withoutBloom is a receipt as eth/69 sends it.
func withoutBloom(r *types.Receipt) []any {
	status := r.PostState
	if len(status) == 0 && r.Status == 1 {
		status = []byte{1}
	}
	logs := r.Logs
	if logs == nil {
		logs = []*types.Log{}
	}
	return []any{uint64(r.Type), status, r.CumulativeGasUsed, logs}
}

// Any block of go-ethereum's is what its header promises, and with a bit changed it is
// not.
func TestBlocks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var (
			body     types.Body
			receipts types.Receipts
			list     = [][]any{}
		)
		for i := range rapid.SampledFrom([]int{0, 1, 2, 3, 17, 127, 128, 129, 300}).Draw(t, "transactions") {
			tx := drawTx(t, uint64(i))
			r := drawReceipt(t, tx.Type(), uint64(i+1)*21000)
			body.Transactions, receipts, list = append(body.Transactions, tx), append(receipts, r), append(list, withoutBloom(r))
		}
		for i := range rapid.IntRange(0, 2).Draw(t, "ommers") {
			body.Uncles = append(body.Uncles, &types.Header{Number: big.NewInt(int64(i)), Difficulty: big.NewInt(1)})
		}
		header := &types.Header{Number: big.NewInt(1000), Difficulty: big.NewInt(1), Time: 7}
		if rapid.Bool().Draw(t, "shanghai") {
			header.BaseFee = big.NewInt(1)
			body.Withdrawals = []*types.Withdrawal{}
			for i := range rapid.IntRange(0, 20).Draw(t, "withdrawals") {
				body.Withdrawals = append(body.Withdrawals, &types.Withdrawal{Index: uint64(i), Validator: 5, Amount: 1 << 40})
			}
		}
		block := types.NewBlock(header, &body, receipts, trie.NewStackTrie(nil))
		raw := encode(t, block.Header())
		h, err := history.DecodeHeader(raw)
		if err != nil || common.Hash(h.Hash) != block.Hash() || h.Number != 1000 || h.Time != 7 {
			t.Fatalf("header %+v, %v; hash %x", h, err, block.Hash())
		}
		for what, c := range map[string]struct {
			value []byte
			check func(history.Header, []byte) error
		}{
			"body":     {encode(t, block.Body()), history.CheckBody},
			"receipts": {encode(t, list), history.CheckReceipts},
		} {
			if err := c.check(h, c.value); err != nil {
				t.Fatalf("%s: %v: %x", what, err, c.value)
			}
			at := rapid.IntRange(0, len(c.value)-1).Draw(t, "at")
			c.value[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
			if c.check(h, c.value) == nil {
				t.Fatalf("%s: a bit of byte %d does not matter", what, at)
			}
		}
	})
}

func encode(t *rapid.T, v any) []byte {
	b, err := rlp.EncodeToBytes(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
