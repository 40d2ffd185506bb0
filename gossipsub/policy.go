package gossipsub

import (
	"bytes"
	"fmt"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/id"
)

// Policy says who vouches for a message at the gossip layer (pubsub/README "Message
// Signing").
type Policy uint8

const (
	// StrictSign: author, sequence number and a valid signature are required.
	StrictSign Policy = iota
	// StrictNoSign: author, sequence number, signature and key must be absent.
	StrictNoSign
	// LaxSign signs as StrictSign does and takes unsigned messages too; a signature
	// that is there must be valid. An unsigned message may name any author, and its
	// ID with it: for networks that are being moved to signatures.
	LaxSign
	// LaxNoSign takes what LaxSign takes and signs nothing.
	LaxNoSign
)

// policyNames are those of the configuration.
var policyNames = [...]string{StrictSign: "strict", StrictNoSign: "none", LaxSign: "lax", LaxNoSign: "lax-none"}

func (p Policy) String() string {
	if int(p) < len(policyNames) {
		return policyNames[p]
	}
	return "unknown"
}

// PolicyNamed reads a policy as the configuration writes it: strict, none, lax or
// lax-none.
func PolicyNamed(name string) (Policy, bool) {
	for p, n := range policyNames {
		if n == name {
			return Policy(p), true
		}
	}
	return 0, false
}

// signs tells whether our own messages are signed.
func (p Policy) signs() bool { return p == StrictSign || p == LaxSign }

// Author is whom our messages of a topic name instead of the node.
type Author struct {
	PeerID id.PeerID
	// Sign signs with the key of PeerID: an Ed25519 key the bytes, a secp256k1, ECDSA
	// or RSA key their SHA-256 (see id.Verify). It runs inside jobs, in any goroutine,
	// and is nil where nothing is signed.
	Sign func(bytes []byte) []byte
	// Key is the marshalled public key, needed when PeerID does not hold it.
	Key []byte
}

// valid tells what is wrong with an author of messages of policy p.
func (a *Author) valid(p Policy) error {
	switch {
	case p == StrictNoSign:
		return fmt.Errorf("%w: Author in a topic whose messages must name none", ErrConfig)
	case !validAuthor([]byte(a.PeerID)):
		return fmt.Errorf("%w: Author.PeerID is no peer ID", ErrConfig)
	case !p.signs():
		return nil
	case a.Sign == nil:
		return ErrNoSigner
	}
	if _, _, ok := a.PeerID.Key(); ok {
		return nil
	}
	t, k, err := id.UnmarshalPublicKey(a.Key)
	if err != nil || id.PeerIDOf(t, k) != a.PeerID {
		return fmt.Errorf("%w: Author.Key is not the key of Author.PeerID", ErrConfig)
	}
	return nil
}

// check holds a message against the policy of its topic. What is checked here
// costs nothing; the signature is the job's.
func (o *rules) check(m *rpc.Message) string {
	if why := o.policy.check(m); why != "" {
		return why
	}
	if len(m.Data) > o.bytesMax {
		return whyLarge
	}
	return ""
}

func (p Policy) check(m *rpc.Message) string {
	whole := validAuthor(m.From) && len(m.Seqno) == 8
	switch {
	case p == StrictSign && (!whole || len(m.Signature) == 0):
		return whyMissing
	case p == StrictNoSign && m.Signature != nil:
		return whyUnwanted
	case p == StrictNoSign && (m.From != nil || m.Seqno != nil || m.Key != nil):
		return whyUnexpected
	case m.Signature != nil && !whole:
		return whyInvalid // nobody's
	case m.From != nil && !validAuthor(m.From), m.Seqno != nil && len(m.Seqno) != 8:
		return whyUnexpected
	}
	return ""
}

// isOurs tells whether a message names us, or whom our messages name, as its author.
func (r *Router) isOurs(o *rules, m *rpc.Message) bool {
	return len(m.From) > 0 && (bytes.Equal(m.From, r.self) || o.author != nil && string(m.From) == string(o.author.PeerID))
}

// validAuthor tells whether from has the form of a peer ID: an identity multihash
// of a small key, or a SHA-256 multihash.
func validAuthor(from []byte) bool {
	if len(from) == 34 && from[0] == 0x12 && from[1] == 32 {
		return true
	}
	return len(from) > 2 && len(from) <= 44 && from[0] == 0 && int(from[1]) == len(from)-2
}
