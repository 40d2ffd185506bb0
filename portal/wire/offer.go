package wire

import (
	"encoding/binary"

	"github.com/ropewalk/ropewalk/internal/ssz"
)

// Offer says of which keys the sender has the values.
type Offer struct {
	Keys [][]byte
}

// DecodeOffer reads the message. An offer of nothing is refused.
func DecodeOffer(b []byte) (Offer, error) {
	b, err := body(b, KindOffer)
	if err != nil {
		return Offer{}, err
	}
	parts, err := ssz.Parts(b, offsetBytes, 0)
	if err != nil {
		return Offer{}, malformed(KindOffer, err)
	}
	keys, err := ssz.Lists(parts[0], KeysMax, KeyBytesMax)
	switch {
	case err != nil:
		return Offer{}, malformed(KindOffer, err)
	case len(keys) == 0:
		return Offer{}, refuse(KindOffer, "no keys")
	}
	return Offer{Keys: keys}, nil
}

// Append appends the message.
func (m Offer) Append(b []byte) ([]byte, error) {
	if len(m.Keys) == 0 {
		return b, refuse(KindOffer, "no keys")
	}
	if err := checkLists(KindOffer, m.Keys, KeysMax, KeyBytesMax); err != nil {
		return b, err
	}
	b = ssz.AppendOffset(append(b, byte(KindOffer)), offsetBytes)
	return ssz.AppendLists(b, m.Keys), nil
}

// Code says what becomes of an offered key.
type Code byte

// The codes; every other one is a decline too ("should just be treated the same as any
// other decline").
const (
	Accepted     Code = iota
	Declined          // for no reason that has a code
	Stored            // it is there already
	Outside           // beyond the radius
	RateLimited       // no room for another stream now
	InProgress        // somebody else is sending this very item
	Unverifiable      // it cannot be judged here
)

// Accept answers an offer: a code for each key, in the offer's order.
type Accept struct {
	Conn  uint16 // the connection ID of the stream to send on; zero when nothing is accepted
	Codes []Code
}

// Any tells whether a key is accepted.
func (m Accept) Any() bool {
	for _, c := range m.Codes {
		if c == Accepted {
			return true
		}
	}
	return false
}

// DecodeAccept reads the answer to an offer of a number of keys, in a version. A version 0
// answer has bits; what is not accepted comes out as Declined.
func DecodeAccept(b []byte, version uint8, keys int) (Accept, error) {
	b, err := body(b, KindAccept)
	if err != nil {
		return Accept{}, err
	}
	parts, err := ssz.Parts(b, acceptHead, 2)
	if err != nil {
		return Accept{}, malformed(KindAccept, err)
	}
	m := Accept{Conn: binary.BigEndian.Uint16(b)}
	if version == 0 {
		m.Codes, err = codesOfBits(parts[0])
	} else {
		m.Codes, err = codesOfBytes(parts[0])
	}
	switch {
	case err != nil:
		return Accept{}, malformed(KindAccept, err)
	case len(m.Codes) != keys:
		return Accept{}, refuse(KindAccept, "%d codes for %d keys", len(m.Codes), keys)
	}
	return m, m.check()
}

// Append appends the message in a version.
func (m Accept) Append(b []byte, version uint8) ([]byte, error) {
	if len(m.Codes) > KeysMax {
		return b, refuse(KindAccept, "%d codes, at most %d", len(m.Codes), KeysMax)
	}
	if err := m.check(); err != nil {
		return b, err
	}
	b = binary.BigEndian.AppendUint16(append(b, byte(KindAccept)), m.Conn)
	b = ssz.AppendOffset(b, acceptHead)
	if version == 0 {
		set := make([]bool, len(m.Codes))
		for i, c := range m.Codes {
			set[i] = c == Accepted
		}
		return ssz.AppendBits(b, set), nil
	}
	for _, c := range m.Codes {
		b = append(b, byte(c))
	}
	return b, nil
}

// check holds the connection ID against the codes: nothing accepted, no stream.
func (m Accept) check() error {
	if m.Conn != 0 && !m.Any() {
		return refuse(KindAccept, "connection %d and nothing accepted", m.Conn)
	}
	return nil
}

func codesOfBits(b []byte) ([]Code, error) {
	set, err := ssz.Bits(b, KeysMax)
	if err != nil {
		return nil, err
	}
	codes := make([]Code, len(set))
	for i, on := range set {
		if !on {
			codes[i] = Declined
		}
	}
	return codes, nil
}

func codesOfBytes(b []byte) ([]Code, error) {
	b, err := ssz.Bytes(b, KeysMax)
	if err != nil {
		return nil, err
	}
	codes := make([]Code, len(b))
	for i, c := range b {
		codes[i] = Code(c)
	}
	return codes, nil
}
