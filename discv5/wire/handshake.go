package wire

import (
	"crypto/hkdf"
	"crypto/sha256"

	"github.com/ropewalk/ropewalk/id"
)

// Texts of the theory, "Step 3".
const (
	kdfText       = "discovery v5 key agreement"
	signatureText = "discovery v5 identity proof"
)

// Initiation is the initiator's half of a handshake: what goes into its packet, and
// the keys.
type Initiation struct {
	Ephemeral id.Public
	Signature [signatureBytes]byte
	Keys      Keys
}

// Initiate answers a challenge of the node with that ID and key (theory, "Step 3").
// entropy makes the ephemeral key: it is drawn from a secure source and used once.
// Some 200 µs: a job. The error is ErrPoint, for a key that is no point, or one of
// entropy that makes no key, which has a chance of 2^-128.
func (s Suite) Initiate(self *id.Key, peer id.ID, key id.Public, c Challenge, entropy [32]byte) (*Initiation, error) {
	if s == Plain {
		return plainInitiate(self.ID(), peer, c, entropy), nil
	}
	ephemeral, err := id.KeyFromBytes(entropy[:])
	if err != nil {
		return nil, err
	}
	in := &Initiation{Ephemeral: ephemeral.Public()}
	if in.Keys, err = agree(ephemeral, key, c, self.ID(), peer); err != nil {
		return nil, err
	}
	in.Signature = self.SignDigest(proofDigest(c, in.Ephemeral, peer))
	return in, nil
}

// Respond checks the answer to our challenge, a handshake packet's Signature and
// Ephemeral, of the node with that ID and key, and agrees on the keys (theory, "Step
// 4"). Some 200 µs: a job. The error is ErrSignature or ErrPoint.
func (s Suite) Respond(self *id.Key, peer id.ID, key id.Public, c Challenge, signature [signatureBytes]byte, ephemeral id.Public) (Keys, error) {
	if s == Plain {
		return plainRespond(self.ID(), peer, c, signature, ephemeral)
	}
	if !key.VerifyDigest(proofDigest(c, ephemeral, self.ID()), signature[:]) {
		return Keys{}, ErrSignature
	}
	return agree(self, ephemeral, c, peer, self.ID())
}

// agree multiplies and derives the keys: secret = ecdh(dest-pubkey, ephemeral-key),
// prk = HKDF-Extract(challenge-data, secret), key-data = HKDF-Expand(prk, kdf-info).
func agree(mine *id.Key, theirs id.Public, c Challenge, initiator, recipient id.ID) (Keys, error) {
	secret, ok := mine.Shared(theirs)
	if !ok {
		return Keys{}, ErrPoint
	}
	defer clear(secret[:])
	info := kdfText + string(initiator[:]) + string(recipient[:])
	data, err := hkdf.Key(sha256.New, secret[:], c[:], info, 2*KeyBytes)
	if err != nil {
		panic(err) // the length is right
	}
	defer clear(data)
	return Keys{Initiator: [KeyBytes]byte(data), Recipient: [KeyBytes]byte(data[KeyBytes:])}, nil
}

// proofDigest is what the initiator signs: id-signature-text || challenge-data ||
// ephemeral-pubkey || node-id-B, hashed.
func proofDigest(c Challenge, ephemeral id.Public, recipient id.ID) [32]byte {
	var b [len(signatureText) + PacketMin + ephemeralBytes + 32]byte
	n := copy(b[:], signatureText)
	n += copy(b[n:], c[:])
	n += copy(b[n:], ephemeral[:])
	copy(b[n:], recipient[:])
	return sha256.Sum256(b[:])
}
