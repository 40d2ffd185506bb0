package history

import (
	"fmt"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/internal/rlp"
)

// body is a block's body. Its slices alias what was decoded.
type body struct {
	txs            [][]byte // as they stand in the trie
	ommers         []byte   // the list, encoded
	withdrawals    [][]byte // encoded
	hasWithdrawals bool
}

// invalid is the verdict on a value that is not what its key promises.
func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %w", content.ErrInvalid, fmt.Errorf(format, args...))
}

// decodeBody reads [transactions, ommers] or [transactions, ommers, withdrawals] (devp2p,
// caps/eth.md "Block Encoding and Validity").
func decodeBody(b []byte) (out body, err error) {
	items, err := rlp.NewList(b)
	if err != nil {
		return body{}, invalid("body: %w", err)
	}
	txs, err := items.List()
	if err != nil {
		return body{}, invalid("transactions: %w", err)
	}
	if out.txs, err = each(txs, transaction); err != nil {
		return body{}, err
	}
	if out.ommers, err = items.Raw(); err != nil || !rlp.IsList(out.ommers) {
		return body{}, invalid("ommers: no list (%v)", err)
	}
	if out.hasWithdrawals = items.More(); out.hasWithdrawals {
		list, err := items.List()
		if err != nil {
			return body{}, invalid("withdrawals: %w", err)
		}
		if out.withdrawals, err = each(list, (*rlp.Reader).Raw); err != nil {
			return body{}, err
		}
	}
	if err := items.End(); err != nil {
		return body{}, invalid("body: %w", err)
	}
	return out, nil
}

// each reads all items of a list.
func each(items *rlp.Reader, read func(*rlp.Reader) ([]byte, error)) (out [][]byte, err error) {
	for items.More() {
		if len(out) == itemsMax {
			return nil, invalid("more than %d items", itemsMax)
		}
		item, err := read(items)
		if err != nil {
			return nil, invalid("item %d: %w", len(out), err)
		}
		out = append(out, item)
	}
	return out, nil
}

// Types of transactions and receipts are 1 to 0x7f; what begins higher is a list, so it
// is of type 0 (EIP-2718).
const typeMax = 0x7f

// transaction reads a transaction as it stands in the trie: a list, or the inside of a
// string that begins with a type. A string that begins like a list is refused: in the
// trie it would be told apart from the list by nothing.
func transaction(items *rlp.Reader) ([]byte, error) {
	if rlp.IsList(items.Rest()) {
		return items.Raw()
	}
	tx, err := items.Bytes()
	switch {
	case err != nil:
		return nil, err
	case len(tx) < 2 || tx[0] == 0 || tx[0] > typeMax:
		return nil, fmt.Errorf("transaction of no type")
	}
	return tx, nil
}

// check holds a body against its header.
func (b body) check(h Header) error {
	switch {
	case b.hasWithdrawals != h.HasWithdrawals:
		return invalid("withdrawals %v, by the header %v", b.hasWithdrawals, h.HasWithdrawals)
	case (len(b.txs) == 0) != (h.Txs == emptyRoot):
		return invalid("%d transactions under the root %x", len(b.txs), h.Txs)
	case keccak(b.ommers) != h.Ommers:
		return invalid("ommers of another hash")
	case b.hasWithdrawals && rootOf(b.withdrawals) != h.Withdrawals:
		return invalid("withdrawals of another root")
	case rootOf(b.txs) != h.Txs:
		return invalid("transactions of another root")
	}
	return nil
}

func rootOf(items [][]byte) Hash {
	return orderedRoot(len(items), func(i int) []byte { return items[i] })
}

// encode is the body's encoding.
func (b body) encode() []byte {
	var txs []byte
	for _, tx := range b.txs {
		if rlp.IsList(tx) {
			txs = append(txs, tx...)
		} else {
			txs = rlp.AppendBytes(txs, tx)
		}
	}
	out := append(rlp.AppendList(nil, txs), b.ommers...)
	if b.hasWithdrawals {
		var list []byte
		for _, w := range b.withdrawals {
			list = append(list, w...)
		}
		out = rlp.AppendList(out, list)
	}
	return rlp.AppendList(nil, out)
}
