package enr

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/rlp"
)

// BytesMax bounds an encoded record (EIP-778, "RLP Encoding": "The maximum encoded
// size of a node record is 300 bytes").
const BytesMax = 300

// Errors of this package. ErrTooLarge and ErrScheme come before any look at the
// signature.
var (
	ErrMalformed = errors.New("enr: malformed")
	ErrTooLarge  = fmt.Errorf("enr: record above %d bytes", BytesMax)
	ErrScheme    = errors.New("enr: identity scheme is not v4")
	ErrSignature = errors.New("enr: wrong signature")
)

// Record is one node record. Make it with Decode, Parse or Builder.Sign. It is
// immutable and may be shared, but for the one call of Verify that
// DecodeUnverified leaves to do.
type Record struct {
	raw      []byte
	seq      uint64
	pub      id.Public
	id       id.ID // set by Verify
	verified bool
	ip, ip6  netip.Addr
	port     [4]uint16 // by portKeys
	rope     Rope
	hasRope  bool
}

// Bytes is the encoded record. It must not be changed.
func (r *Record) Bytes() []byte { return r.raw }

// Seq is the sequence number: of two records of one node the higher counts.
func (r *Record) Seq() uint64 { return r.seq }

// ID is the node ID, zero before the record is verified.
func (r *Record) ID() id.ID { return r.id }

// Public is the node's key. Before the record is verified it is only 33 bytes that
// begin like a key.
func (r *Record) Public() id.Public { return r.pub }

// IP is the IPv4 address, invalid when there is none.
func (r *Record) IP() netip.Addr { return r.ip }

// IP6 is the IPv6 address, invalid when there is none.
func (r *Record) IP6() netip.Addr { return r.ip6 }

// TCP is the RLPx port, 0 when there is none. For IPv6 it is "tcp6", else "tcp"
// (EIP-778: "Declaring the same port number in both tcp, tcp6 or udp, udp6 should
// be omitted").
func (r *Record) TCP(v6 bool) uint16 { return r.portOf(portTCP, portTCP6, v6) }

// UDP is the discv5 port, 0 when there is none. For IPv6 it is "udp6", else "udp".
func (r *Record) UDP(v6 bool) uint16 { return r.portOf(portUDP, portUDP6, v6) }

func (r *Record) portOf(v4, v6 int, want6 bool) uint16 {
	if want6 && r.port[v6] != 0 {
		return r.port[v6]
	}
	return r.port[v4]
}

// Rope is Ropewalk's own entry, and whether the record has one that we can read.
func (r *Record) Rope() (Rope, bool) { return r.rope, r.hasRope }

// Get returns the value of any key as the one RLP item it is, bit for bit. It must
// not be changed.
func (r *Record) Get(key string) ([]byte, bool) {
	for k, v := range r.pairs() {
		if string(k) == key {
			return v, true
		}
	}
	return nil, false
}

// Pairs returns a copy of the list of keys and values, in order.
func (r *Record) Pairs() []Pair {
	var out []Pair
	for k, v := range r.pairs() {
		out = append(out, Pair{string(k), bytes.Clone(v)})
	}
	return out
}

// Extra returns a copy of the pairs that Builder has no fields for, in order.
func (r *Record) Extra() []Pair {
	return slices.DeleteFunc(r.Pairs(), func(p Pair) bool {
		switch p.Key {
		case keyID, keyPublic, keyIP, keyIP6, keyRope:
			return true
		}
		return slices.Contains(portKeys[:], p.Key)
	})
}

// pairs walks a record that was found well-formed.
func (r *Record) pairs() func(yield func(key, value []byte) bool) {
	return func(yield func(key, value []byte) bool) {
		items, err := rlp.NewList(r.raw)
		if err != nil {
			panic("enr: a Record that is no list")
		}
		_, _ = items.Bytes() // signature
		_, _ = items.Bytes() // seq
		for items.More() {
			k, _ := items.Bytes()
			v, _ := items.Raw()
			if !yield(k, v) {
				return
			}
		}
	}
}

// textPrefix starts the text form (EIP-778, "Text Encoding").
const textPrefix = "enr:"

var textEncoding = base64.RawURLEncoding.Strict()

// String is the text form: "enr:" and unpadded URL-safe base64.
func (r *Record) String() string { return textPrefix + textEncoding.EncodeToString(r.raw) }

// Parse reads and verifies the text form.
func Parse(s string) (*Record, error) {
	body, ok := strings.CutPrefix(s, textPrefix)
	switch {
	case !ok:
		return nil, fmt.Errorf("%w: %.40q does not begin with %s", ErrMalformed, s, textPrefix)
	case len(body) > textEncoding.EncodedLen(BytesMax):
		return nil, fmt.Errorf("%w: %d characters", ErrTooLarge, len(s))
	case strings.ContainsAny(body, "\r\n"): // which the decoder would pass over
		return nil, fmt.Errorf("%w: line break in the text", ErrMalformed)
	}
	raw, err := textEncoding.DecodeString(body)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrMalformed, err)
	}
	return Decode(raw)
}
