package chat

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/ropewalk/ropewalk/internal/rlp"
)

// A log is a row of records: length and CRC-32C, both 32 bits big-endian, then an
// RLP list whose first item is the kind.
//
//	head   [0, 1, network tag, room]
//	line   [1, position, received, state, peers, encoded line]
//	state  [2, position, state, peers]
//
// Positions grow. What stands behind the first bad record does not count.
const (
	recordHead = iota
	recordLine
	recordState
	recordRoom // in chat/rooms
)

const (
	logVersion     = 1
	recordOverhead = 8
	// recordBytesMax bounds the list of a record.
	recordBytesMax = lineBytesMax + 64
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var errRecord = errors.New("chat: bad record")

func appendRecord(b, items []byte) []byte {
	payload := rlp.AppendList(nil, items)
	b = binary.BigEndian.AppendUint32(b, uint32(len(payload)))
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(payload, castagnoli))
	return append(b, payload...)
}

// nextRecord takes the first record of b.
func nextRecord(b []byte) (r *rlp.Reader, kind uint64, size int, err error) {
	if len(b) < recordOverhead {
		return nil, 0, 0, fmt.Errorf("%w: torn", errRecord)
	}
	n := binary.BigEndian.Uint32(b)
	if n > recordBytesMax || int(n) > len(b)-recordOverhead {
		return nil, 0, 0, fmt.Errorf("%w: torn", errRecord)
	}
	size = recordOverhead + int(n)
	payload := b[recordOverhead:size]
	if crc32.Checksum(payload, castagnoli) != binary.BigEndian.Uint32(b[4:]) {
		return nil, 0, 0, fmt.Errorf("%w: checksum", errRecord)
	}
	if r, err = rlp.NewList(payload); err == nil {
		kind, err = r.Uint64()
	}
	return r, kind, size, err
}

// logged is a line as a log has it.
type logged struct {
	pos, received uint64
	state         phase
	peers         uint64
	raw           []byte
	line          *signed // set by parseLog
}

func (e *entry) logged() logged {
	return logged{pos: e.pos, received: uint64(e.received), state: e.state, peers: uint64(e.peers), raw: e.raw}
}

func appendHead(b []byte, tag networkTag, room string) []byte {
	items := rlp.AppendUint(rlp.AppendUint(nil, recordHead), logVersion)
	return appendRecord(b, rlp.AppendString(rlp.AppendBytes(items, tag[:]), room))
}

func appendLine(b []byte, l logged) []byte {
	items := rlp.AppendUint(rlp.AppendUint(make([]byte, 0, len(l.raw)+40), recordLine), l.pos)
	items = rlp.AppendUint(rlp.AppendUint(items, l.received), uint64(l.state))
	return appendRecord(b, rlp.AppendBytes(rlp.AppendUint(items, l.peers), l.raw))
}

func appendState(b []byte, l logged) []byte {
	items := rlp.AppendUint(rlp.AppendUint(nil, recordState), l.pos)
	return appendRecord(b, rlp.AppendUint(rlp.AppendUint(items, uint64(l.state)), l.peers))
}

// encodeLog is a whole log.
func encodeLog(tag networkTag, room string, lines []logged) []byte {
	size := 64 + RoomBytesMax
	for _, l := range lines {
		size += len(l.raw) + 48
	}
	b := appendHead(make([]byte, 0, size), tag, room)
	for _, l := range lines {
		b = appendLine(b, l)
	}
	return b
}

// parseLog reads the log of a room. good is how many bytes of it count; lines
// alias data.
func parseLog(tag networkTag, room string, data []byte) (lines []logged, good int) {
	for good < len(data) {
		r, kind, size, err := nextRecord(data[good:])
		if err == nil && (good == 0) != (kind == recordHead) {
			err = errRecord
		}
		if err == nil {
			switch kind {
			case recordHead:
				err = readHead(r, tag, room)
			case recordLine:
				lines, err = readLine(r, tag, room, lines)
			case recordState:
				err = readState(r, lines)
			default:
				err = errRecord
			}
		}
		if err != nil {
			break
		}
		good += size
	}
	return lines, good
}

func readHead(r *rlp.Reader, tag networkTag, room string) error {
	var version uint64
	var name []byte
	var got networkTag
	if err := errors.Join(number(r, &version), fixed(r, got[:]), loose(r, &name), r.End()); err != nil {
		return err
	}
	if version != logVersion || got != tag || string(name) != room {
		return fmt.Errorf("%w: log of another room", errRecord)
	}
	return nil
}

func readLine(r *rlp.Reader, tag networkTag, room string, lines []logged) ([]logged, error) {
	var l logged
	var state uint64
	err := errors.Join(number(r, &l.pos), number(r, &l.received), number(r, &state), number(r, &l.peers), loose(r, &l.raw), r.End())
	if err != nil {
		return lines, err
	}
	if n := len(lines); n > 0 && l.pos <= lines[n-1].pos || l.pos == 0 || l.pos >= timeMax || l.received >= timeMax {
		return lines, errRecord
	}
	if l.line, err = decodeLine(l.raw); err != nil {
		return lines, err
	}
	if l.line.tag != tag || l.line.room != room || state >= uint64(phases) || l.peers > 1<<20 {
		return lines, errRecord
	}
	l.state = phase(state)
	return append(lines, l), nil
}

func readState(r *rlp.Reader, lines []logged) error {
	var pos, state, peers uint64
	if err := errors.Join(number(r, &pos), number(r, &state), number(r, &peers), r.End()); err != nil {
		return err
	}
	if state >= uint64(phases) || peers > 1<<20 {
		return errRecord
	}
	i, ok := slices.BinarySearchFunc(lines, pos, func(l logged, pos uint64) int {
		return int(min(1, max(-1, int64(l.pos)-int64(pos))))
	})
	if pos < timeMax && ok { // the line may be gone since
		lines[i].state, lines[i].peers = phase(state), peers
	}
	return nil
}
