package id

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	"golang.org/x/crypto/sha3"
)

// Public is a compressed secp256k1 public key, 33 bytes.
type Public [33]byte

// Key is a node's secp256k1 private key.
type Key struct {
	priv *secp256k1.PrivateKey
	pub  Public
	full [64]byte // pub as X||Y
	id   ID
}

// ErrKey is returned for bytes that are no secp256k1 key.
var ErrKey = errors.New("id: not a secp256k1 key")

// NewKey draws a key from entropy, which must be a secure source outside tests
// and simulations.
func NewKey(entropy io.Reader) (*Key, error) {
	for {
		var raw [32]byte
		if _, err := io.ReadFull(entropy, raw[:]); err != nil {
			return nil, fmt.Errorf("id: draw key: %w", err)
		}
		// Out-of-range scalars occur with probability 2^-128; draw again.
		if k, err := KeyFromBytes(raw[:]); err == nil {
			return k, nil
		}
	}
}

// KeyFromBytes makes a key of its 32-byte scalar, 0 < scalar < group order.
func KeyFromBytes(raw []byte) (*Key, error) {
	if len(raw) != 32 {
		return nil, fmt.Errorf("%w: %d bytes, want 32", ErrKey, len(raw))
	}
	var s secp256k1.ModNScalar
	if overflow := s.SetByteSlice(raw); overflow || s.IsZero() {
		return nil, fmt.Errorf("%w: scalar out of range", ErrKey)
	}
	full := multiply((*[32]byte)(raw))
	k := &Key{priv: secp256k1.NewPrivateKey(&s), full: [64]byte(full[1:])}
	k.pub[0] = 2 + full[64]&1
	copy(k.pub[1:], full[1:33])
	k.id = ID(Keccak256(k.full[:]))
	return k, nil
}

// Bytes is the 32-byte scalar. It is the secret itself.
func (k *Key) Bytes() []byte { return k.priv.Serialize() }

// Public is the compressed public key.
func (k *Key) Public() Public { return k.pub }

// Uncompressed is the public key as X||Y, 64 bytes.
func (k *Key) Uncompressed() [64]byte { return k.full }

// ID is the node ID of the key.
func (k *Key) ID() ID { return k.id }

// SignDigest signs a 32-byte digest and returns r||s (64 bytes, low s,
// deterministic nonce per RFC 6979), the form EIP-778 records carry.
func (k *Key) SignDigest(digest [32]byte) [64]byte {
	return k.sign(digest)
}

// SignDER signs a 32-byte digest and returns the ASN.1 DER form that libp2p uses
// for secp256k1 keys (peer-ids specification, "Secp256k1").
func (k *Key) SignDER(digest [32]byte) []byte {
	return ecdsa.Sign(k.priv, digest[:]).Serialize()
}

// ParsePublic checks that raw is a point on the curve in compressed form.
func ParsePublic(raw []byte) (Public, error) {
	var p Public
	if len(raw) != len(p) {
		return p, fmt.Errorf("%w: public key of %d bytes, want 33", ErrKey, len(raw))
	}
	if _, err := secp256k1.ParsePubKey(raw); err != nil {
		return p, fmt.Errorf("%w: %v", ErrKey, err)
	}
	copy(p[:], raw)
	return p, nil
}

// ID is the node ID of the key, or an error when the bytes are no point.
func (p Public) ID() (ID, error) {
	full, ok := p.expand()
	if !ok {
		return ID{}, fmt.Errorf("%w: no point of the curve", ErrKey)
	}
	return ID(Keccak256(full[1:])), nil
}

// Uncompressed is X||Y, 64 bytes, as RLPx and enode URLs write a key.
func (p Public) Uncompressed() ([64]byte, error) {
	full, ok := p.expand()
	if !ok {
		return [64]byte{}, fmt.Errorf("%w: no point of the curve", ErrKey)
	}
	return [64]byte(full[1:]), nil
}

func (p Public) String() string { return hex.EncodeToString(p[:]) }

// VerifyDigest checks an r||s signature over a digest and refuses a high s, so
// that a signature has exactly one accepted form.
func (p Public) VerifyDigest(digest [32]byte, sig []byte) bool {
	if len(sig) != 64 {
		return false
	}
	var r, s secp256k1.ModNScalar
	if r.SetByteSlice(sig[:32]) || s.SetByteSlice(sig[32:]) || r.IsZero() || s.IsZero() || s.IsOverHalfOrder() {
		return false
	}
	return p.verify(digest, (*[64]byte)(sig))
}

// VerifyDER checks a DER signature over a digest, as libp2p writes them.
func (p Public) VerifyDER(digest [32]byte, sig []byte) bool {
	parsed, err := ecdsa.ParseDERSignature(sig)
	if err != nil {
		return false
	}
	r, sc := parsed.R(), parsed.S()
	var compact [64]byte
	r.PutBytesUnchecked(compact[:32])
	sc.PutBytesUnchecked(compact[32:])
	return p.verify(digest, &compact)
}

// Keccak256 is the legacy Keccak of Ethereum, not SHA3-256.
func Keccak256(parts ...[]byte) (out [32]byte) {
	h := sha3.NewLegacyKeccak256()
	for _, p := range parts {
		h.Write(p)
	}
	h.Sum(out[:0])
	return out
}

// PublicFromUncompressed makes a key of X||Y, 64 bytes, and checks that it is a
// point on the curve.
func PublicFromUncompressed(raw []byte) (Public, error) {
	var p Public
	if len(raw) != 64 {
		return p, fmt.Errorf("%w: public key of %d bytes, want 64", ErrKey, len(raw))
	}
	pk, err := secp256k1.ParsePubKey(append([]byte{4}, raw...))
	if err != nil {
		return p, fmt.Errorf("%w: %v", ErrKey, err)
	}
	copy(p[:], pk.SerializeCompressed())
	return p, nil
}
