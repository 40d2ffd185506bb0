package interop

import (
	"testing"

	"github.com/libp2p/go-libp2p/core/crypto"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/interop/rig"
)

// TestKeys: messages signed by hosts with each kind of key are accepted by us from
// their author and from a forwarder, with the right author; and they accept ours.
// Rule: M8
func TestKeys(t *testing.T) {
	r := startRope(t, "rope", "t", "strict")
	hub := startHost(t, "hub", "t", hostOptions{})
	far := startRope(t, "far", "t", "strict")
	hub.dial(t, r.addr("tcp"))
	far.dial(t, hub.addr("quic-v1"))
	all := []member{r, hub, far}
	for label, kind := range map[string]int{"Ed25519": crypto.Ed25519, "secp256k1": crypto.Secp256k1, "ECDSA": crypto.ECDSA, "RSA": crypto.RSA} {
		h := startHost(t, label, "t", hostOptions{key: newKey(t, kind)})
		h.dial(t, r.addr("quic-v1"))
		all = append(all, h)
	}
	for _, h := range all[3:] {
		meshed(t, r, h)
	}
	meshed(t, r, hub)
	meshed(t, hub, far)
	var want []string
	for _, m := range all {
		for _, text := range []string{"of " + m.name(), "again of " + m.name()} {
			m.publish(t, text)
			want = append(want, text)
		}
	}
	receiveAll(t, all, want)
	for _, at := range all {
		for _, by := range all {
			author(t, at, "of "+by.name(), by, "strict")
		}
		if x, ok := at.(*theirs); ok && len(x.tracer.rejected()) > 0 {
			t.Errorf("%s rejected messages: %v", x.label, x.tracer.rejected())
		}
	}
}

// TestEmpty: a message without data is a message, signed or not.
func TestEmpty(t *testing.T) {
	for _, sign := range []string{"strict", "none"} {
		t.Run(sign, func(t *testing.T) {
			t.Parallel()
			r, h := startRope(t, "rope", "t", sign), startHost(t, "host", "t", hostOptions{sign: sign})
			r2 := startRope(t, "rope behind", "t", sign)
			r.dial(t, h.addr("tcp"))
			r2.dial(t, r.addr("tcp"))
			meshed(t, r, h)
			meshed(t, r, r2)
			h.publish(t, "")
			hears(t, r, "")
			hears(t, r2, "")
			if sign == "none" {
				return // the same ID again is a duplicate
			}
			r2.publish(t, "")
			rig.Until(t, "ours comes too", func() string {
				if a, b := h.mail.count(""), r.mail.count(""); a != 2 || b != 2 {
					return "not yet"
				}
				return ""
			})
		})
	}
}

// TestPolicies: what one side must not send is not delivered by the other, and the
// links live on.
func TestPolicies(t *testing.T) {
	r, plain := startRope(t, "rope", "t", "strict"), startRope(t, "plain rope", "t", "none")
	h, plainHost := startHost(t, "host", "t", hostOptions{}), startHost(t, "plain host", "t", hostOptions{sign: "none"})
	for _, a := range []member{r, plain} {
		for _, b := range []member{h, plainHost} {
			a.dial(t, b.addr("tcp"))
		}
	}
	for _, a := range []member{r, plain} {
		for _, b := range []member{h, plainHost} {
			meshed(t, a, b)
		}
	}
	plainHost.publish(t, "unsigned")
	h.publish(t, "signed")
	hears(t, r, "signed")
	hears(t, plain, "unsigned")
	// Each of these was sent on the same stream after the first ones.
	both(t, r, h, "signed")
	both(t, plain, plainHost, "unsigned")
	h.publish(t, "last signed")
	plainHost.publish(t, "last unsigned")
	hears(t, r, "last signed")
	hears(t, plain, "last unsigned")
	for _, data := range []string{"unsigned", "last unsigned", "unsigned from plain rope"} {
		if r.mail.count(data) > 0 || h.mail.count(data) > 0 {
			t.Errorf("a signing node delivered %q", data)
		}
	}
	for _, data := range []string{"signed", "last signed", "signed from rope"} {
		if plain.mail.count(data) > 0 || plainHost.mail.count(data) > 0 {
			t.Errorf("a node without signatures delivered %q", data)
		}
	}
}

// TestTopicAuthor: what a topic's Ed25519 author signs is taken by a host, forwarded
// and taken from it, with that author; the node's own name stays out of it.
func TestTopicAuthor(t *testing.T) {
	cfg := ropeConfig("strict")
	cfg.Gossip.Topics = map[string]ropewalk.TopicConfig{"t": {Author: "ed25519"}}
	r, h, far := newRope(t, "rope", "t", cfg), startHost(t, "host", "t", hostOptions{}), startRope(t, "far", "t", "strict")
	r.follow(t)
	r.dial(t, h.addr("tcp"))
	far.dial(t, h.addr("quic-v1"))
	meshed(t, r, h)
	meshed(t, far, h)
	r.publish(t, "signed by the topic's author")
	for _, m := range []member{r, h, far} {
		hears(t, m, "signed by the topic's author")
		by := m.inbox().author("signed by the topic's author")
		if kind, _, ok := by.Key(); !ok || kind != id.Ed25519 || by == r.peer() {
			t.Errorf("%s heard it from %s", m.name(), by)
		}
	}
	both(t, r, h, "after it")
	if bad := h.tracer.rejected(); len(bad) > 0 {
		t.Errorf("the host rejected %v", bad)
	}
}
