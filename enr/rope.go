package enr

import (
	"crypto/sha256"

	"github.com/ropewalk/ropewalk/internal/rlp"
)

// keyRope is the key of Ropewalk's own entry, ropeVersion the first element of its
// value. Our choice, after EIP-778's advice for keys of one's own.
const (
	keyRope     = "rw"
	ropeVersion = 1
)

// Rope is Ropewalk's own entry: which network the node belongs to and where its
// libp2p listeners are. The ports stand on both of the record's addresses; 0 means
// not there.
type Rope struct {
	Network [4]byte
	TCP     uint16 // libp2p over TCP
	QUIC    uint16 // libp2p over QUIC, a UDP port
	Onion   Onion
}

// Onion is an onion service that leads to the node: its key, of version 3, and the
// ports; 0 means not there, and the zero Onion that there is none.
type Onion struct {
	Key          [32]byte
	LibP2P, RLPx uint16
}

// NetworkTag is the mark of a network in a record: the first four bytes of the
// SHA-256 of its name. It tells strangers apart; it proves nothing.
func NetworkTag(name string) (tag [4]byte) {
	sum := sha256.Sum256([]byte(name))
	copy(tag[:], sum[:])
	return tag
}

func (r Rope) encode() []byte {
	b := rlp.AppendUint(nil, ropeVersion)
	b = rlp.AppendBytes(b, r.Network[:])
	b = rlp.AppendUint(b, uint64(r.TCP))
	b = rlp.AppendUint(b, uint64(r.QUIC))
	if r.Onion != (Onion{}) {
		b = rlp.AppendBytes(b, r.Onion.Key[:])
		b = rlp.AppendUint(rlp.AppendUint(b, uint64(r.Onion.LibP2P)), uint64(r.Onion.RLPx))
	}
	return rlp.AppendList(nil, b)
}

// parseRope reads the entry. One that it cannot read, of a later version or of
// someone else who uses the key, is as good as none.
func parseRope(value []byte) (out Rope, ok bool) {
	items, err := rlp.NewList(value)
	if err != nil {
		return Rope{}, false
	}
	version, err := items.Uint64()
	if err != nil || version != ropeVersion {
		return Rope{}, false
	}
	network, err := items.Bytes()
	if err != nil || len(network) != len(out.Network) {
		return Rope{}, false
	}
	copy(out.Network[:], network)
	if out.TCP, err = items.Uint16(); err != nil {
		return Rope{}, false
	}
	if out.QUIC, err = items.Uint16(); err != nil {
		return Rope{}, false
	}
	out.Onion, _ = parseOnion(items)
	return out, true
}

// parseOnion reads what may follow; anything else that does is somebody's extension.
func parseOnion(items *rlp.Reader) (out Onion, err error) {
	key, err := items.Bytes()
	if err != nil || len(key) != len(out.Key) {
		return Onion{}, err
	}
	copy(out.Key[:], key)
	if out.LibP2P, err = items.Uint16(); err != nil {
		return Onion{}, err
	}
	if out.RLPx, err = items.Uint16(); err != nil || out.LibP2P == 0 && out.RLPx == 0 {
		return Onion{}, err
	}
	return out, nil
}
