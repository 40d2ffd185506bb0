package history

import (
	"encoding/binary"
	"fmt"
	"math/bits"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
)

// Kind is what a key names of a block.
type Kind byte

const (
	Body Kind = iota
	Receipts
	kinds
)

// Key names a block's body or its receipts.
type Key struct {
	Kind   Kind
	Number uint64
}

// DecodeKey reads a key (content.ErrKey).
func DecodeKey(b []byte) (Key, error) {
	switch {
	case len(b) != KeyBytes:
		return Key{}, fmt.Errorf("%w: %d bytes, want %d", content.ErrKey, len(b), KeyBytes)
	case Kind(b[0]) >= kinds:
		return Key{}, fmt.Errorf("%w: kind %d", content.ErrKey, b[0])
	}
	return Key{Kind(b[0]), binary.LittleEndian.Uint64(b[1:])}, nil
}

// Bytes is the key as it goes on the wire.
func (k Key) Bytes() []byte {
	return binary.LittleEndian.AppendUint64([]byte{byte(k.Kind)}, k.Number)
}

// ID is where on the ring the value belongs ("content_id": the low 16 bits of the
// number, the other 48 in reverse, and the kind at the very end).
func (k Key) ID() (at id.ID) {
	offset := k.Number >> cycleBits
	head := k.Number<<(64-cycleBits) | bits.Reverse64(offset)>>cycleBits
	binary.BigEndian.PutUint64(at[:], head)
	at[len(at)-1] = byte(k.Kind)
	return at
}
