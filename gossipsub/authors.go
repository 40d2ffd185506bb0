package gossipsub

import (
	"crypto/sha256"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/id"
)

// Our choice.
const (
	// authorsMax bounds the authors remembered in each of two generations. With a
	// verifier each has some 66 KiB, so all have 8 MiB at most.
	authorsMax = 64
	// verifierAfter is how many messages of an author have to be genuine before a
	// verifier is made: it costs as much as eight checks, so a crowd of authors of
	// a few messages each costs a quarter more at most.
	verifierAfter = 32
)

// signatory is an author that signs messages with secp256k1: who said much is likely to go on,
// and his key is worth preparing.
type signatory struct {
	genuine  int
	verifier *id.Verifier // nil until made
	making   bool         // in a job
}

// authors are those heard of lately, in two generations, so that forgetting costs
// nothing per author.
type authors struct{ young, old map[string]*signatory }

// get finds an author, and makes him young again. nil when he is not known.
func (a *authors) get(name []byte) *signatory {
	if x := a.young[string(name)]; x != nil {
		return x
	}
	x := a.old[string(name)]
	if x != nil {
		delete(a.old, string(name))
		a.put(string(name), x)
	}
	return x
}

func (a *authors) put(name string, x *signatory) {
	if len(a.young) >= authorsMax {
		a.old, a.young = a.young, nil
	}
	if a.young == nil {
		a.young = make(map[string]*signatory)
	}
	a.young[name] = x
}

// saw counts a genuine message.
func (a *authors) saw(name []byte) {
	x := a.get(name)
	if x == nil {
		x = &signatory{}
		a.put(string(name), x)
	}
	x.genuine++
}

// prepare says how to check the next message of an author: with a verifier, or by
// making one, of which one job has the task.
func (a *authors) prepare(name []byte, c *checking) {
	if x := a.get(name); x != nil {
		c.verifier = x.verifier
		c.make = x.verifier == nil && x.genuine >= verifierAfter && !x.making
		x.making = x.making || c.make
	}
}

// made takes what the job brought that had to make a verifier; nil is nothing.
func (a *authors) made(name []byte, v *id.Verifier) {
	if x := a.get(name); x != nil {
		x.making, x.verifier = false, v
	}
}

// genuine verifies the signature of a message, with the author's verifier where
// there is one, and returns the one it made.
func (c *checking) genuine(m *rpc.Message) (ok bool, made *id.Verifier) {
	if c.verifier == nil && !c.make || m.Key != nil {
		return genuine(m), nil
	}
	v := c.verifier
	if v == nil {
		kind, key, ok := id.PeerID(m.From).Key()
		if !ok || kind != id.Secp256k1 || len(key) != len(id.Public{}) {
			return genuine(m), nil
		}
		var err error
		if v, err = id.NewVerifier(id.Public(key)); err != nil {
			return false, nil
		}
		made = v
	}
	return v.VerifyDER(sha256.Sum256(signedBytes(m.Raw)), m.Signature), made
}
