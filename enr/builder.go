package enr

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/rlp"
)

// Pair is a key and its value, which is one whole RLP item.
type Pair struct {
	Key   string
	Value []byte
}

// Builder is what a record is to say. Zero fields are left out.
type Builder struct {
	Seq        uint64
	IP, IP6    netip.Addr
	TCP, UDP   uint16
	TCP6, UDP6 uint16
	Rope       *Rope
	Extra      []Pair // keys we have no field for
}

// Sign makes the record. It refuses what Decode would refuse: addresses of the
// wrong family, keys given twice, values that are not one canonical item
// (ErrMalformed), and more than 300 bytes (ErrTooLarge).
func (b Builder) Sign(k *id.Key) (*Record, error) {
	pairs, err := b.pairs(k.Public())
	if err != nil {
		return nil, err
	}
	content := rlp.AppendUint(nil, b.Seq)
	for _, p := range pairs {
		content = rlp.AppendString(content, p.Key)
		content = append(content, p.Value...)
	}
	sig := k.SignDigest(signedDigest(content))
	raw := rlp.AppendList(nil, append(rlp.AppendBytes(nil, sig[:]), content...))
	r, err := DecodeUnverified(raw)
	if err != nil {
		return nil, err
	}
	r.id, r.verified = k.ID(), true
	return r, nil
}

// pairs lists keys and values in the order of a record.
func (b Builder) pairs(pub id.Public) ([]Pair, error) {
	ip, ip6 := b.IP.Unmap(), b.IP6
	if ip.IsValid() && !ip.Is4() || ip6.IsValid() && (!ip6.Is6() || ip6.Zone() != "") {
		return nil, fmt.Errorf("%w: ip %v, ip6 %v", ErrMalformed, b.IP, b.IP6)
	}
	out := []Pair{
		{keyID, rlp.AppendString(nil, schemeV4)},
		{keyPublic, rlp.AppendBytes(nil, pub[:])},
	}
	for _, a := range []struct {
		key string
		ip  netip.Addr
	}{{keyIP, ip}, {keyIP6, ip6}} {
		if a.ip.IsValid() {
			out = append(out, Pair{a.key, rlp.AppendBytes(nil, a.ip.AsSlice())})
		}
	}
	for i, port := range [...]uint16{portTCP: b.TCP, portUDP: b.UDP, portTCP6: b.TCP6, portUDP6: b.UDP6} {
		if port != 0 {
			out = append(out, Pair{portKeys[i], rlp.AppendUint(nil, uint64(port))})
		}
	}
	if b.Rope != nil {
		out = append(out, Pair{keyRope, b.Rope.encode()})
	}
	for _, p := range b.Extra {
		if err := rlp.Check(p.Value); err != nil {
			return nil, fmt.Errorf("%w: value of %.40q: %w", ErrMalformed, p.Key, err)
		}
		out = append(out, p)
	}
	slices.SortStableFunc(out, func(a, b Pair) int { return strings.Compare(a.Key, b.Key) })
	return out, nil
}
