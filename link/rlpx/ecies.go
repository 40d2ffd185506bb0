package rlpx

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"io"

	"github.com/ropewalk/ropewalk/internal/rlp"
)

// A handshake packet is
//
//	size(2) || R(65) || IV(16) || ciphertext || tag(32)
//
// where size counts what follows it, R is a key pair's public half made for this
// packet, and the tag covers IV, ciphertext and size (RLPx specification, "ECIES
// Encryption").
const (
	sizeBytes     = 2
	pointBytes    = 65
	ivBytes       = 16
	tagBytes      = 32
	overheadBytes = pointBytes + ivBytes + tagBytes
)

// pad makes a list of a payload and lets zeros of a number drawn by chance follow.
func pad(entropy io.Reader, payload []byte) ([]byte, error) {
	var chance [2]byte
	if _, err := io.ReadFull(entropy, chance[:]); err != nil {
		return nil, err
	}
	n := padBytesMin + int(binary.BigEndian.Uint16(chance[:]))%(padBytesMax-padBytesMin+1)
	plain := rlp.AppendList(make([]byte, 0, len(payload)+9+padBytesMax), payload)
	return append(plain, make([]byte, n)...), nil
}

// encrypt seals plain to the owner of a public key and returns the packet. plain is
// at most packetBytesMax - overheadBytes.
func encrypt(entropy io.Reader, to *point, plain []byte) ([]byte, error) {
	var iv [ivBytes]byte
	if _, err := io.ReadFull(entropy, iv[:]); err != nil {
		return nil, err
	}
	k, err := draw(entropy)
	if err != nil {
		return nil, err
	}
	defer k.wipe()
	r := k.point()
	own := r.uncompressed()
	shared := k.ecdh(to)

	size := overheadBytes + len(plain)
	packet := make([]byte, 0, sizeBytes+size)
	packet = binary.BigEndian.AppendUint16(packet, uint16(size))
	packet = append(append(packet, 4), own[:]...)
	packet = append(append(packet, iv[:]...), plain...)
	stream, macKey := eciesKeys(&shared, iv[:])
	sealed := packet[sizeBytes+pointBytes+ivBytes:]
	stream.XORKeyStream(sealed, sealed)
	tag := eciesTag(&macKey, packet)
	clear(macKey[:])
	return append(packet, tag[:]...), nil
}

// decrypt opens a whole packet that was sealed to the key k; ok is false whatever was
// wrong with it. The packet is left as it was.
func decrypt(k *scalar, packet []byte) (plain []byte, ok bool) {
	if len(packet) <= sizeBytes+overheadBytes || packet[sizeBytes] != 4 {
		return nil, false
	}
	r, ok := parsePoint(packet[sizeBytes+1:][:pointBytes-1])
	if !ok {
		return nil, false
	}
	shared := k.ecdh(&r)
	sealed, tag := packet[:len(packet)-tagBytes], packet[len(packet)-tagBytes:]
	iv, ciphertext := sealed[sizeBytes+pointBytes:][:ivBytes], sealed[sizeBytes+pointBytes+ivBytes:]
	stream, macKey := eciesKeys(&shared, iv)
	defer clear(macKey[:])
	if want := eciesTag(&macKey, sealed); !hmac.Equal(want[:], tag) {
		return nil, false
	}
	plain = make([]byte, len(ciphertext))
	stream.XORKeyStream(plain, ciphertext)
	return plain, true
}

// eciesKeys derives the key stream and the key of the tag from a shared secret, which
// it wipes (NIST SP 800-56 concatenation KDF, one round of SHA-256).
func eciesKeys(shared *[32]byte, iv []byte) (cipher.Stream, [32]byte) {
	var in [4 + 32]byte
	in[3] = 1
	copy(in[4:], shared[:])
	key := sha256.Sum256(in[:])
	defer clear(key[:])
	clear(in[:])
	clear(shared[:])
	block, err := aes.NewCipher(key[:16])
	if err != nil {
		panic(err) // 16 bytes are a key's length
	}
	return cipher.NewCTR(block, iv), sha256.Sum256(key[16:])
}

// eciesTag authenticates a packet without its tag: IV, ciphertext, size.
func eciesTag(key *[32]byte, packet []byte) (tag [tagBytes]byte) {
	h := hmac.New(sha256.New, key[:])
	h.Write(packet[sizeBytes+pointBytes:])
	h.Write(packet[:sizeBytes])
	h.Sum(tag[:0])
	return tag
}
