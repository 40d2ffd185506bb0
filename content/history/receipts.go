package history

import (
	"fmt"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/rlp"
)

func keccak(b []byte) Hash { return id.Keccak256(b) }

// receipt is a transaction's receipt without its bloom (EIP-7642: eth/69 sends [type,
// status or state, cumulative gas, logs]). Its slices alias what was decoded.
type receipt struct {
	kind   byte
	status []byte // nothing, 1, or before Byzantium a state root
	gas    uint64
	logs   []byte // the list, encoded
}

// decodeReceipts reads a block's receipts.
func decodeReceipts(b []byte) (out []receipt, err error) {
	items, err := rlp.NewList(b)
	if err != nil {
		return nil, invalid("receipts: %w", err)
	}
	for items.More() {
		if len(out) == itemsMax {
			return nil, invalid("more than %d receipts", itemsMax)
		}
		r, err := decodeReceipt(items)
		if err != nil {
			return nil, invalid("receipt %d: %w", len(out), err)
		}
		out = append(out, r)
	}
	return out, nil
}

func decodeReceipt(items *rlp.Reader) (r receipt, err error) {
	fields, err := items.List()
	if err != nil {
		return receipt{}, err
	}
	kind, err := fields.Uint64()
	switch {
	case err != nil:
		return receipt{}, fmt.Errorf("type: %w", err)
	case kind > typeMax:
		return receipt{}, fmt.Errorf("type %d", kind)
	}
	r.kind = byte(kind)
	if r.status, err = fields.Bytes(); err != nil {
		return receipt{}, fmt.Errorf("status: %w", err)
	}
	if n := len(r.status); n != 0 && n != 32 && (n != 1 || r.status[0] != 1) {
		return receipt{}, fmt.Errorf("status %x", r.status)
	}
	if r.gas, err = fields.Uint64(); err != nil {
		return receipt{}, fmt.Errorf("gas: %w", err)
	}
	if r.logs, err = fields.Raw(); err != nil || !rlp.IsList(r.logs) {
		return receipt{}, fmt.Errorf("logs: no list (%v)", err)
	}
	return r, fields.End()
}

// checkReceipts holds receipts against their block's header.
func checkReceipts(rs []receipt, h Header) error {
	if (len(rs) == 0) != (h.Receipts == emptyRoot) {
		return invalid("%d receipts under the root %x", len(rs), h.Receipts)
	}
	blooms := make([]bloom, len(rs))
	for i, r := range rs {
		if err := blooms[i].logs(r.logs); err != nil {
			return invalid("logs of receipt %d: %w", i, err)
		}
	}
	if orderedRoot(len(rs), func(i int) []byte { return rs[i].consensus(&blooms[i]) }) != h.Receipts {
		return invalid("receipts of another root")
	}
	return nil
}

// consensus is the receipt as it stands in the trie: with its bloom, and its type before
// it (EIP-2718; yellow paper, section 4.3.1).
func (r receipt) consensus(b *bloom) []byte {
	body := rlp.AppendUint(rlp.AppendBytes(nil, r.status), r.gas)
	body = append(rlp.AppendBytes(body, b[:]), r.logs...)
	var out []byte
	if r.kind != 0 {
		out = append(out, r.kind)
	}
	return rlp.AppendList(out, body)
}

// encodeReceipts is the encoding of a block's receipts.
func encodeReceipts(rs []receipt) []byte {
	var all []byte
	for _, r := range rs {
		body := rlp.AppendBytes(rlp.AppendUint(nil, uint64(r.kind)), r.status)
		all = rlp.AppendList(all, append(rlp.AppendUint(body, r.gas), r.logs...))
	}
	return rlp.AppendList(nil, all)
}

// bloom is the filter over the addresses and topics of a receipt's logs (yellow paper,
// section 4.3.1, function M).
type bloom [256]byte

// logs adds all logs of an encoded list.
func (b *bloom) logs(list []byte) error {
	items, err := rlp.NewList(list)
	if err != nil {
		return err
	}
	for items.More() {
		fields, err := items.List()
		if err != nil {
			return err
		}
		if err := b.log(fields); err != nil {
			return err
		}
	}
	return nil
}

// log adds [address, topics, data].
func (b *bloom) log(fields *rlp.Reader) error {
	address, err := fields.Bytes()
	if err != nil || len(address) != 20 {
		return fmt.Errorf("address of %d bytes (%v)", len(address), err)
	}
	b.add(address)
	topics, err := fields.List()
	if err != nil {
		return err
	}
	for n := 0; topics.More(); n++ {
		topic, err := topics.Bytes()
		if err != nil || len(topic) != len(Hash{}) || n == logTopicsMax {
			return fmt.Errorf("topic %d of %d bytes (%v)", n, len(topic), err)
		}
		b.add(topic)
	}
	if _, err := fields.Bytes(); err != nil {
		return err
	}
	return fields.End()
}

// add sets three bits: the first three pairs of the hash's bytes, modulo 2,048.
func (b *bloom) add(item []byte) {
	sum := id.Keccak256(item)
	for i := 0; i < 6; i += 2 {
		bit := (uint(sum[i])<<8 | uint(sum[i+1])) % (8 * uint(len(b)))
		b[uint(len(b))-1-bit/8] |= 1 << (bit % 8)
	}
}
