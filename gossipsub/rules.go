package gossipsub

import (
	"crypto/sha256"
	"fmt"
	"time"
)

// rules are a topic's configuration with defaults filled in.
type rules struct {
	policy     Policy
	author     *Author               // of our own messages; nil when they name none
	messageID  func(*Message) string // nil: the policy's own
	validators []func(Message) Verdict
	rule       string
	bytesMax   int
	partial    *Partial      // nil: messages go whole
	replay     bool          // sequence numbers are remembered
	hushFrom   int           // bytes of data from which IDONTWANT is sent
	wait       time.Duration // how long somebody else's message may wait for a peer
	waitOwn    time.Duration // and our own
	ttl        time.Duration // a message is worth sending; 0: while it is cached
	degrees    Degrees
	salt       uint64 // of the topic's keys
}

// rules makes the rules of a topic, or says what cannot work.
func (r *Router) rules(name string, tc TopicConfig) (rules, error) {
	out := rules{policy: r.cfg.Sign, author: tc.Author, messageID: tc.MessageID, rule: tc.Rule, bytesMax: r.p.MessageBytesMax}
	if tc.Sign != nil {
		out.policy = *tc.Sign
	}
	if out.author == nil && out.policy.signs() {
		out.author = r.author()
		if r.cfg.Signer == nil || r.cfg.PeerID == "" {
			return out, ErrNoSigner
		}
	} else if out.author != nil {
		if err := out.author.valid(out.policy); err != nil {
			return out, err
		}
	}
	if out.replay = tc.Replay; out.replay && out.policy == StrictNoSign {
		return out, fmt.Errorf("%w: Replay in a topic whose messages have no sequence numbers", ErrConfig)
	}
	if tc.BytesMax > 0 {
		out.bytesMax = min(out.bytesMax, tc.BytesMax)
	}
	out.hushFrom, out.wait, out.waitOwn = r.p.IDontWantThreshold, forwardedWait, ownWait
	if tc.IDontWantThreshold > 0 {
		out.hushFrom = tc.IDontWantThreshold
	}
	if tc.TTL > 0 {
		out.wait, out.waitOwn, out.ttl = tc.TTL, tc.TTL, tc.TTL
	}
	out.validators = append(out.validators, r.cfg.Validators...)
	if tc.Validate != nil {
		out.validators = append(out.validators, tc.Validate)
	}
	out.validators = append(out.validators, tc.Validators...)
	out.degrees = r.p.degrees()
	if tc.Mesh != nil {
		out.degrees = *tc.Mesh
		out.degrees.fill()
	}
	if tc.Partial != nil {
		p := *tc.Partial
		if p.GroupTTL == 0 {
			p.GroupTTL = defaultGroupTTL
		}
		if out.partial = &p; p.GroupTTL < groupTTLMin {
			return out, fmt.Errorf("%w: Partial.GroupTTL is %d: want %d or more, or 0", ErrConfig, p.GroupTTL, groupTTLMin)
		}
	}
	out.salt = r.topicSalt(name)
	return out, nil
}

// author is the node as the author of its messages.
func (r *Router) author() *Author {
	sign := r.cfg.Signer
	return &Author{PeerID: r.cfg.PeerID, Sign: func(b []byte) []byte { return sign(sha256.Sum256(b)) }}
}

// until is when a message that came now stops being worth sending; zero when its
// topic names no time.
func (o *rules) until(now time.Time) time.Time {
	if o.ttl == 0 {
		return time.Time{}
	}
	return now.Add(o.ttl)
}

// topicSalt gives every topic IDs of its own: equal data in two topics is two
// messages.
func (r *Router) topicSalt(name string) (salt uint64) {
	k := makeKey(r.salt, []byte(name)[:min(len(name), idBytesMax)])
	for i, c := range k[:8] {
		salt |= uint64(c) << (8 * i)
	}
	if len(name) > idBytesMax { // makeKey takes no more at once
		k = makeKey(salt, []byte(name[idBytesMax:]))
		salt ^= uint64(k[0]) | uint64(k[1])<<8 | uint64(k[2])<<16 | uint64(k[3])<<24
	}
	return salt
}

// AllowTopics is a Config.Filter that lets the given topics pass and no others.
func AllowTopics(names ...string) func(topic string) bool {
	allowed := make(map[string]bool, len(names))
	for _, n := range names {
		allowed[n] = true
	}
	return func(topic string) bool { return allowed[topic] }
}

// allowed tells whether the filter lets a topic pass.
func (r *Router) allowed(name []byte) bool {
	return r.cfg.Filter == nil || r.cfg.Filter(string(name))
}
