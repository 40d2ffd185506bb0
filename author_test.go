package ropewalk

import (
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/ropewalk/ropewalk/link/linktest"
	"github.com/ropewalk/ropewalk/link/mem"
)

// The messages of a topic name whom its configuration says, and others take them,
// who know nothing of it.
func TestTopicAuthor(t *testing.T) {
	given := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	for name, c := range map[string]struct {
		how  TopicConfig
		want string
	}{
		"node":        {TopicConfig{Author: "node"}, linktest.Key("a").Public().PeerID().String()},
		"of the node": {TopicConfig{Author: "ed25519"}, authorID(authorKey(linktest.Key("a"))).String()},
		"given":       {TopicConfig{AuthorKey: given}, authorID(given).String()},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				wire := mem.NewNetwork()
				cfg := memConfig(wire, "a")
				cfg.Gossip.Topics = map[string]TopicConfig{"aside": c.how}
				a, b := started(t, cfg), started(t, memConfig(wire, "b"))
				x, y := joined(t, b, "t"), joined(t, a, "t", c.how)
				z := joined(t, b, "aside")
				join(t, a, b)
				meshed(t, a, "t", 1)
				if _, err := y.Publish(t.Context(), []byte("hi"), PublishOptions{MinPeers: 1}); err != nil {
					t.Fatal(err)
				}
				if _, err := a.Publish(t.Context(), "aside", []byte("hi"), 1); err != nil {
					t.Fatal(err)
				}
				for _, topic := range []*Topic{x, y, z} {
					for m := range topic.Messages(t.Context()) {
						if m.From != c.want || len(m.Seqno) != 8 {
							t.Errorf("from %s, want %s: %+v", m.From, c.want, m)
						}
						break
					}
				}
			})
		})
	}
}

// The key made of a node's key is always the same, and nobody else's.
func TestAuthorKey(t *testing.T) {
	a, again, b := authorKey(linktest.Key("a")), authorKey(linktest.Key("a")), authorKey(linktest.Key("b"))
	if !a.Equal(again) || a.Equal(b) {
		t.Error("not a function of the node's key")
	}
}

func TestAuthorsThatCannotBe(t *testing.T) {
	n := made(t, memConfig(mem.NewNetwork(), "a"))
	key := authorKey(linktest.Key("a"))
	for want, how := range map[string]TopicConfig{
		`gossip.topic."t".author = "rsa"`:                      {Author: "rsa"},
		`gossip.topic."t".author = "ed25519": want node, or a`: {Author: "ed25519", Sign: "none"},
		`gossip.topic."t".AuthorKey`:                           {AuthorKey: key[:32]},
		`gossip.topic."t".author = "node": want ed25519`:       {Author: "node", AuthorKey: key},
	} {
		_, err := n.Join(t.Context(), "t", how)
		var bad *ConfigError
		if !errors.As(err, &bad) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %s: %v", want, err)
		}
	}
}
