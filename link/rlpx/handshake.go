package rlpx

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/rlp"
)

// errHandshake is the one error of a packet that is not as it must be. What was wrong
// with it is nobody's business: a remote that could tell a bad point from a bad tag
// would learn about our key (CVE-2026-26315).
var errHandshake = errors.New("rlpx: handshake refused")

// ends is what a handshake leaves.
type ends struct {
	seal   *sealer
	open   *opener
	remote id.Public
	full   [64]byte // remote as X || Y
	rest   []byte   // read beyond the handshake: the beginning of the first frame
}

// initiate shakes hands with the node whose key X || Y is remote, as who dialled. The
// caller has set a deadline on c.
func initiate(c io.ReadWriter, entropy io.Reader, key *id.Key, remote [64]byte) (*ends, error) {
	to, ok := parsePoint(remote[:])
	if !ok {
		return nil, errHandshake
	}
	static := scalarOf(key)
	defer static.wipe()
	nonce, err := draw32(entropy)
	if err != nil {
		return nil, err
	}
	ephemeral, err := draw(entropy)
	if err != nil {
		return nil, err
	}
	defer ephemeral.wipe()

	own := key.Uncompressed()
	token := static.ecdh(&to)
	signed := xor32(&token, &nonce)
	clear(token[:])
	sig := ephemeral.sign(&signed)
	payload := make([]byte, 0, 256)
	payload = rlp.AppendBytes(payload, sig[:])
	payload = rlp.AppendBytes(payload, own[:])
	payload = rlp.AppendBytes(payload, nonce[:])
	payload = rlp.AppendUint(payload, handshakeVersion)
	auth, err := sealPacket(entropy, &to, payload)
	if err != nil {
		return nil, err
	}
	if _, err := c.Write(auth); err != nil {
		return nil, err
	}

	ack, rest, err := readPacket(c)
	if err != nil {
		return nil, err
	}
	theirs, answer, ok := openAck(&static, ack)
	if !ok {
		return nil, errHandshake
	}
	shared := ephemeral.ecdh(&theirs)
	seal, open, err := derive(&shared, nonce, answer, auth, ack).states(true)
	if err != nil {
		return nil, err
	}
	return &ends{seal, open, compress(&remote), remote, rest}, nil
}

// respond shakes hands as who was dialled. The caller has set a deadline on c.
func respond(c io.ReadWriter, entropy io.Reader, key *id.Key) (*ends, error) {
	auth, rest, err := readPacket(c)
	if err != nil {
		return nil, err
	}
	static := scalarOf(key)
	defer static.wipe()
	a, ok := openAuth(&static, auth)
	if !ok {
		return nil, errHandshake
	}
	nonce, err := draw32(entropy)
	if err != nil {
		return nil, err
	}
	ephemeral, err := draw(entropy)
	if err != nil {
		return nil, err
	}
	defer ephemeral.wipe()
	public := ephemeral.point()
	own := public.uncompressed()

	payload := make([]byte, 0, 128)
	payload = rlp.AppendBytes(payload, own[:])
	payload = rlp.AppendBytes(payload, nonce[:])
	payload = rlp.AppendUint(payload, handshakeVersion)
	ack, err := sealPacket(entropy, &a.static, payload)
	if err != nil {
		return nil, err
	}
	// The other end has its half to work out from here on, while we work out ours.
	if _, err := c.Write(ack); err != nil {
		return nil, err
	}
	shared := ephemeral.ecdh(&a.ephemeral)
	seal, open, err := derive(&shared, a.nonce, nonce, auth, ack).states(false)
	if err != nil {
		return nil, err
	}
	return &ends{seal, open, compress(&a.full), a.full, rest}, nil
}

// handshakeVersion is what auth and ack carry; nobody looks at it (EIP-8).
const handshakeVersion = 4

// authMsg is what an auth packet says.
type authMsg struct {
	static, ephemeral point
	full              [64]byte // static as X || Y
	nonce             [32]byte
}

// openAuth decrypts and checks an auth packet.
func openAuth(static *scalar, packet []byte) (a authMsg, ok bool) {
	plain, ok := decrypt(static, packet)
	if !ok {
		return a, false
	}
	sig, pub, nonce, ok := fields(plain, len(signature{}))
	if !ok {
		return a, false
	}
	if a.static, ok = parsePoint(pub); !ok {
		return a, false
	}
	a.full, a.nonce = [64]byte(pub), nonce
	token := static.ecdh(&a.static)
	signed := xor32(&token, &nonce)
	clear(token[:])
	a.ephemeral, ok = recoverPoint((*signature)(sig), &signed)
	return a, ok
}

// openAck decrypts and checks an ack packet.
func openAck(static *scalar, packet []byte) (ephemeral point, nonce [32]byte, ok bool) {
	plain, ok := decrypt(static, packet)
	if !ok {
		return ephemeral, nonce, false
	}
	_, pub, nonce, ok := fields(plain, 0)
	if !ok {
		return ephemeral, nonce, false
	}
	ephemeral, ok = parsePoint(pub)
	return ephemeral, nonce, ok
}

// fields takes the list at the beginning of plain apart: a signature if sigBytes is
// not 0, a public key, a nonce. The version, further elements and what follows the
// list are not looked at (EIP-8).
func fields(plain []byte, sigBytes int) (sig, pub []byte, nonce [32]byte, ok bool) {
	item, _, err := rlp.Split(plain)
	if err != nil {
		return nil, nil, nonce, false
	}
	list, err := rlp.NewList(item)
	if err != nil {
		return nil, nil, nonce, false
	}
	if sigBytes > 0 {
		if sig, err = list.Bytes(); err != nil || len(sig) != sigBytes {
			return nil, nil, nonce, false
		}
	}
	if pub, err = list.Bytes(); err != nil || len(pub) != pointBytes-1 {
		return nil, nil, nonce, false
	}
	raw, err := list.Bytes()
	if err != nil || len(raw) != len(nonce) {
		return nil, nil, nonce, false
	}
	return sig, pub, [32]byte(raw), true
}

// readPacket reads one packet with its size, and what came with it.
func readPacket(r io.Reader) (packet, rest []byte, err error) {
	buf := make([]byte, sizeBytes+packetBytesMax)
	n, err := io.ReadAtLeast(r, buf, sizeBytes)
	if err != nil {
		return nil, nil, err
	}
	size := int(binary.BigEndian.Uint16(buf))
	if size > packetBytesMax || size <= overheadBytes {
		return nil, nil, errHandshake
	}
	end := sizeBytes + size
	if n < end {
		more, err := io.ReadAtLeast(r, buf[n:], end-n)
		if err != nil {
			return nil, nil, err
		}
		n += more
	}
	return buf[:end:end], buf[end:n], nil
}

// sealPacket makes the packet of a list's payload.
func sealPacket(entropy io.Reader, to *point, payload []byte) ([]byte, error) {
	plain, err := pad(entropy, payload)
	if err != nil {
		return nil, err
	}
	return encrypt(entropy, to, plain)
}

// draw32 draws a nonce.
func draw32(entropy io.Reader) (out [32]byte, err error) {
	_, err = io.ReadFull(entropy, out[:])
	return out, err
}
