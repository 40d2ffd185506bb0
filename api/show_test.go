package api

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/dash"
)

var show = flag.String("show", "", "serve the dashboard of a made-up node at this address until interrupted")

// TestShow is for working on the page: go test ./api -run TestShow -show 127.0.0.1:7480 -timeout 0.
func TestShow(t *testing.T) {
	if *show == "" {
		t.Skip("no -show")
	}
	f := newFake()
	f.make(7)
	s, err := newServer(f, f, Options{Listen: *show, Token: "made-up-token-0123456789", Graph: f.union})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	fmt.Printf("%s/#token=%s\n", s.URL(), s.Token())
	over := make(chan os.Signal, 1)
	signal.Notify(over, os.Interrupt)
	tick := time.NewTicker(150 * time.Millisecond)
	defer tick.Stop()
	for i := 0; ; i++ {
		select {
		case <-over:
			s.Close(t.Context())
			return
		case <-tick.C:
			f.happen(i)
		}
	}
}

// make fills the fake with a small network.
func (f *fake) make(peers int) {
	now := time.Now()
	colours := []string{"gold", "white", "grey", "white", "gold"}
	for i := range peers {
		s := ropewalk.Session{
			ID: nodeID(byte(0x20 + 23*i)), Addr: fmt.Sprintf("/ip4/127.0.0.1/udp/%d/quic-v1", 40000+17*i),
			Direction: []string{"out", "in"}[i%2], Session: []string{"outbound", "inbound"}[i%2], Link: "libp2p",
			RTT: 0.4 + float64(i*i)*0.9, Since: now.Add(-time.Duration(i*97) * time.Second), Agent: "ropewalk/0.1.0", Colour: colours[i%5],
		}
		f.sessions = append(f.sessions, s)
	}
	f.sessions[2].Agent = "<img src=x onerror=alert(1)> \u202egnp.exe"
	for i := range 8 {
		slot := ropewalk.Slot{Slot: i, Role: "outbound", State: []string{"connected", "connected", "connected", "connecting", "sleeping"}[i%5], Since: now.Add(-time.Minute)}
		if slot.State == "connected" {
			slot.ID, slot.Addr = f.sessions[i%peers].ID.String(), f.sessions[i%peers].Addr
		} else {
			slot.Why = "no host to dial"
		}
		f.slots = append(f.slots, slot)
	}
	f.topics = []ropewalk.TopicInfo{{Topic: "rw/chat/testnet/lobby", Subscribed: true, Peers: 7, Mesh: 5}, {Topic: "news", Peers: 2, Fanout: 2}}
	f.rooms = []ropewalk.Room{{Room: "lobby", Members: 5}, {Room: "sailmakers", Members: 2}}
	for i, text := range []string{"good morning", "the tide is early today", "hello <b>bold</b><script>alert(1)</script>", "\u202edesrever si siht\u0007\u001b[31m", "four strands make a rope"} {
		f.history = append(f.history, ropewalk.ChatLine{
			ID: fmt.Sprint("h", i), Room: "lobby", Author: []string{"mara", "jon", "a1feeda1"}[i%3], AuthorID: nodeID(byte(i % 3)), Text: text,
			At: now.Add(time.Duration(i-9) * time.Minute), State: []string{"received", "received", "delivered"}[i%3], Peers: 4,
		})
	}
}

// happen lets something happen.
func (f *fake) happen(i int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	kinds := [][2]string{{"gossipsub", "deliver"}, {"gossipsub", "graft"}, {"session", "slot_connecting"}, {"gossipsub", "deliver"}, {"chat", "line"}, {"gossipsub", "duplicate"}, {"peer", "up"}}
	for range rand.IntN(4) {
		k := kinds[rand.IntN(len(kinds))]
		e := ropewalk.Event{Seq: uint64(i), At: time.Now(), Strand: k[0], Kind: k[1], Peer: f.sessions[rand.IntN(len(f.sessions))].ID.String(), N: int64(rand.IntN(900))}
		for _, s := range f.feeds.events {
			s.put(e)
		}
	}
	if i%20 == 0 {
		line := ropewalk.ChatLine{ID: fmt.Sprint("n", i), Room: "lobby", Author: "mara", AuthorID: nodeID(0), Text: fmt.Sprint("turn ", i), At: time.Now(), State: "received"}
		for _, s := range f.feeds.lines {
			s.put(line)
		}
	}
}

// union is a picture of more than the node sees, as a devnet draws it.
func (f *fake) union() dash.Graph {
	rng := rand.New(rand.NewPCG(1, 2))
	g := dash.Graph{}
	for i := range 12 {
		n := dash.GraphNode{ID: nodeID(byte(0xa1 + 17*i)).String(), Label: nodeID(byte(0xa1 + 17*i)).Short(), Role: "node", Colour: []string{"white", "gold", "grey"}[i%3], RTT: float64(i)}
		switch i {
		case 0:
			n.Self, n.Role = true, "self"
		case 1:
			n.Role, n.Label = "seed", "seed"
		}
		g.Nodes = append(g.Nodes, n)
		for range min(i, 2) {
			g.Links = append(g.Links, dash.GraphLink{A: n.ID, B: g.Nodes[rng.IntN(i)].ID, Kind: "libp2p", Mesh: rng.IntN(3) > 0})
		}
	}
	return g
}
