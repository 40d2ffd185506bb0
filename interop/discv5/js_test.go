package discv5

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/interop/rig"
)

// js is a node of @chainsafe/discv5; js/node.mjs runs it.
type js struct {
	*rig.JS
	t      *testing.T
	key    string
	port   int
	record string
}

// jsAnswer is what it answers.
type jsAnswer struct {
	Record  string
	Records []string
	Port    int
	Seq     uint64
	IP      string
	Body    string
}

// startJS starts a node with a new key at any port.
func startJS(t *testing.T) *js { return runJS(t, fmt.Sprintf("%x", newKey(t).Bytes()), 0) }

func runJS(t *testing.T, key string, port int) *js {
	t.Helper()
	var ready jsAnswer
	p := rig.StartJS(t, "js", &ready, nil, "node.mjs", key, fmt.Sprint(port))
	return &js{p, t, key, ready.Port, ready.Record}
}

// again is the node started once more with the same key at the same port: it has
// forgotten its sessions and its table.
func (x *js) again() *js {
	x.Stop()
	return runJS(x.t, x.key, x.port)
}

// must asks until there is an answer: a packet may get lost.
func (x *js) must(t *testing.T, do string, args map[string]any) (a jsAnswer) {
	t.Helper()
	rig.Until(t, do, func() string { return text(x.Ask(do, args, &a)) })
	return a
}

func parsed(t *testing.T, record string) *enr.Record {
	t.Helper()
	r, err := enr.Parse(record)
	if err != nil {
		t.Fatalf("%q: %v", record, err)
	}
	return r
}

// PING and PONG, both ways: the sequence number, and where each sees the other.
func TestJSPing(t *testing.T) {
	x, n := startJS(t), startRope(t)
	us, them := parsed(t, n.Record()), parsed(t, x.record)
	var pong ropewalk.DiscoveryPong
	rig.Until(t, "its pong", func() (missing string) {
		var err error
		pong, err = n.Discovery().Ping(rig.Within(t), x.record)
		return text(err)
	})
	if pong.EnrSeq != them.Seq() || pong.RecipientIP != "127.0.0.1" || pong.RecipientPort != us.UDP(false) {
		t.Errorf("its pong: %+v", pong)
	}
	a := x.must(t, "ping", map[string]any{"record": n.Record()})
	if a.Seq != us.Seq() || a.IP != "127.0.0.1" || a.Port != x.port {
		t.Errorf("our pong: %+v", a)
	}
}

// What each knows of nodes it tells the other, in as many packets as that takes; by
// lookups each finds all.
func TestJSNodes(t *testing.T) {
	x := startJS(t)
	hub := startRope(t, x.record)
	all := map[id.ID]string{parsed(t, hub.Record()).ID(): hub.Record()}
	ropes := []*ropewalk.Node{hub}
	for range 10 {
		n := startRope(t, hub.Record())
		ropes = append(ropes, n)
		all[parsed(t, n.Record()).ID()] = n.Record()
	}
	// It meets whoever asks it.
	for _, n := range ropes {
		rig.Until(t, "its pong", func() string {
			_, err := n.Discovery().Ping(rig.Within(t), x.record)
			return text(err)
		})
	}
	asked := make([]uint16, 257) // the farthest first
	for i := range asked {
		asked[i] = uint16(256 - i)
	}
	them := parsed(t, x.record).ID()
	rig.Until(t, "it tells us of all", func() string {
		got, err := hub.Discovery().FindNode(rig.Within(t), x.record, asked)
		if err != nil {
			return err.Error()
		}
		return missing(t, got, all, parsed(t, hub.Record()).ID())
	})
	rig.Until(t, "we tell it of all", func() string {
		a := x.must(t, "findnode", map[string]any{"record": hub.Record(), "distances": asked})
		return missing(t, a.Records, all)
	})
	for who := range all {
		rig.Until(t, "it looks "+who.Short()+" up", func() string {
			a := x.must(t, "lookup", map[string]any{"target": fmt.Sprintf("%x", who[:])})
			return missing(t, a.Records, map[id.ID]string{who: ""})
		})
	}
	for _, n := range ropes {
		rig.Until(t, "we look it up", func() string {
			got, err := n.Discovery().LookupRecord(rig.Within(t), them)
			if err != nil {
				return err.Error()
			}
			return sameNode(t, got, x.record)
		})
	}
}

