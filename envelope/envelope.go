package envelope

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/ropewalk/ropewalk/id"
)

// What is wrong with an envelope.
var (
	ErrMalformed = errors.New("envelope: malformed")
	ErrForeign   = errors.New("envelope: signed by another peer than its record names")
	ErrSignature = errors.New("envelope: bad signature")
)

// Fields of Envelope (RFC 0002, "Wire Format").
const (
	fieldKey       = 1
	fieldType      = 2
	fieldPayload   = 3
	fieldSignature = 5
)

// sealed is an envelope as it stands on the wire. Its bytes alias the input.
type sealed struct {
	key, kind, payload, signature []byte
}

// Open reads a signed peer record, whole: the envelope, its signature, and that who
// signed is who the record speaks of. It takes as long as the check of a signature,
// some hundred microseconds.
func Open(raw []byte) (*Record, error) {
	s, r, t, key, err := read(raw)
	if err != nil {
		return nil, err
	}
	if !id.Verify(t, key, signedBytes(s.payload), s.signature) {
		return nil, ErrSignature
	}
	r.place()
	return &r.Record, nil
}

// Of tells whose record an envelope says it holds. It checks everything but the
// signature and the addresses, and costs little.
func Of(raw []byte) (id.PeerID, error) {
	_, r, _, _, err := read(raw)
	if err != nil {
		return "", err
	}
	return r.Peer, nil
}

// Says tells what an envelope says, which nobody has to have signed: Open without the
// check of the signature, at a small part of its price.
func Says(raw []byte) (*Record, error) {
	_, r, _, _, err := read(raw)
	if err != nil {
		return nil, err
	}
	r.place()
	return &r.Record, nil
}

// Seal signs a record, whose Peer is the key's.
func Seal(k *id.Key, r Record) []byte {
	pub := k.Public()
	r.Peer = pub.PeerID()
	payload := r.append(nil)
	out := appendBytes(nil, fieldKey, id.MarshalPublicKey(id.Secp256k1, pub[:]))
	out = appendBytes(out, fieldType, []byte(payloadType))
	out = appendBytes(out, fieldPayload, payload)
	return appendBytes(out, fieldSignature, k.SignDER(sha256.Sum256(signedBytes(payload))))
}

func read(raw []byte) (s sealed, r *draft, t id.KeyType, key []byte, err error) {
	if s, err = split(raw); err != nil {
		return
	}
	if r, err = readRecord(s.payload); err != nil {
		return
	}
	if t, key, err = id.UnmarshalPublicKey(s.key); err != nil {
		err = fmt.Errorf("%w: %w", ErrMalformed, err)
	} else if id.PeerIDOf(t, key) != r.Peer {
		err = ErrForeign
	}
	return
}

// split reads the fields of an envelope of our kind.
func split(raw []byte) (s sealed, err error) {
	if len(raw) == 0 || len(raw) > BytesMax {
		return s, fmt.Errorf("%w: %d bytes, want 1 to %d", ErrMalformed, len(raw), BytesMax)
	}
	for len(raw) > 0 {
		var f field
		if f, raw, err = next(raw); err != nil {
			return s, err
		}
		switch at := s.part(f.num); {
		case at == nil:
		case f.typ != length:
			return s, fmt.Errorf("%w: field %d of wire type %d", ErrMalformed, f.num, f.typ)
		default:
			*at = f.val
		}
	}
	if string(s.kind) != payloadType {
		return s, fmt.Errorf("%w: payload of type %.16x, want %x", ErrMalformed, s.kind, payloadType)
	}
	return s, nil
}

func (s *sealed) part(num uint64) *[]byte {
	switch num {
	case fieldKey:
		return &s.key
	case fieldType:
		return &s.kind
	case fieldPayload:
		return &s.payload
	case fieldSignature:
		return &s.signature
	}
	return nil
}

// signedBytes is what the signature covers: domain, type and payload, each after
// its length (RFC 0002, "Signature Production").
func signedBytes(payload []byte) []byte {
	out := make([]byte, 0, len(domain)+len(payloadType)+len(payload)+6)
	for _, part := range [][]byte{[]byte(domain), []byte(payloadType), payload} {
		out = binary.AppendUvarint(out, uint64(len(part)))
		out = append(out, part...)
	}
	return out
}
