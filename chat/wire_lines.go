package chat

import (
	"errors"
	"fmt"

	"github.com/ropewalk/ropewalk/internal/rlp"
)

// idsItem is a string of IDs, 32 bytes each.
func idsItem(ids []LineID) []byte {
	b := make([]byte, 0, len(ids)*32)
	for _, l := range ids {
		b = append(b, l[:]...)
	}
	return bytesItem(b)
}

func readIDs(r *rlp.Reader, n int) ([]LineID, error) {
	b, err := r.Bytes()
	if err != nil {
		return nil, err
	}
	if len(b)%32 != 0 || len(b)/32 > n {
		return nil, fmt.Errorf("%d bytes of IDs", len(b))
	}
	out := make([]LineID, len(b)/32)
	for i := range out {
		copy(out[i][:], b[32*i:])
	}
	return out, nil
}

type someIDs struct {
	req  uint64
	more uint64 // 1: more follow behind these
	ids  []LineID
}

func (m someIDs) encode() []byte {
	return listOf(uintItem(m.req), uintItem(m.more), idsItem(m.ids))
}

func decodeIDs(data []byte) (m someIDs, err error) {
	r, err := rlp.NewList(data)
	if err == nil {
		err = errors.Join(number(r, &m.req), number(r, &m.more))
	}
	if err != nil {
		return m, err
	}
	if m.ids, err = readIDs(r, idsMax); err == nil && m.more > 1 {
		err = errors.New("flag")
	}
	return m, errors.Join(err, r.End())
}

type getLines struct {
	req  uint64
	room roomKey
	ids  []LineID // at most wantMax
}

func (m getLines) encode() []byte {
	return listOf(uintItem(m.req), bytesItem(m.room[:]), idsItem(m.ids))
}

func decodeGetLines(data []byte) (m getLines, err error) {
	r, err := rlp.NewList(data)
	if err == nil {
		err = errors.Join(number(r, &m.req), fixed(r, m.room[:]))
	}
	if err == nil {
		m.ids, err = readIDs(r, wantMax)
	}
	if err != nil {
		return m, err
	}
	return m, r.End()
}

type someLines struct {
	req   uint64
	lines [][]byte // alias the message
}

func (m someLines) encode() []byte {
	size := 16
	for _, l := range m.lines {
		size += len(l) + 5
	}
	items := make([]byte, 0, size)
	for _, l := range m.lines {
		items = rlp.AppendBytes(items, l)
	}
	return listOf(uintItem(m.req), rlp.AppendList(nil, items))
}

func decodeLines(data []byte) (m someLines, err error) {
	r, err := rlp.NewList(data)
	if err == nil {
		err = number(r, &m.req)
	}
	if err != nil {
		return m, err
	}
	list, err := r.List()
	for err == nil && list.More() {
		var b []byte
		if err = loose(list, &b); err == nil && (len(b) > lineBytesMax || len(m.lines) >= wantMax) {
			err = errors.New("lines too long or too many")
		}
		m.lines = append(m.lines, b)
	}
	return m, errors.Join(err, r.End())
}

// confirmed are the lines of one room that somebody has.
type confirmed struct {
	room roomKey
	ids  []LineID
}

func encodeReceipts(cs []confirmed) []byte {
	var items []byte
	for _, c := range cs {
		items = append(items, listOf(bytesItem(c.room[:]), idsItem(c.ids))...)
	}
	return rlp.AppendList(nil, items)
}

func decodeReceipts(data []byte) (out []confirmed, err error) {
	r, err := rlp.NewList(data)
	total := 0
	for err == nil && r.More() {
		var item *rlp.Reader
		if item, err = r.List(); err != nil {
			break
		}
		var c confirmed
		if err = fixed(item, c.room[:]); err != nil {
			break
		}
		if c.ids, err = readIDs(item, receiptsMax-total); err != nil {
			break
		}
		total += len(c.ids)
		if err = item.End(); err == nil && (len(c.ids) == 0 || len(out) >= roomsMax) {
			err = errors.New("empty or too many")
		}
		out = append(out, c)
	}
	return out, err
}
