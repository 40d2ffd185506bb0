package interop

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/interop/rig"
)

// js is a node of js-libp2p with its gossipsub; js/nodes.mjs runs it, several in one
// process.
type js struct {
	label string
	topic string
	n     int
	id    id.PeerID
	addrs []string
	mail  *mailbox
	run   *rig.JS
}

// jsReady is what the process says first, jsLine any later line of it.
type (
	jsReady struct {
		Ready []struct {
			Peer  string
			Addrs []string
		}
	}
	jsLine struct {
		N                 int
		From, Topic, Data string
		Peers, Mesh       []string
		Streams           map[string]string
	}
)

// startJS starts so many nodes that follow the topic. They end with the test.
func startJS(t *testing.T, count int, topic, sign string) []*js {
	t.Helper()
	all := make([]*js, count)
	for n := range all {
		all[n] = &js{label: fmt.Sprint("js__", n), topic: topic, n: n, mail: newMailbox()}
	}
	var first jsReady
	run := rig.StartJS(t, "js", &first, func(line []byte) {
		var l jsLine
		if json.Unmarshal(line, &l) == nil {
			from, _ := id.ParsePeerID(l.From)
			all[l.N].mail.add(from, l.Data)
		}
	}, "nodes.mjs", fmt.Sprint(count), sign, fmt.Sprint(heartbeat.Milliseconds()))
	if len(first.Ready) != count {
		t.Fatalf("js: %d nodes of %d", len(first.Ready), count)
	}
	for n, r := range first.Ready {
		who, err := id.ParsePeerID(r.Peer)
		if err != nil {
			t.Fatal(err)
		}
		all[n].id, all[n].addrs, all[n].run = who, r.Addrs, run
		all[n].follow(t)
	}
	return all
}

// ask sends a request to a node and waits for the answer.
func (x *js) ask(do, key, value string) (l jsLine, err error) {
	err = x.run.Ask(do, map[string]any{"n": x.n, "topic": x.topic, key: value}, &l)
	return l, err
}

func (x *js) must(t *testing.T, do, key, value string) {
	t.Helper()
	if _, err := x.ask(do, key, value); err != nil {
		t.Fatalf("%s: %s %.80s: %v", x.label, do, value, err)
	}
}

func (x *js) follow(t *testing.T)                { x.must(t, "follow", "topic", x.topic) }
func (x *js) leave(t *testing.T)                 { x.must(t, "leave", "topic", x.topic) }
func (x *js) dial(t *testing.T, addr string)     { x.must(t, "dial", "addr", addr) }
func (x *js) publish(t *testing.T, data string)  { x.must(t, "publish", "data", data) }
func (x *js) name() string                       { return x.label }
func (x *js) peer() id.PeerID                    { return x.id }
func (x *js) inbox() *mailbox                    { return x.mail }
func (x *js) addr(transport string) (out string) { return x.addrs[0] } // TCP is all it has

func isJS(m member) bool {
	_, ok := m.(*js)
	return ok
}

func (x *js) topicPeers() int {
	l, err := x.ask("look", "topic", x.topic)
	if err != nil {
		return -1
	}
	return len(l.Peers)
}

func (x *js) mesh() (out []id.ID) {
	l, err := x.ask("look", "topic", x.topic)
	if err != nil {
		return nil
	}
	for _, p := range l.Mesh {
		if who, err := id.ParsePeerID(p); err == nil {
			out = append(out, who.ID())
		}
	}
	return out
}

// TestJS: eight nodes of ours, six of go-libp2p and six of js-libp2p in one mesh.
// Rule: F11
func TestJS(t *testing.T) {
	for _, sign := range []string{"strict", "none"} {
		t.Run(sign, func(t *testing.T) {
			all := crew(t, 8, 6, sign)
			for _, x := range startJS(t, 6, "t", sign) {
				all = append(all, x)
			}
			shuffle(all)
			mixedMesh(t, all)
		})
	}
}
