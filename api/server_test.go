package api

import (
	"bufio"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/dash"
)

// started is a server on a real socket.
func started(t *testing.T, f *fake, opts Options) *Server {
	t.Helper()
	opts.Token = testToken
	s, err := newServer(f, f, opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestRealSocket(t *testing.T) {
	s := started(t, newFake(), Options{})
	if !strings.HasPrefix(s.URL(), "http://127.0.0.1:") {
		t.Fatal(s.URL())
	}
	req, _ := http.NewRequest("POST", s.URL()+"/rpc", strings.NewReader(`{"jsonrpc":"2.0","id":7,"method":"node_info"}`))
	req.Header.Set("Authorization", "Bearer "+s.Token())
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var g got
	if json.NewDecoder(resp.Body).Decode(&g); !strings.Contains(string(g.Result), `"network":"testnet"`) {
		t.Errorf("%s", g.Result)
	}
	again, _ := newServer(newFake(), newFake(), Options{Listen: strings.TrimPrefix(s.URL(), "http://")})
	if err := again.Start(); err == nil || !strings.Contains(err.Error(), "listen on 127.0.0.1:") {
		t.Errorf("a taken port: %v", err)
	}
	again.Close(t.Context())
}

func TestHealthAndMetrics(t *testing.T) {
	f := newFake()
	c := prometheus.NewCounter(prometheus.CounterOpts{Name: "ropewalk_test_total", Help: "A test."})
	f.registry.MustRegister(c)
	c.Inc()
	s := unstarted(t, f, Options{})
	if w := ask(s, "GET", "/metrics", "", nil); !strings.Contains(w.Body.String(), "ropewalk_test_total 1") {
		t.Errorf("%s", w.Body)
	}
	for healthy, want := range map[bool]int{true: 200, false: 503} {
		f.healthy = healthy
		ready, alive := ask(s, "GET", "/readyz", "", nil), ask(s, "GET", "/healthz", "", nil)
		var h ropewalk.Health
		if json.Unmarshal(ready.Body.Bytes(), &h) != nil || h.OK != healthy || len(h.Checks) != 1 || ready.Code != want || alive.Code != 200 {
			t.Errorf("healthy %v: %d %s, alive %d", healthy, ready.Code, ready.Body, alive.Code)
		}
	}
}

func TestGraph(t *testing.T) {
	f := newFake()
	f.make(3)
	read := func(s *Server) dash.Graph {
		var g dash.Graph
		if err := json.Unmarshal(ask(s, "GET", "/dash/graph", "", nil).Body.Bytes(), &g); err != nil {
			t.Fatal(err)
		}
		return g
	}
	g := read(unstarted(t, f, Options{}))
	if len(g.Nodes) != 4 || len(g.Links) != 3 || !g.Nodes[0].Self || g.Nodes[1].Colour != "gold" || g.Nodes[1].Role != "outbound" {
		t.Errorf("%+v", g)
	}
	for i, l := range g.Links {
		if l.A != g.Nodes[0].ID || l.B != g.Nodes[i+1].ID || l.Mesh != (i != 2) || l.Kind != "libp2p" {
			t.Errorf("link %d: %+v", i, l)
		}
	}
	other := dash.Graph{Nodes: []dash.GraphNode{{ID: "x"}}}
	s := unstarted(t, f, Options{Graph: func() dash.Graph { return other }})
	if g := read(s); len(g.Nodes) != 1 || g.Links == nil {
		t.Errorf("%+v", g)
	}
	f.err = ropewalk.ErrClosed
	if w := ask(unstarted(t, f, Options{}), "GET", "/dash/graph", "", nil); w.Code != 503 {
		t.Errorf("a node that is closed: %d", w.Code)
	}
}

func TestDnet(t *testing.T) {
	f := newFake()
	f.make(3)
	f.sessions = f.sessions[:2]
	f.slots = []ropewalk.Slot{{Slot: 0, Role: "outbound", State: "connected", ID: f.sessions[0].ID.String()}, {Slot: 1, Role: "outbound", State: "sleeping"}, {Slot: 0, Role: "seed", State: "idle"}}
	s := started(t, f, Options{Dnet: "127.0.0.1:0"})
	conn, err := net.Dial("tcp", s.DnetAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	read := func() string {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(line)
	}
	for _, tt := range [][2]string{
		{`{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}`, `{"jsonrpc":"2.0","id":1,"result":"pong"}`},
		{`{"jsonrpc":"2.0","id":2,"method":"p2p.get_info","params":[]}`, `{"jsonrpc":"2.0","id":2,"result":{"channels":[{"url":"/ip4/127.0.0.1/udp/40000/quic-v1","session":"outbound","id":553577760},{"url":"/ip4/127.0.0.1/udp/40017/quic-v1","session":"inbound","id":939453751}],"outbound_slots":[553577760,0]}}`},
		{`{"jsonrpc":"2.0","id":3,"method":"spawns","params":[]}`, `{"jsonrpc":"2.0","id":3,"result":{"spawns":[{"name":"testnet","urls":[],"whitelist":[],"greylist":[],"goldlist":[]}]}}`},
		{`{"jsonrpc":"2.0","id":6,"method":"ping","params":{}}`, `{"jsonrpc":"2.0","id":6,"result":"pong"}`},
		{`{"jsonrpc":"2.0","id":4,"method":"dnet.switch","params":[true]}`, `{"jsonrpc":"2.0","id":4,"result":true}`},
	} {
		conn.Write([]byte(tt[0] + "\n"))
		if got := read(); got != tt[1] {
			t.Errorf("%s answers\n%s, want\n%s", tt[0], got, tt[1])
		}
	}
	for _, bad := range []string{`{"id":5,"method":"dnet.switch","params":{"on":true}}`, `{"id":5,"method":"dnet.switch","params":["yes"]}`, `{"id":5,"method":"node_stop"}`} {
		conn.Write([]byte(bad + "\n"))
		if got := read(); !strings.Contains(got, `"error"`) {
			t.Errorf("%s answers %s", bad, got)
		}
	}
	// A browser's first line ends the connection.
	other, err := net.Dial("tcp", s.DnetAddr())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	other.Write([]byte("POST / HTTP/1.1\r\nHost: x\r\n\r\n" + `{"method":"ping"}` + "\n"))
	if n, err := other.Read(make([]byte, 100)); n > 0 || err == nil {
		t.Error("HTTP is answered")
	}
	if f.stopped > 0 {
		t.Error("executed")
	}
}

// The difference of two looks, in the viewers' words.
func TestDnetEvents(t *testing.T) {
	a, b, c := nodeID(1), nodeID(2), nodeID(3)
	old := snapshot{
		sessions: []ropewalk.Session{{ID: a, Addr: "A", Session: "inbound"}, {ID: b, Addr: "B", Session: "outbound"}},
		slots:    []ropewalk.Slot{{Slot: 0, State: "connected", ID: b.String()}, {Slot: 1, State: "sleeping"}},
	}
	now := snapshot{
		sessions: []ropewalk.Session{{ID: c, Addr: "C", Session: "inbound"}, {ID: nodeID(4), Addr: "D", Session: "outbound"}},
		slots:    []ropewalk.Slot{{Slot: 0, State: "sleeping", Why: "gone"}, {Slot: 1, State: "connected", ID: nodeID(4).String(), Addr: "D"}},
	}
	var names []string
	for _, e := range changes(old, now) {
		names = append(names, e.Event)
		if e.Event == "outbound_slot_disconnected" && e.Info["err"] != "gone" || e.Event == "outbound_slot_connected" && e.Info["channel_id"] != dnetID(nodeID(4)) {
			t.Errorf("%+v", e)
		}
	}
	want := []string{"inbound_disconnected", "outbound_slot_disconnected", "outbound_slot_sleeping", "outbound_slot_connected", "inbound_connected"}
	if !reflect.DeepEqual(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
	if got := changes(now, now); got != nil {
		t.Errorf("%+v of nothing", got)
	}
}
