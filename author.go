package ropewalk

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"

	"github.com/ropewalk/ropewalk/gossipsub"
	"github.com/ropewalk/ropewalk/id"
)

// authorEd25519 is the value of TopicConfig.Author that names an Ed25519 key.
const authorEd25519 = "ed25519"

// author is whom our messages of a topic name; nil is the node, where they are signed.
func (n *Node) author(t TopicConfig) *gossipsub.Author {
	key := t.AuthorKey
	switch {
	case key != nil:
	case t.Author == authorEd25519:
		key = authorKey(n.key)
	default:
		return nil
	}
	return &gossipsub.Author{
		PeerID: authorID(key),
		Sign:   func(b []byte) []byte { return ed25519.Sign(key, b) },
	}
}

// authorKey makes a node's key as an author of topics. The same node key always
// gives the same one (HKDF-SHA256 of the scalar), and another than chat's.
func authorKey(nodeKey *id.Key) ed25519.PrivateKey {
	seed, err := hkdf.Key(sha256.New, nodeKey.Bytes(), nil, "ropewalk gossip author key v1", ed25519.SeedSize)
	if err != nil {
		panic("ropewalk: hkdf refused a fixed length: " + err.Error())
	}
	return ed25519.NewKeyFromSeed(seed)
}

// authorID is what a message of the key's owner names.
func authorID(key ed25519.PrivateKey) id.PeerID {
	return id.PeerIDOf(id.Ed25519, key.Public().(ed25519.PublicKey))
}

// author checks who is to stand in a topic's messages.
func (v *validator) author(field, sign string, t TopicConfig) {
	v.check(t.Author == "" || t.Author == "node" || t.Author == authorEd25519, field+".author", t.Author, "node or ed25519")
	named := t.AuthorKey != nil || t.Author == authorEd25519
	v.check(!named || sign != "none", field+".author", t.Author, "node, or a topic that is signed")
	if t.AuthorKey != nil {
		v.check(len(t.AuthorKey) == ed25519.PrivateKeySize, field+".AuthorKey", "", "an Ed25519 key of 64 bytes")
		v.check(t.Author != "node", field+".author", t.Author, "ed25519, as AuthorKey is given")
	}
}
