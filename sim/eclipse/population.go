package eclipse

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// Attack is what the attacker has.
type Attack string

// The attackers.
const (
	Ranges Attack = "ranges" // whole /24s
	Botnet Attack = "botnet" // scattered addresses
)

// Attacks are the attackers in the order of reports.
var Attacks = []Attack{Ranges, Botnet}

// size is how many addresses the attacker has.
func (a Attack) size() int {
	if a == Ranges {
		return rangesTotal
	}
	return botnetTotal
}

// remote is one host of the network.
type remote struct {
	id    id.ID
	peer  id.PeerID
	addr  link.Addr
	group string // IPv4 /16
	mute  bool   // when away, a dial to it times out
}

// population is the hosts of a network, the honest ones first. It does not change and is
// shared by all fillings.
type population struct {
	all    []remote
	honest int
	byID   map[id.ID]int32
}

// hostile tells whether a host is the attacker's.
func (p *population) hostile(who int32) bool { return int(who) >= p.honest }

// newPopulation lays out the network. Honest groups are drawn at random among those the
// attacker does not have; the attacker's are his alone, which is to his advantage where
// groups count.
func newPopulation(seed uint64, attack Attack, honest int) (*population, error) {
	rng := rand.New(rand.NewPCG(seed, 0x706f70756c6174))
	groups := publicGroups(rng)
	bad := rangesGroups
	if attack == Botnet {
		bad = botnetTotal
	}
	p := &population{honest: honest, byID: map[id.ID]int32{}}
	theirs, ours := groups[:bad], groups[bad:][:min(honestGroups, honest)]
	taken := map[[4]byte]bool{}
	add := func(ip [4]byte) error {
		r, err := newRemote(seed, len(p.all), ip)
		if err != nil {
			return err
		}
		r.mute = rng.Float64() < muteShare
		p.byID[r.id] = int32(len(p.all))
		p.all = append(p.all, r)
		return nil
	}
	for i := range honest {
		g := ours[i%len(ours)] // each group has one at least
		if i >= len(ours) {
			g = ours[rng.IntN(len(ours))]
		}
		ip := [4]byte{g[0], g[1], byte(rng.IntN(256)), byte(1 + rng.IntN(254))}
		for taken[ip] {
			ip[2], ip[3] = byte(rng.IntN(256)), byte(1+rng.IntN(254))
		}
		taken[ip] = true
		if err := add(ip); err != nil {
			return nil, err
		}
	}
	for i := range attack.size() {
		g := theirs[i%len(theirs)]
		if err := add([4]byte{g[0], g[1], 77, byte(i / len(theirs))}); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// publicGroups are /16s of the public Internet, shuffled.
func publicGroups(rng *rand.Rand) (out [][2]byte) {
	for a := 20; a < 100; a++ {
		for b := range 256 {
			out = append(out, [2]byte{byte(a), byte(b)})
		}
	}
	rng.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// newRemote makes a host. Its key is of a kind whose peer ID costs no curve arithmetic,
// of which books that are read again and again would otherwise do little else.
func newRemote(seed uint64, i int, ip [4]byte) (remote, error) {
	var raw [16]byte
	binary.BigEndian.PutUint64(raw[:], seed)
	binary.BigEndian.PutUint64(raw[8:], uint64(i))
	key := sha256.Sum256(append([]byte("ropewalk eclipse key"), raw[:]...))
	at, err := link.ParseAddr(fmt.Sprintf("/ip4/%d.%d.%d.%d/tcp/4001", ip[0], ip[1], ip[2], ip[3]))
	if err != nil {
		return remote{}, fmt.Errorf("eclipse: %w", err)
	}
	peer := id.PeerIDOf(id.Ed25519, key[:])
	at = at.WithPeer(peer)
	return remote{id: peer.ID(), peer: peer, addr: at, group: at.Group()}, nil
}
