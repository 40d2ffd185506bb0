package chat

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// Domains of our signatures. No two kinds of signed bytes can be confused.
const (
	vouchDomain = "ropewalk chat author v1\x00"
	lineDomain  = "ropewalk chat line v1\x00"
)

// Author signs lines: an Ed25519 key made from the node's key, and the node
// key's signature over it. It does not change.
type Author struct {
	key   ed25519.PrivateKey
	pub   [32]byte
	node  id.Public
	vouch [64]byte
}

// NewAuthor makes the author of a node. The same node key always gives the same
// author (HKDF-SHA256 of the scalar).
func NewAuthor(nodeKey *id.Key) *Author {
	seed, err := hkdf.Key(sha256.New, nodeKey.Bytes(), nil, "ropewalk chat author key v1", ed25519.SeedSize)
	if err != nil {
		panic("chat: hkdf refused a fixed length: " + err.Error())
	}
	a := &Author{key: ed25519.NewKeyFromSeed(seed), node: nodeKey.Public()}
	copy(a.pub[:], a.key.Public().(ed25519.PublicKey))
	a.vouch = nodeKey.SignDigest(vouchDigest(a.pub))
	return a
}

func vouchDigest(author [32]byte) [32]byte {
	return sha256.Sum256(append([]byte(vouchDomain), author[:]...))
}

// author is what the hall knows of one who speaks.
type author struct {
	node   id.ID
	normal bucket    // within the advised rate
	since  time.Time // start of the window of n
	n      int
}

// AuthorName is how an author is shown: no nick yet, only the fingerprint.
func AuthorName(node id.ID) string { return "~" + node.Short() }

// authorOf looks a node key up, and works its node ID out at the first time.
func (h *Hall) authorOf(node id.Public) (*author, error) {
	if a, ok := h.authors.Get(node); ok {
		return a, nil
	}
	nodeID, err := h.cfg.NodeID(node)
	if err != nil {
		return nil, err
	}
	if h.authors.Len() >= authorsMax {
		oldest, _ := h.authors.At(0)
		h.authors.Delete(oldest)
	}
	a := &author{node: nodeID}
	h.authors.Put(node, a)
	return a, nil
}

// heard counts a live line. flood says that it should be dropped, fast only that
// the author exceeds the advised rate.
func (a *author) heard(now time.Time) (flood, fast bool) {
	if now.Sub(a.since) >= floodEvery || now.Before(a.since) {
		a.since, a.n = now, 0
	}
	a.n++
	return a.n > floodLines, !a.normal.take(now, authorBurst, authorRate)
}
