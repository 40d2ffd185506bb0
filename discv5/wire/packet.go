package wire

import (
	"bytes"
	"encoding/binary"

	"github.com/ropewalk/ropewalk/id"
)

// Flag says what kind of packet it is.
type Flag uint8

const (
	FlagMessage   Flag = 0 // an ordinary message
	FlagWhoareyou Flag = 1 // the message with that nonce could not be read
	FlagHandshake Flag = 2 // a message under new keys, and the proof that they are right
)

// Nonce is unique for each message under one key. WHOAREYOU names with it the message
// that it answers.
type Nonce [nonceBytes]byte

// Challenge is what a handshake proves that it was asked for: WHOAREYOU, unmasked
// (theory, "Step 3": challenge-data = masking-iv || static-header || authdata).
type Challenge [PacketMin]byte

// protocol begins every header: protocol-id and version.
const protocol = "discv5\x00\x01"

// Packet is a packet whose header was read. Decode writes it over, so that one is
// enough for a whole life.
type Packet struct {
	Flag  Flag
	Nonce Nonce
	// Src is who says to have sent an ordinary message or a handshake.
	Src id.ID

	// IDNonce and Seq are of WHOAREYOU: the random part, and the sequence number of our
	// record that the sender has, 0 for none.
	IDNonce [16]byte
	Seq     uint64

	// Signature, Ephemeral and Record are of a handshake: the proof, the key to agree
	// with, and the sender's record, empty when there is none. Nothing of them is
	// verified. Record is valid until the next Decode.
	Signature [signatureBytes]byte
	Ephemeral id.Public
	Record    []byte

	// Sealed is the message as it came, empty in WHOAREYOU. It aliases the datagram.
	Sealed []byte

	head  [headMax]byte // IV and header, unmasked
	headN int
}

// Head is the masking IV and the unmasked header: what is authenticated along with
// the message. It is valid until the next Decode.
func (p *Packet) Head() []byte { return p.head[:p.headN] }

// Challenge is WHOAREYOU as the handshake that answers it needs it.
func (p *Packet) Challenge() Challenge { return Challenge(p.head[:PacketMin]) }

// Clone is a copy that shares no memory with the datagram or with p.
func (p *Packet) Clone() *Packet {
	c := *p
	c.Sealed = bytes.Clone(p.Sealed)
	if len(p.Record) > 0 {
		c.Record = c.head[c.headN-len(p.Record) : c.headN]
	}
	return &c
}

// Decode reads the header of a datagram that mask's node got. b is not changed;
// p.Sealed aliases it. After an error p says nothing.
func (p *Packet) Decode(b []byte, mask *Mask) error {
	if len(b) < PacketMin || len(b) > PacketMax {
		return ErrSize
	}
	iv := b[:ivBytes]
	// Two blocks hold the static header and are there in every packet.
	const first = ivBytes + 2*16
	copy(p.head[:], iv)
	mask.apply(p.head[ivBytes:], b[ivBytes:first], iv, 0)
	static := p.head[ivBytes : ivBytes+staticBytes]
	if string(static[:len(protocol)]) != protocol {
		return ErrProtocol
	}
	p.Flag = Flag(static[8])
	p.Nonce = Nonce(static[9:21])
	auth := int(binary.BigEndian.Uint16(static[21:]))
	if !fits(p.Flag, auth, len(b)) {
		return ErrHeader
	}
	p.headN = ivBytes + staticBytes + auth
	mask.apply(p.head[first:], b[first:p.headN], iv, 2)
	p.Sealed = b[p.headN:]
	return p.readAuth(p.head[ivBytes+staticBytes : p.headN])
}

// fits tells whether authdata of that size may stand in a packet of that kind and
// size.
func fits(flag Flag, auth, packet int) bool {
	sealed := packet - ivBytes - staticBytes - auth
	switch flag {
	case FlagMessage:
		return auth == messageAuthBytes && sealed > tagBytes
	case FlagWhoareyou:
		return auth == whoareyouAuthBytes && sealed == 0
	case FlagHandshake:
		return auth >= handshakeAuthBytes && auth <= handshakeAuthBytes+RecordMax && sealed > tagBytes
	}
	return false
}

// readAuth reads authdata, whose size is right for its flag.
func (p *Packet) readAuth(auth []byte) error {
	p.Record = nil
	switch p.Flag {
	case FlagMessage:
		p.Src = id.ID(auth)
	case FlagWhoareyou:
		p.Src = id.ID{}
		p.IDNonce = [16]byte(auth[:16])
		p.Seq = binary.BigEndian.Uint64(auth[16:])
	case FlagHandshake:
		p.Src = id.ID(auth[:32])
		// "sig-size … value: 64 for ID scheme v4", "eph-key-size … 33".
		if auth[32] != signatureBytes || auth[33] != ephemeralBytes {
			return ErrHeader
		}
		rest := auth[handshakeHeadBytes:]
		p.Signature = [signatureBytes]byte(rest)
		p.Ephemeral = id.Public(rest[signatureBytes:])
		p.Record = rest[signatureBytes+ephemeralBytes:]
	}
	return nil
}

// appendHead writes an unmasked IV and static header; authdata is the caller's.
func appendHead(b []byte, iv [ivBytes]byte, flag Flag, nonce Nonce, auth int) []byte {
	b = append(b, iv[:]...)
	b = append(b, protocol...)
	b = append(b, byte(flag))
	b = append(b, nonce[:]...)
	return binary.BigEndian.AppendUint16(b, uint16(auth))
}
