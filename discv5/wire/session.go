package wire

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"math/rand/v2"
	"slices"

	"github.com/ropewalk/ropewalk/id"
)

// Keys are what a handshake agrees on. Initiator seals what the side says that
// answered WHOAREYOU, Recipient what the other says.
type Keys struct {
	Initiator, Recipient [KeyBytes]byte
}

// Session seals and opens messages between us and one node at one address (theory,
// "Session Cache"). It keeps the schedules of both keys, the mask of the peer's ID, and
// the count of what was sealed. One loop owns it.
type Session struct {
	self id.ID
	to   *Mask
	seal cipher.AEAD
	open cipher.AEAD
	sent uint32
}

// Session makes a session with peer. initiator tells whether we answered WHOAREYOU.
func (s Suite) Session(keys Keys, self, peer id.ID, initiator bool) *Session {
	ours, theirs := keys.Initiator, keys.Recipient
	if !initiator {
		ours, theirs = theirs, ours
	}
	return &Session{self: self, to: s.Mask(peer), seal: s.aead(ours), open: s.aead(theirs)}
}

func (s Suite) aead(key [KeyBytes]byte) cipher.AEAD {
	if s == Plain {
		return plainAEAD{key}
	}
	block, err := aes.NewCipher(key[:])
	if err != nil {
		panic(err) // the key has the right size
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // AES has the right size of block
	}
	return aead
}

// Sent is how many packets were sealed.
func (s *Session) Sent() uint32 { return s.sent }

// Mask is the mask of the peer's ID, for packets outside the session.
func (s *Session) Mask() *Mask { return s.to }

// Open appends the text of p's message to b. p.Sealed and b may not overlap. The error
// is ErrSealed.
func (s *Session) Open(b []byte, p *Packet) ([]byte, error) {
	out, err := s.open.Open(b, p.Nonce[:], p.Sealed, p.Head())
	if err != nil {
		return b, ErrSealed
	}
	return out, nil
}

// Seal appends an ordinary packet with the message. The Nonce is what WHOAREYOU names
// if the peer cannot read it. rng must be a secure source outside simulations. The
// error is ErrTooLarge or ErrWorn.
func (s *Session) Seal(b []byte, rng *rand.Rand, message []byte) ([]byte, Nonce, error) {
	if len(message) > PlaintextMax {
		return b, Nonce{}, ErrTooLarge
	}
	iv, nonce, err := s.draw(rng)
	if err != nil {
		return b, Nonce{}, err
	}
	b = slices.Grow(b, ivBytes+staticBytes+messageAuthBytes+len(message)+tagBytes)
	start := len(b)
	b = appendHead(b, iv, FlagMessage, nonce, messageAuthBytes)
	b = append(b, s.self[:]...)
	return s.finish(b, start, message), nonce, nil
}

// SealHandshake appends a handshake packet with the message, of the session whose keys
// are in's. record is our own record, or none when the challenger has it. The error is
// ErrTooLarge (see HandshakeMax) or ErrWorn.
func (s *Session) SealHandshake(b []byte, rng *rand.Rand, in *Initiation, record, message []byte) ([]byte, Nonce, error) {
	if len(record) > RecordMax || len(message) > HandshakeMax(len(record)) {
		return b, Nonce{}, ErrTooLarge
	}
	iv, nonce, err := s.draw(rng)
	if err != nil {
		return b, Nonce{}, err
	}
	b = slices.Grow(b, ivBytes+staticBytes+handshakeAuthBytes+len(record)+len(message)+tagBytes)
	start := len(b)
	b = s.appendHandshake(b, iv, nonce, in, record)
	return s.finish(b, start, message), nonce, nil
}

// appendHandshake writes IV and header of a handshake packet, unmasked.
func (s *Session) appendHandshake(b []byte, iv [ivBytes]byte, nonce Nonce, in *Initiation, record []byte) []byte {
	b = appendHead(b, iv, FlagHandshake, nonce, handshakeAuthBytes+len(record))
	b = append(b, s.self[:]...)
	b = append(b, signatureBytes, ephemeralBytes)
	b = append(b, in.Signature[:]...)
	b = append(b, in.Ephemeral[:]...)
	return append(b, record...)
}

// draw makes the IV and the nonce of the next packet (theory, "Session Cache":
// "encoding the current outgoing message count into the first 32 bits of the nonce and
// filling the remaining 64 bits with random data").
func (s *Session) draw(rng *rand.Rand) (iv [ivBytes]byte, nonce Nonce, err error) {
	if s.sent >= sealedMax {
		return iv, nonce, ErrWorn
	}
	fill(rng, iv[:])
	binary.BigEndian.PutUint32(nonce[:], s.sent)
	fill(rng, nonce[4:])
	s.sent++
	return iv, nonce, nil
}

// finish seals the message behind the head that begins at start, and masks the head.
func (s *Session) finish(b []byte, start int, message []byte) []byte {
	end := len(b)
	// The nonce is read where it stands in the header: a copy would escape.
	nonce := b[start+ivBytes+9 : start+ivBytes+9+nonceBytes]
	b = s.seal.Seal(b, nonce, message, b[start:end])
	s.to.apply(b[start+ivBytes:end], b[start+ivBytes:end], b[start:start+ivBytes], 0)
	return b
}
