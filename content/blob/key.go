package blob

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
)

// Kind is what a key names.
type Kind byte

const (
	Chunk Kind = iota
	File       // its manifest
	kinds
)

// Key names a chunk or a manifest.
type Key struct {
	Kind Kind
	Hash [hashBytes]byte
}

// KeyOf is the key of a value.
func KeyOf(k Kind, value []byte) Key { return Key{k, sha256.Sum256(value)} }

// DecodeKey reads a key (content.ErrKey).
func DecodeKey(b []byte) (Key, error) {
	switch {
	case len(b) != KeyBytes:
		return Key{}, fmt.Errorf("%w: %d bytes, want %d", content.ErrKey, len(b), KeyBytes)
	case Kind(b[0]) >= kinds:
		return Key{}, fmt.Errorf("%w: kind %d", content.ErrKey, b[0])
	}
	return Key{Kind(b[0]), [hashBytes]byte(b[1:])}, nil
}

// ParseKey reads a key's text form: 66 hex digits, 0x before them or not.
func ParseKey(s string) (Key, error) {
	if len(s) > 1 && s[0] == '0' && s[1] == 'x' {
		s = s[2:]
	}
	if len(s) != 2*KeyBytes {
		return Key{}, fmt.Errorf("%w: %d hex digits, want %d", content.ErrKey, len(s), 2*KeyBytes)
	}
	b, err := hex.DecodeString(s)
	if err != nil {
		return Key{}, fmt.Errorf("%w: %v", content.ErrKey, err)
	}
	return DecodeKey(b)
}

// Bytes is the key as it goes on the wire.
func (k Key) Bytes() []byte { return append([]byte{byte(k.Kind)}, k.Hash[:]...) }

// String is the key's text form, 66 hex digits.
func (k Key) String() string { return hex.EncodeToString(k.Bytes()) }

// ID is where on the ring the value belongs: its hash, not hashed again.
func (k Key) ID() id.ID { return k.Hash }

// Check tells whether a value is what the key names (content.ErrInvalid).
func (k Key) Check(value []byte) error {
	switch {
	case len(value) == 0 || len(value) > ChunkBytes:
		return fmt.Errorf("%w: %d bytes, want 1 to %d", content.ErrInvalid, len(value), ChunkBytes)
	case sha256.Sum256(value) != k.Hash:
		return fmt.Errorf("%w: another hash", content.ErrInvalid)
	}
	if k.Kind == File {
		if _, err := DecodeManifest(value); err != nil {
			return fmt.Errorf("%w: %w", content.ErrInvalid, err)
		}
	}
	return nil
}
