package id

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"strings"
)

// ID is the 32-byte name of a node.
type ID [32]byte

// ErrMalformed is returned for text or bytes that name nothing.
var ErrMalformed = errors.New("id: malformed")

// Parse reads the form String writes: 64 hex digits, with or without 0x.
func Parse(s string) (ID, error) {
	var out ID
	raw, err := hex.DecodeString(strings.TrimPrefix(s, "0x"))
	if err != nil || len(raw) != len(out) {
		return out, fmt.Errorf("%w: %.80q is not 32 bytes of hex", ErrMalformed, s)
	}
	copy(out[:], raw)
	return out, nil
}

// String is 0x and 64 hex digits.
func (a ID) String() string { return "0x" + hex.EncodeToString(a[:]) }

// Short is the first four bytes in hex, for logs and pictures.
func (a ID) Short() string { return hex.EncodeToString(a[:4]) }

// MarshalText and UnmarshalText let an ID stand in JSON.
func (a ID) MarshalText() ([]byte, error) { return []byte(a.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (a *ID) UnmarshalText(text []byte) (err error) {
	*a, err = Parse(string(text))
	return err
}

// IsZero tells whether the ID is unset.
func (a ID) IsZero() bool { return a == ID{} }

// Compare orders IDs as big-endian numbers: -1, 0 or 1.
func (a ID) Compare(b ID) int { return bytes.Compare(a[:], b[:]) }

// LogDistance is the bit length of a XOR b: 0 for equal IDs, 256 when the top
// bit differs (discv5 theory, "Nodes, Records and Distances").
func LogDistance(a, b ID) int {
	for i := range a {
		if x := a[i] ^ b[i]; x != 0 {
			return (len(a)-i)*8 - bits.LeadingZeros8(x)
		}
	}
	return 0
}

// CompareDistance tells which of a and b is nearer to target: -1 when a is, 1
// when b is, 0 when they are the same ID.
func CompareDistance(target, a, b ID) int {
	for i := range target {
		da, db := a[i]^target[i], b[i]^target[i]
		switch {
		case da < db:
			return -1
		case da > db:
			return 1
		}
	}
	return 0
}
