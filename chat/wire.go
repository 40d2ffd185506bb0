package chat

import (
	"errors"
	"fmt"

	"github.com/ropewalk/ropewalk/internal/ordered"
	"github.com/ropewalk/ropewalk/internal/rlp"
)

// Codes of the chat lane. Every message is one RLP list.
const (
	codeRooms    = iota // [room, …]: the rooms the sender is a member of, all of them
	codeCompare         // [request, room, first hour, count, digest]
	codeSummary         // [request, verdict, [[hour, count, digest], …]]
	codeGetIDs          // [request, room, [hour, …], skip]
	codeIDs             // [request, more, IDs]
	codeGetLines        // [request, room, IDs]
	codeLines           // [request, [line, …]]
	codeReceipts        // [[room, IDs], …]
	codes
)

// Verdicts of a summary.
const (
	verdictStranger = iota // not a member
	verdictSame            // the same lines
	verdictDiffers         // the hours follow
)

// ErrMessage is returned by Recv for a message that is malformed or answers no
// question; it costs the link.
var ErrMessage = errors.New("chat: malformed message")

func listOf(items ...[]byte) []byte {
	var payload []byte
	for _, it := range items {
		payload = append(payload, it...)
	}
	return rlp.AppendList(nil, payload)
}

func uintItem(v uint64) []byte  { return rlp.AppendUint(nil, v) }
func bytesItem(b []byte) []byte { return rlp.AppendBytes(make([]byte, 0, len(b)+5), b) }

func encodeRooms(keys []roomKey) []byte {
	var items []byte
	for _, k := range keys {
		items = rlp.AppendBytes(items, k[:])
	}
	return rlp.AppendList(nil, items)
}

func decodeRooms(data []byte) (out ordered.Set[roomKey], err error) {
	r, err := rlp.NewList(data)
	for err == nil && r.More() {
		var k roomKey
		if err = fixed(r, k[:]); err == nil && (!out.Add(k) || out.Len() > roomsMax) {
			err = errors.New("rooms repeated or too many")
		}
	}
	return out, err
}

// compare asks for what the other has.
type compare struct {
	req   uint64
	room  roomKey
	from  hour
	count uint64
	sum   digest
}

func (m compare) encode() []byte {
	return listOf(uintItem(m.req), bytesItem(m.room[:]), uintItem(m.from), uintItem(m.count), bytesItem(m.sum[:]))
}

func decodeCompare(data []byte) (m compare, err error) {
	r, err := rlp.NewList(data)
	if err == nil {
		err = errors.Join(number(r, &m.req), fixed(r, m.room[:]), number(r, &m.from), number(r, &m.count), fixed(r, m.sum[:]), r.End())
	}
	return m, err
}

type summary struct {
	req     uint64
	verdict uint64
	hours   []hourDigest // ascending, at most hoursMax
}

func (m summary) encode() []byte {
	var items []byte
	for _, d := range m.hours {
		items = append(items, listOf(uintItem(d.hour), uintItem(d.count), bytesItem(d.sum[:]))...)
	}
	return listOf(uintItem(m.req), uintItem(m.verdict), rlp.AppendList(nil, items))
}

func decodeSummary(data []byte) (m summary, err error) {
	r, err := rlp.NewList(data)
	if err == nil {
		err = errors.Join(number(r, &m.req), number(r, &m.verdict))
	}
	if err != nil {
		return m, err
	}
	list, err := r.List()
	for err == nil && list.More() {
		var d hourDigest
		var item *rlp.Reader
		if item, err = list.List(); err != nil {
			break
		}
		err = errors.Join(number(item, &d.hour), number(item, &d.count), fixed(item, d.sum[:]), item.End())
		if n := len(m.hours); n >= hoursMax || n > 0 && d.hour <= m.hours[n-1].hour || d.count == 0 {
			err = errors.Join(err, errors.New("hours out of order or too many"))
		}
		m.hours = append(m.hours, d)
	}
	if err == nil && (m.verdict > verdictDiffers || m.verdict != verdictDiffers && len(m.hours) > 0) {
		err = fmt.Errorf("verdict %d", m.verdict)
	}
	return m, errors.Join(err, r.End())
}

type getIDs struct {
	req   uint64
	room  roomKey
	hours []hour // ascending, at most hoursMax
	skip  uint64
}

func (m getIDs) encode() []byte {
	var items []byte
	for _, h := range m.hours {
		items = rlp.AppendUint(items, h)
	}
	return listOf(uintItem(m.req), bytesItem(m.room[:]), rlp.AppendList(nil, items), uintItem(m.skip))
}

func decodeGetIDs(data []byte) (m getIDs, err error) {
	r, err := rlp.NewList(data)
	if err == nil {
		err = errors.Join(number(r, &m.req), fixed(r, m.room[:]))
	}
	if err != nil {
		return m, err
	}
	list, err := r.List()
	for err == nil && list.More() {
		var v hour
		err = number(list, &v)
		if n := len(m.hours); err == nil && (n >= hoursMax || n > 0 && v <= m.hours[n-1]) {
			err = errors.New("hours out of order or too many")
		}
		m.hours = append(m.hours, v)
	}
	if err != nil {
		return m, err
	}
	return m, errors.Join(number(r, &m.skip), r.End())
}
