package wire

import (
	"encoding/binary"
	"slices"

	"github.com/ropewalk/ropewalk/internal/ssz"
)

// FindContent asks for the value of a key.
type FindContent struct {
	Key []byte
}

// DecodeFindContent reads the message. The key may be empty: whether it is one is the
// network's to say.
func DecodeFindContent(b []byte) (FindContent, error) {
	b, err := body(b, KindFindContent)
	if err != nil {
		return FindContent{}, err
	}
	parts, err := ssz.Parts(b, offsetBytes, 0)
	if err != nil {
		return FindContent{}, malformed(KindFindContent, err)
	}
	if len(parts[0]) > KeyBytesMax {
		return FindContent{}, refuse(KindFindContent, "key of %d bytes, at most %d", len(parts[0]), KeyBytesMax)
	}
	return FindContent{Key: parts[0]}, nil
}

// Append appends the message.
func (m FindContent) Append(b []byte) ([]byte, error) {
	if len(m.Key) > KeyBytesMax {
		return b, refuse(KindFindContent, "key of %d bytes, at most %d", len(m.Key), KeyBytesMax)
	}
	b = ssz.AppendOffset(append(b, byte(KindFindContent)), offsetBytes)
	return append(b, m.Key...), nil
}

// Form says which of three things an answer to FindContent holds.
type Form byte

const (
	FormStream  Form = iota // Conn: open a stream to read the value from
	FormValue               // Value
	FormRecords             // Records of nodes closer to the key
	forms
)

// Content answers FindContent. Only the field that Form names counts.
type Content struct {
	Form    Form
	Conn    uint16 // the stream's connection ID, as it stands in a uTP header
	Value   []byte
	Records [][]byte // encoded, unverified
}

// DecodeContent reads the message.
func DecodeContent(b []byte) (Content, error) {
	b, err := body(b, KindContent)
	if err != nil {
		return Content{}, err
	}
	form, b, err := ssz.Union(b, int(forms))
	if err != nil {
		return Content{}, malformed(KindContent, err)
	}
	m := Content{Form: Form(form)}
	switch m.Form {
	case FormStream:
		if err = ssz.Fixed(b, 2); err == nil {
			m.Conn = binary.BigEndian.Uint16(b)
		}
	case FormValue:
		m.Value, err = ssz.Bytes(b, valueBytes)
	case FormRecords:
		m.Records, err = ssz.Lists(b, RecordsMax, recordBytes)
	}
	if err != nil {
		return Content{}, malformed(KindContent, err)
	}
	return m, nil
}

// Append appends the message.
func (m Content) Append(b []byte) ([]byte, error) {
	switch {
	case m.Form >= forms:
		return b, refuse(KindContent, "form %d", m.Form)
	case m.Form == FormValue && len(m.Value) > valueBytes:
		return b, refuse(KindContent, "value of %d bytes, at most %d", len(m.Value), valueBytes)
	case m.Form == FormRecords:
		if err := checkLists(KindContent, m.Records, RecordsMax, recordBytes); err != nil {
			return b, err
		}
	}
	b = append(b, byte(KindContent), byte(m.Form))
	switch m.Form {
	case FormStream:
		b = binary.BigEndian.AppendUint16(b, m.Conn)
	case FormValue:
		b = append(slices.Grow(b, len(m.Value)), m.Value...)
	case FormRecords:
		b = ssz.AppendLists(b, m.Records)
	}
	return b, nil
}
