package history

import (
	"errors"
	"fmt"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/rlp"
)

// ErrHeader is of bytes that are no block header.
var ErrHeader = errors.New("history: no block header")

// Hash is a Keccak-256.
type Hash = [32]byte

// Header is what a block's header says of what the block holds.
type Header struct {
	Hash, Parent Hash
	Number       uint64
	Time         uint64 // Unix seconds
	Ommers       Hash   // of the list of ommers
	Txs          Hash   // roots of tries
	Receipts     Hash
	Withdrawals  Hash
	// HasWithdrawals: the block is of Shanghai or later.
	HasWithdrawals bool
}

// Headers is a source of headers of one chain. Header gives that of a number, or an
// error when it does not know. It may take long, and is called from several goroutines.
type Headers interface {
	Header(number uint64) (Header, error)
}

// Places of a header's fields (execution specifications, "Header"). Forks add at the end.
const (
	fieldParent      = 0
	fieldOmmers      = 1
	fieldTxs         = 4
	fieldReceipts    = 5
	fieldNumber      = 8
	fieldTime        = 11
	fieldNonce       = 14
	fieldWithdrawals = 16
)

// DecodeHeader reads an encoded header. Fields that later forks add are passed over.
func DecodeHeader(b []byte) (Header, error) {
	if len(b) > HeaderBytesMax {
		return Header{}, fmt.Errorf("%w: %d bytes, at most %d", ErrHeader, len(b), HeaderBytesMax)
	}
	items, err := rlp.NewList(b)
	if err != nil {
		return Header{}, fmt.Errorf("%w: %w", ErrHeader, err)
	}
	var h Header
	at := 0
	for ; items.More(); at++ {
		if err := h.field(at, items); err != nil {
			return Header{}, fmt.Errorf("%w: field %d: %w", ErrHeader, at, err)
		}
	}
	if at <= fieldNonce {
		return Header{}, fmt.Errorf("%w: %d fields, want at least %d", ErrHeader, at, fieldNonce+1)
	}
	h.Hash = id.Keccak256(b)
	return h, nil
}

// field reads the field of a place.
func (h *Header) field(at int, items *rlp.Reader) (err error) {
	switch at {
	case fieldParent:
		return hash(items, &h.Parent)
	case fieldOmmers:
		return hash(items, &h.Ommers)
	case fieldTxs:
		return hash(items, &h.Txs)
	case fieldReceipts:
		return hash(items, &h.Receipts)
	case fieldWithdrawals:
		h.HasWithdrawals = true
		return hash(items, &h.Withdrawals)
	case fieldNumber:
		h.Number, err = items.Uint64()
	case fieldTime:
		h.Time, err = items.Uint64()
	default:
		_, err = items.Bytes()
	}
	return err
}

func hash(items *rlp.Reader, to *Hash) error {
	b, err := items.Bytes()
	switch {
	case err != nil:
		return err
	case len(b) != len(to):
		return fmt.Errorf("a hash of %d bytes", len(b))
	}
	*to = Hash(b)
	return nil
}
