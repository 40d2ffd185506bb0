package enr

import (
	"bytes"
	"fmt"
	"net/netip"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/rlp"
)

// sigBytes is the length of a v4 signature, r‖s (EIP-778, "v4 Identity Scheme").
const sigBytes = 64

// The keys we read (EIP-778, "Record Structure").
const (
	keyID     = "id"
	keyPublic = "secp256k1"
	keyIP     = "ip"
	keyIP6    = "ip6"
	schemeV4  = "v4"
)

// Places of ports in Record.port.
const (
	portTCP = iota
	portUDP
	portTCP6
	portUDP6
)

var portKeys = [...]string{portTCP: "tcp", portUDP: "udp", portTCP6: "tcp6", portUDP6: "udp6"}

// Decode reads an encoded record and verifies its signature. The input is copied.
func Decode(b []byte) (*Record, error) {
	r, err := DecodeUnverified(b)
	if err != nil {
		return nil, err
	}
	if err := r.Verify(); err != nil {
		return nil, err
	}
	return r, nil
}

// DecodeUnverified checks everything but the signature, in a few microseconds.
// The record must not be used or passed on before Verify. The input is copied.
func DecodeUnverified(b []byte) (*Record, error) {
	if len(b) > BytesMax {
		return nil, fmt.Errorf("%w: %d", ErrTooLarge, len(b))
	}
	r := &Record{raw: bytes.Clone(b)}
	items, err := rlp.NewList(r.raw)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	sig, err := items.Bytes()
	if err != nil {
		return nil, fmt.Errorf("%w: signature: %w", ErrMalformed, err)
	}
	if r.seq, err = items.Uint64(); err != nil {
		return nil, fmt.Errorf("%w: seq: %w", ErrMalformed, err)
	}
	seen, err := r.readPairs(items)
	switch {
	case err != nil:
		return nil, err
	case !seen.scheme:
		return nil, fmt.Errorf("%w: no key %q", ErrMalformed, keyID)
	case !seen.public:
		return nil, fmt.Errorf("%w: no key %q", ErrMalformed, keyPublic)
	case len(sig) != sigBytes:
		return nil, fmt.Errorf("%w: signature of %d bytes, want %d", ErrMalformed, len(sig), sigBytes)
	}
	return r, nil
}

// required tells which of the keys that v4 demands were there.
type required struct{ scheme, public bool }

// readPairs reads keys and values up to the end of the record.
func (r *Record) readPairs(items *rlp.Reader) (seen required, err error) {
	var last []byte
	for first := true; items.More(); first = false {
		key, err := items.Bytes()
		if err != nil {
			return seen, fmt.Errorf("%w: key: %w", ErrMalformed, err)
		}
		// EIP-778: "The key/value pairs must be sorted by key and must be unique".
		if !first && bytes.Compare(key, last) <= 0 {
			return seen, fmt.Errorf("%w: key %.40q after %.40q", ErrMalformed, key, last)
		}
		last = key
		value, err := items.Raw()
		if err != nil {
			return seen, fmt.Errorf("%w: value of %.40q: %w", ErrMalformed, key, err)
		}
		if err := r.readKnown(string(key), value, &seen); err != nil {
			return seen, err
		}
	}
	return seen, nil
}

// readKnown reads the value of a key that we know and leaves all others alone.
func (r *Record) readKnown(key string, value []byte, seen *required) error {
	switch key {
	case keyID:
		if s, err := rlp.NewItems(value).Bytes(); err != nil || string(s) != schemeV4 {
			return fmt.Errorf("%w: %.40q", ErrScheme, value)
		}
		seen.scheme = true
	case keyPublic:
		s, err := rlp.NewItems(value).Bytes()
		if err != nil || len(s) != len(r.pub) || s[0] != 2 && s[0] != 3 {
			return fmt.Errorf("%w: public key", ErrMalformed)
		}
		copy(r.pub[:], s)
		seen.public = true
	case keyIP, keyIP6:
		s, err := rlp.NewItems(value).Bytes()
		ip, ok := netip.AddrFromSlice(s)
		if err != nil || !ok || ip.Is4() != (key == keyIP) {
			return fmt.Errorf("%w: %s of %d bytes", ErrMalformed, key, len(s))
		}
		if key == keyIP {
			r.ip = ip
		} else {
			r.ip6 = ip
		}
	case keyRope:
		r.rope, r.hasRope = parseRope(value)
	default:
		for i, name := range portKeys {
			if name != key {
				continue
			}
			port, err := rlp.NewItems(value).Uint16()
			if err != nil {
				return fmt.Errorf("%w: port %s: %w", ErrMalformed, key, err)
			}
			r.port[i] = port
		}
	}
	return nil
}

// Verify checks the signature and fills in ID. Until it returned nil the record
// belongs to the caller alone; afterwards it changes nothing.
func (r *Record) Verify() error {
	if r.verified {
		return nil
	}
	items, err := rlp.NewList(r.raw)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	sig, err := items.Bytes()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	who, err := r.pub.ID()
	if err != nil {
		return fmt.Errorf("%w: public key: %w", ErrMalformed, err)
	}
	if !r.pub.VerifyDigest(signedDigest(items.Rest()), sig) {
		return ErrSignature
	}
	r.id, r.verified = who, true
	return nil
}

// signedDigest is what v4 signs: Keccak-256 of the list [seq, key, value, …], whose
// payload is given.
func signedDigest(content []byte) [32]byte {
	return id.Keccak256(rlp.AppendList(nil, content))
}