// missing says whom records do not name, of all but some.
func missing(t *testing.T, records []string, all map[id.ID]string, but ...id.ID) string {
	t.Helper()
	named := map[id.ID]bool{}
	for _, r := range records {
		named[parsed(t, r).ID()] = true
	}
	for who := range all {
		if !named[who] && !slices.Contains(but, who) {
			return fmt.Sprintf("%d named, but not %s", len(named), who.Short())
		}
	}
	return ""
}

// A record of its that changes is noticed.
func TestJSNewRecord(t *testing.T) {
	x := startJS(t)
	n := startRope(t, x.record)
	who := parsed(t, x.record).ID()
	rig.Until(t, "found", func() string {
		_, err := n.Discovery().LookupRecord(rig.Within(t), who)
		return text(err)
	})
	changed := x.must(t, "set", map[string]any{"key": "changed", "value": "07"}).Record
	rig.Until(t, "the new record", func() string {
		got, err := n.Discovery().LookupRecord(rig.Within(t), who)
		if err == nil && got != changed {
			return "still " + got
		}
		return text(err)
	})
}

// TALK both ways, as the first of a session and in one that is there, of a node whose
// record is short and of one whose record is as long as records may be. What does not fit
// into a handshake is sent by us behind a ping; it has to ping first.
func TestJSTalk(t *testing.T) {
	x := startJS(t)
	for _, n := range sizes {
		for _, pairs := range [][]enr.Pair{nil, longest()} {
			s := speak(t, pairs...)
			for _, which := range []string{"first", "second"} {
				a := s.talk(t, parsed(t, x.record), "echo", body(n))
				if a.Err != nil || !bytes.Equal(a.Body, body(n)) {
					t.Errorf("we ask, %d bytes, %s of a session, record of %d bytes: %d bytes, %v", n, which, len(s.rec.Bytes()), len(a.Body), a.Err)
				}
			}
			s = speak(t, pairs...)
			if n > 775 {
				x.must(t, "ping", map[string]any{"record": s.rec.String()})
			}
			for _, which := range []string{"first", "second"} {
				if got := x.talk(t, s.rec.String(), body(n)); !bytes.Equal(got, body(n)) {
					t.Errorf("it asks, %d bytes, %s of a session, our record of %d bytes: %d bytes", n, which, len(s.rec.Bytes()), len(got))
				}
			}
		}
	}
	s := speak(t)
	if a := s.talk(t, parsed(t, x.record), "nobody's", body(10)); a.Err != nil || len(a.Body) != 0 {
		t.Errorf("a protocol it has not: %x, %v", a.Body, a.Err)
	}
	if a := x.must(t, "talk", map[string]any{"record": s.rec.String(), "protocol": "nobody's", "body": "00"}); a.Body != "" {
		t.Errorf("a protocol we have not: %s", a.Body)
	}
}

func (x *js) talk(t *testing.T, to string, b []byte) []byte {
	t.Helper()
	a := x.must(t, "talk", map[string]any{"record": to, "protocol": "echo", "body": hex.EncodeToString(b)})
	got, err := hex.DecodeString(a.Body)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// Who has forgotten the session asks for another, whoever that is and whoever speaks
// first, with what a handshake holds and with what goes behind it.
func TestJSSessionLost(t *testing.T) {
	x, s := startJS(t), speak(t)
	ask := func(when string, size int) {
		t.Helper()
		if a := s.talk(t, parsed(t, x.record), "echo", body(size)); a.Err != nil || !bytes.Equal(a.Body, body(size)) {
			t.Errorf("%s, we ask: %d of %d bytes, %v", when, len(a.Body), size, a.Err)
		}
	}
	asked := func(when string) {
		t.Helper()
		if got := x.talk(t, s.rec.String(), body(1)); !bytes.Equal(got, body(1)) {
			t.Errorf("%s, it asks: %d bytes", when, len(got))
		}
	}
	ask("at first", 1)
	for _, size := range []int{1, 1000} {
		x = x.again()
		ask("it forgot", size)
		s = s.again(t)
		ask("we forgot", size)
	}
	x = x.again()
	asked("it forgot")
	s = s.again(t)
	asked("we forgot")
}
