package api

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

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

// One server answers for several nodes, each with every path below /net/NAME, behind the
// same locks.
func TestNetworks(t *testing.T) {
	red, blue := newFake(), newFake()
	blue.make(3)
	s := unstarted(t, red, Options{Networks: []Network{{"red", red}, {"blue", blue}}})
	for _, tt := range []struct {
		path, has string
		code      int
	}{
		{"/rpc", `"result":[]`, 200}, {"/net/red/rpc", `"result":[]`, 200}, {"/net/blue/rpc", blue.sessions[0].ID.String(), 200},
		{"/net/green/rpc", "", 404}, {"/net/blue/net/red/rpc", "", 405}, {"/net/", "", 404},
	} {
		w := ask(s, "POST", tt.path, `{"jsonrpc":"2.0","id":1,"method":"session_list"}`, nil)
		if w.Code != tt.code || !strings.Contains(w.Body.String(), tt.has) {
			t.Errorf("%s: %d %.200s", tt.path, w.Code, w.Body)
		}
	}
	for path, code := range map[string]int{"/net/blue": 301, "/net/blue/": 200, "/net/blue/dash.js": 200, "/net/blue/dash/graph": 200, "/net/blue/healthz": 200} {
		if w := ask(s, "GET", path, "", nil); w.Code != code {
			t.Errorf("%s: %d, want %d", path, w.Code, code)
		}
	}
	for _, path := range []string{"/net/blue/rpc", "/net/red/rpc"} {
		if w := ask(s, "POST", path, `{}`, func(r *http.Request) { r.Header.Del("Authorization") }); w.Code != 401 {
			t.Errorf("%s without a token: %d", path, w.Code)
		}
		if w := ask(s, "POST", path, `{}`, func(r *http.Request) { r.Host = "evil.example" }); w.Code != 421 {
			t.Errorf("%s of another host: %d", path, w.Code)
		}
	}
	for _, path := range []string{"/rpc", "/net/blue/rpc"} {
		var all []struct {
			Network string
			Peers   int
			Traffic ropewalk.Traffic
		}
		g := readGot(t, ask(s, "POST", path, `{"jsonrpc":"2.0","id":1,"method":"seed_networks"}`, nil).Body.Bytes())
		if err := json.Unmarshal(g.Result, &all); err != nil || len(all) != 2 || all[0].Peers != 0 || all[1].Peers != 3 || all[1].Traffic.Visitors.Total != 9 {
			t.Errorf("%s: %v %s", path, err, g.Result)
		}
	}
	spawns, err := s.spawns(t.Context())
	if err != nil || len(spawns["spawns"]) != 2 || spawns["spawns"][0].Name != "red" || spawns["spawns"][1].Name != "blue" {
		t.Errorf("%+v %v", spawns, err)
	}
}

// Who connects and says nothing does not hold up the end.
func TestCloseWithMute(t *testing.T) {
	s, err := newServer(newFake(), newFake(), Options{Token: testToken})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for mute := 0; mute == 0; runtime.Gosched() {
		s.mu.Lock()
		mute = len(s.mute)
		s.mu.Unlock()
	}
	// Shutdown alone would wait five seconds.
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Second)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err == nil {
		t.Error("the connection is open")
	}
}
