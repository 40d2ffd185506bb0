package id

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/mr-tron/base58"
)

// KeyType is the number of a key kind in libp2p's PublicKey message.
type KeyType int32

// Key kinds of the libp2p peer-ids specification, "Keys".
const (
	RSA       KeyType = 0
	Ed25519   KeyType = 1
	Secp256k1 KeyType = 2
	ECDSA     KeyType = 3
)

// inlineBytesMax is the size up to which a public-key message stands in a peer ID
// itself instead of its hash (peer-ids specification, "Peer Ids").
const inlineBytesMax = 42

// keyBytesMax bounds a public-key message: an 8192-bit RSA key with some room.
const keyBytesMax = 2048

// PeerID is a libp2p peer ID in binary: a multihash of the public-key message.
type PeerID string

// PeerID of a node key: the key itself, inlined.
func (p Public) PeerID() PeerID { return PeerIDOf(Secp256k1, p[:]) }

// PeerIDOf makes the peer ID of a key of the given kind.
func PeerIDOf(t KeyType, raw []byte) PeerID {
	msg := MarshalPublicKey(t, raw)
	if len(msg) <= inlineBytesMax {
		return PeerID("\x00" + string([]byte{byte(len(msg))}) + string(msg))
	}
	sum := sha256.Sum256(msg)
	return PeerID("\x12\x20" + string(sum[:]))
}

// ParsePeerID reads the base58 text form.
func ParsePeerID(s string) (PeerID, error) {
	if len(s) > 128 {
		return "", fmt.Errorf("%w: peer ID of %d characters", ErrMalformed, len(s))
	}
	raw, err := base58.Decode(s)
	if err != nil {
		return "", fmt.Errorf("%w: peer ID %q", ErrMalformed, s)
	}
	p := PeerID(raw)
	if !p.valid() {
		return "", fmt.Errorf("%w: peer ID %q", ErrMalformed, s)
	}
	return p, nil
}

func (p PeerID) valid() bool {
	switch {
	case len(p) == 34 && p[0] == 0x12 && p[1] == 32:
		return true
	case len(p) > 2 && p[0] == 0 && int(p[1]) == len(p)-2 && len(p)-2 <= inlineBytesMax:
		return true
	}
	return false
}

// String is the base58 form, as in a multiaddr's /p2p/ part.
func (p PeerID) String() string { return base58.Encode([]byte(p)) }

// Key returns the inlined key. ok is false when the peer ID is only a hash, as
// for RSA keys; then the key must come with the message.
func (p PeerID) Key() (t KeyType, raw []byte, ok bool) {
	if !p.valid() || p[0] != 0 {
		return 0, nil, false
	}
	t, raw, err := UnmarshalPublicKey([]byte(p[2:]))
	return t, raw, err == nil
}

// ID is the node ID of the peer. A peer ID that is only a hash gives the
// domain-separated hash of the peer ID itself.
func (p PeerID) ID() ID {
	if t, raw, ok := p.Key(); ok && t == Secp256k1 {
		if pub, err := ParsePublic(raw); err == nil {
			if out, err := pub.ID(); err == nil {
				return out
			}
		}
	}
	return sha256.Sum256(append([]byte("ropewalk node id of libp2p peer:"), p...))
}

// MarshalPublicKey writes libp2p's PublicKey message: field 1 the kind, field 2
// the key bytes.
func MarshalPublicKey(t KeyType, raw []byte) []byte {
	out := []byte{0x08, byte(t), 0x12}
	out = binary.AppendUvarint(out, uint64(len(raw)))
	return append(out, raw...)
}

// UnmarshalPublicKey reads a PublicKey message in its one canonical encoding and
// checks the length of the kinds that have a fixed one.
func UnmarshalPublicKey(msg []byte) (KeyType, []byte, error) {
	if len(msg) > keyBytesMax || len(msg) < 4 || msg[0] != 0x08 || msg[1] > byte(ECDSA) || msg[2] != 0x12 {
		return 0, nil, fmt.Errorf("%w: public-key message", ErrMalformed)
	}
	n, w := binary.Uvarint(msg[3:])
	if w <= 0 || n != uint64(len(msg)-3-w) || len(binary.AppendUvarint(nil, n)) != w {
		return 0, nil, fmt.Errorf("%w: public-key message length", ErrMalformed)
	}
	t, raw := KeyType(msg[1]), msg[3+w:]
	if t == Ed25519 && len(raw) != ed25519.PublicKeySize || t == Secp256k1 && len(raw) != len(Public{}) {
		return 0, nil, fmt.Errorf("%w: key of %d bytes", ErrMalformed, len(raw))
	}
	return t, raw, nil
}
