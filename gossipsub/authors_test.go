package gossipsub

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/id"
)

// signedBy is a frame with a message of a node's own key.
func signedBy(k *id.Key, topic string, seqno uint64, data string) []byte {
	m := rpc.Message{From: []byte(k.Public().PeerID()), Data: []byte(data), Seqno: binary.BigEndian.AppendUint64(nil, seqno), Topic: []byte(topic)}
	m.Signature = k.SignDER(digest(rpc.AppendMessage(nil, &m, false)))
	return rpc.AppendPublish(nil, rpc.AppendMessage(nil, &m, false))
}

// An author of many messages gets a verifier, which takes the same messages and
// refuses the same.
func TestVerifierForWhoSaysMuch(t *testing.T) {
	g := newRig(t, func(c *Config) { c.Sign = StrictSign })
	g.join("t", TopicConfig{})
	g.up("a", Meshsub12, false)
	g.recv("a", rpc.AppendSub(nil, true, "t"))
	k := nodeKey("writer")
	name := []byte(k.Public().PeerID())
	for i := range verifierAfter + 10 {
		g.recv("a", signedBy(k, "t", uint64(i+1), fmt.Sprint(i)))
		made := g.r.authors.get(name).verifier != nil
		if want := i >= verifierAfter; made != want {
			t.Fatalf("after %d messages: made is %v", i+1, made)
		}
	}
	if n := len(g.got); n != verifierAfter+10 {
		t.Fatalf("%d messages delivered", n)
	}
	// Many messages in checking at a time are one task.
	g.r.authors.get(name).verifier = nil
	tasks := 0
	for range 5 {
		var c checking
		if g.r.authors.prepare(name, &c); c.make {
			tasks++
		}
	}
	if tasks != 1 {
		t.Errorf("%d jobs make a verifier at a time", tasks)
	}
	g.r.authors.made(name, nil) // it brought nothing: the next one tries
	bad := signedBy(k, "t", 1000, "bad")
	bad[len(bad)-1] ^= 1
	g.recv("a", bad)
	if n := len(g.got); n != verifierAfter+10 {
		t.Error("a forged message was delivered")
	}
	if got := g.r.authors.get(name).genuine; got != verifierAfter+10 {
		t.Errorf("%d genuine messages counted", got)
	}
}

// However many authors come, only the last few are remembered.
func TestAuthorsAreBounded(t *testing.T) {
	var a authors
	for i := range 10 * authorsMax {
		a.saw([]byte(fmt.Sprint(i)))
		a.saw([]byte("often"))
		if n := len(a.young) + len(a.old); n > 2*authorsMax {
			t.Fatalf("%d authors remembered", n)
		}
	}
	if x := a.get([]byte("often")); x == nil || x.genuine != 10*authorsMax {
		t.Errorf("who came often is forgotten: %+v", x)
	}
	if a.get([]byte("0")) != nil {
		t.Error("who came long ago is remembered")
	}
}
