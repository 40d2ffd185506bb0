package api

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk"
)

// dnetDial connects to the socket; read reads a line of its answers.
func dnetDial(t *testing.T, s *Server) (conn net.Conn, read func() string) {
	t.Helper()
	network, place := dnetPlace(s.DnetAddr())
	conn, err := net.Dial(network, place)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	in := bufio.NewReader(conn)
	return conn, func() string {
		t.Helper()
		conn.SetReadDeadline(time.Now().Add(time.Minute))
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(line)
	}
}

// until waits for what other goroutines bring about.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(time.Minute); !holds(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

func TestDnet(t *testing.T) {
	f := newFake()
	f.make(3)
	f.sessions = f.sessions[:2]
	f.slots = []ropewalk.Slot{{Slot: 0, Role: "outbound", State: "connected", ID: f.sessions[0].ID.String()}, {Slot: 1, Role: "outbound", State: "sleeping"}, {Slot: 0, Role: "seed", State: "idle"}}
	s := started(t, f, Options{Dnet: "127.0.0.1:0"})
	conn, read := dnetDial(t, s)
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
	for _, bad := range []string{`{"id":5,"method":"dnet.switch","params":{"on":true}}`, `{"id":5,"method":"dnet.switch","params":["yes"]}`, `{"id":5,"method":"node_stop"}`, `{"id":5,"method":"p2p.hosts","params":["red"]}`, `{"id":5,"method":"p2p.slots","params":[1]}`, `{"id":5,"method":"p2p.peer","params":[77]}`} {
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

// What we add to the viewers' names. What changes something needs a Unix socket whose
// owner said so; on TCP it cannot even be asked for.
func TestDnetOurs(t *testing.T) {
	f := newFake()
	f.make(3)
	path := filepath.Join(t.TempDir(), "dnet")
	looks := started(t, f, Options{Dnet: "tcp://127.0.0.1:0"})
	acts := started(t, f, Options{Dnet: "unix://" + path, DnetControl: true})
	for _, s := range []*Server{looks, acts} {
		conn, read := dnetDial(t, s)
		for _, tt := range [][2]string{
			{`{"id":1,"method":"p2p.hosts","params":["grey",5,10]}`, `"total":62`},
			{`{"id":1,"method":"p2p.hosts","params":{"colour":"grey","limit":10}}`, `"counts":{"gold":4,"grey":41,"white":17}`},
			{`{"id":1,"method":"p2p.slots"}`, `"role":"outbound"`},
			{`{"id":1,"method":"p2p.peer","params":["` + f.sessions[1].ID.String() + `"]}`, `"channel":` + fmt.Sprint(dnetID(f.sessions[1].ID))},
			{`{"id":1,"method":"p2p.peer","params":[` + fmt.Sprint(dnetID(f.sessions[1].ID)) + `]}`, `"id":"` + f.sessions[1].ID.String()},
		} {
			fmt.Fprintln(conn, tt[0])
			if got := read(); !strings.Contains(got, tt[1]) {
				t.Errorf("%s answers %s, want %s", tt[0], got, tt[1])
			}
		}
		for call, deed := range map[string]string{
			`p2p.connect","params":["x"]`:  "connect x",
			`p2p.ban","params":["x","1h"]`: "ban x 1h0m0s",
			`p2p.unban","params":["x"]`:    "unban x",
			`p2p.disconnect","params":[` + fmt.Sprint(dnetID(f.sessions[0].ID)) + `]`: "disconnect " + f.sessions[0].ID.String(),
		} {
			before := len(f.deeds())
			fmt.Fprintln(conn, `{"id":2,"method":"`+call+`}`)
			got := read()
			did := slices.Contains(f.deeds()[before:], deed)
			if s == acts != did || s == acts == strings.Contains(got, `"error"`) {
				t.Errorf("%s on %s: %v, %s", call, s.DnetAddr(), did, got)
			}
		}
	}
	if _, err := newServer(f, f, Options{Dnet: "127.0.0.1:0", DnetControl: true}); !errors.Is(err, ErrDnetControl) {
		t.Errorf("control over TCP: %v", err)
	}
	if _, err := newServer(f, f, Options{Dnet: "192.0.2.1:1"}); !errors.Is(err, ErrExposed) {
		t.Errorf("open to others: %v", err)
	}
}

// The Unix socket is its owner's alone, gives way to nothing that lives, and goes when
// the server does.
func TestDnetUnix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "dnet")
	f := newFake()
	s := started(t, f, Options{Dnet: "unix:" + path})
	st, err := os.Lstat(path)
	if err != nil || st.Mode().Perm() != 0o600 || st.Mode()&os.ModeSocket == 0 {
		t.Fatalf("%v %v", st, err)
	}
	if left, _ := filepath.Glob(filepath.Dir(path) + "/*"); len(left) != 1 {
		t.Errorf("left: %q", left)
	}
	second, err := newServer(f, f, Options{Dnet: "unix:" + path})
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Start(); err == nil {
		t.Error("two listen on one socket")
	}
	second.Close(t.Context())
	conn, read := dnetDial(t, s)
	fmt.Fprintln(conn, `{"id":1,"method":"ping"}`)
	if got := read(); !strings.Contains(got, "pong") {
		t.Error(got)
	}
	s.Close(t.Context())
	if _, err := os.Lstat(path); err == nil {
		t.Error("the file stays")
	}
	// One that a killed program left gives way; a file that is none does not.
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	stale.Close()
	third := started(t, f, Options{Dnet: "unix:" + path})
	third.Close(t.Context())
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	fourth, err := newServer(f, f, Options{Dnet: "unix:" + path})
	if err != nil {
		t.Fatal(err)
	}
	if fourth.Start() == nil {
		t.Error("a file was taken for a socket")
	}
	fourth.Close(t.Context())
}

// Requests of up to 16 MiB are read, of few at a time; above that the connection ends.
func TestDnetLongLines(t *testing.T) {
	s := started(t, newFake(), Options{Dnet: "127.0.0.1:0"})
	conn, read := dnetDial(t, s)
	long := func(n int) string {
		const head, tail = `{"id":1,"method":"ping","params":["`, `"]}` + "\n"
		return head + strings.Repeat("x", n-len(head)-len(tail)) + tail
	}
	for _, n := range []int{dnetSmallLine - 1, dnetSmallLine, dnetSmallLine + 1, dnetLineMax} {
		if _, err := conn.Write([]byte(long(n))); err != nil {
			t.Fatal(err)
		}
		if got := read(); !strings.Contains(got, "pong") {
			t.Fatalf("%d bytes: %.100s", n, got)
		}
	}
	until(t, "the places of long lines are given back", func() bool { return len(s.dnet.large) == 0 })
	conn.Write([]byte(long(dnetLineMax + 1))) // may fail half-way
	conn.SetReadDeadline(time.Now().Add(time.Minute))
	if n, err := conn.Read(make([]byte, 1)); n > 0 || err == nil {
		t.Error("a longer line is answered")
	}
}

// A request that takes long does not hold up the next of the same viewer.
func TestDnetAnswersInAnyOrder(t *testing.T) {
	f := newFake()
	f.block = make(chan struct{})
	s := started(t, f, Options{Dnet: "unix:" + filepath.Join(t.TempDir(), "s"), DnetControl: true})
	conn, read := dnetDial(t, s)
	fmt.Fprintln(conn, `{"id":"slow","method":"p2p.connect","params":["x"]}`)
	fmt.Fprintln(conn, `{"id":"fast","method":"ping"}`)
	if got := read(); !strings.Contains(got, `"fast"`) {
		t.Errorf("first: %s", got)
	}
	close(f.block)
	if got := read(); !strings.Contains(got, `"slow"`) {
		t.Errorf("then: %s", got)
	}
}

// Every event name of the reference, with exactly its fields.
func TestDnetEventShapes(t *testing.T) {
	a := nodeID(1).String()
	ch := dnetID(nodeID(1))
	tl := newTeller(snapshot{slots: []ropewalk.Slot{{Slot: 0, State: slotSleeping}}})
	session := func(kind, topic string, e ropewalk.Event) ropewalk.Event {
		e.Strand, e.Kind, e.Topic = "session", kind, topic
		return e
	}
	at := time.Unix(5, 7)
	for i, step := range []struct {
		in   ropewalk.Event
		want string
	}{
		{session("slot_connecting", "outbound", ropewalk.Event{Peer: a, Addr: "A"}), `outbound_slot_connecting {"addr":"A","slot":0}`},
		{session("slot_failed", "outbound", ropewalk.Event{Peer: a, Addr: "A", Err: "refused"}), `outbound_slot_disconnected {"err":"refused","slot":0}`},
		{session("slot_sleeping", "outbound", ropewalk.Event{Err: "nobody"}), `outbound_slot_sleeping {"slot":0}`},
		{session("find", "", ropewalk.Event{N: 1}), `outbound_peer_discovery {"attempt":1,"state":"getaddr"}`},
		{session("find", "", ropewalk.Event{N: 2}), `outbound_peer_discovery {"attempt":2,"state":"getaddr"}`},
		{session("seed_contact", "", ropewalk.Event{}), `outbound_peer_discovery {"attempt":3,"state":"seed"}`},
		{session("seed_answered", "", ropewalk.Event{}), `outbound_peer_discovery {"attempt":0,"state":"wait"}`},
		{session("slot_connecting", "outbound", ropewalk.Event{Peer: a, Addr: "A"}), `outbound_slot_connecting {"addr":"A","slot":0}`},
		{session("admitted", "outbound", ropewalk.Event{Peer: a}), ``},
		{ropewalk.Event{Strand: "peer", Kind: "up", Peer: a, Addr: "A"}, ``},
		{session("slot_connected", "outbound", ropewalk.Event{Peer: a, Addr: "A"}), fmt.Sprintf(`outbound_slot_connected {"addr":"A","channel_id":%d,"slot":0}`, ch)},
		{ropewalk.Event{Strand: "wire", Kind: "send", Peer: a, Addr: "A", Topic: "pex/1 0", At: at}, fmt.Sprintf(`send {"chan":{"addr":"A","id":%d},"cmd":"pex/1 0","time":"5000000007"}`, ch)},
		{ropewalk.Event{Strand: "wire", Kind: "recv", Peer: a, Addr: "A", Topic: "pulse/1 1", At: at}, fmt.Sprintf(`recv {"chan":{"addr":"A","id":%d},"cmd":"pulse/1 1","time":"5000000007"}`, ch)},
		{ropewalk.Event{Strand: "peer", Kind: "down", Peer: a, Err: "reset"}, ``},
		{session("slot_disconnected", "outbound", ropewalk.Event{Peer: a, Addr: "A", Err: "reset"}), `outbound_slot_disconnected {"err":"reset","slot":0}`},
		{session("admitted", "inbound", ropewalk.Event{Peer: a}), ``},
		{ropewalk.Event{Strand: "peer", Kind: "up", Peer: a, Addr: "I"}, fmt.Sprintf(`inbound_connected {"addr":"I","channel_id":%d}`, ch)},
		{ropewalk.Event{Strand: "peer", Kind: "down", Peer: a}, fmt.Sprintf(`inbound_disconnected {"addr":"I","channel_id":%d}`, ch)},
		{session("direct_connecting", "direct", ropewalk.Event{Addr: "W"}), `direct_connecting {"connect_addr":"W"}`},
		{session("direct_failed", "direct", ropewalk.Event{Addr: "W", Err: "timeout"}), `direct_disconnected {"connect_addr":"W","err":"timeout"}`},
		{session("direct_connecting", "direct", ropewalk.Event{Addr: "W"}), `direct_connecting {"connect_addr":"W"}`},
		{session("admitted", "direct", ropewalk.Event{Peer: a}), ``},
		{ropewalk.Event{Strand: "peer", Kind: "up", Peer: a, Addr: "D"}, ``},
		{session("direct_connected", "direct", ropewalk.Event{Peer: a, Addr: "W"}), fmt.Sprintf(`direct_connected {"addr":"D","channel_id":%d,"connect_addr":"W"}`, ch)},
		{ropewalk.Event{Strand: "peer", Kind: "down", Peer: a, Err: "gone"}, `direct_disconnected {"connect_addr":"W","err":"gone"}`},
		{session("slot_connecting", "manual", ropewalk.Event{Peer: a, Addr: "A"}), ``},
		{session("admitted", "inbound", ropewalk.Event{Peer: a}), ``},
		{ropewalk.Event{Strand: "peer", Kind: "refused", Peer: a}, ``},
	} {
		out, look := tl.tell(step.in)
		got := ""
		for _, e := range out {
			info, err := json.Marshal(e.Info)
			if err != nil {
				t.Fatal(err)
			}
			got += e.Event + " " + string(info)
		}
		if got != step.want || look {
			t.Errorf("%d: %+v is %q, want %q", i, step.in, got, step.want)
		}
	}
	if len(tl.coming) != 0 || len(tl.links) != 0 {
		t.Errorf("left: %v %v", tl.coming, tl.links)
	}
	// A node without slots asks for those who dial on demand.
	out, _ := newTeller(snapshot{}).tell(session("seed_contact", "", ropewalk.Event{}))
	if len(out) != 1 || out[0].Event != "direct_peer_discovery" {
		t.Errorf("%+v", out)
	}
}

// After a gap the difference of what was told and what is so, in the viewers' words.
func TestDnetCatchesUp(t *testing.T) {
	a, b, c := nodeID(1), nodeID(2), nodeID(3)
	tl := newTeller(snapshot{
		sessions: []ropewalk.Session{{ID: a, Addr: "A", Session: "inbound"}, {ID: b, Addr: "B", Session: "outbound"}},
		slots:    []ropewalk.Slot{{Slot: 0, State: "connected", ID: b.String()}, {Slot: 1, State: "sleeping"}, {Slot: 2, State: "connected", ID: a.String()}},
	})
	now := snapshot{
		sessions: []ropewalk.Session{{ID: c, Addr: "C", Session: "inbound"}, {ID: nodeID(4), Addr: "D", Session: "outbound"}},
		slots:    []ropewalk.Slot{{Slot: 0, State: "sleeping", Why: "gone"}, {Slot: 1, State: "connected", ID: nodeID(4).String(), Addr: "D"}},
	}
	var names []string
	for _, e := range tl.changes(now) {
		names = append(names, e.Event)
		if e.Event == "outbound_slot_disconnected" && e.Info["slot"] == 0 && e.Info["err"] != "gone" || e.Event == "outbound_slot_connected" && e.Info["channel_id"] != dnetID(nodeID(4)) {
			t.Errorf("%+v", e)
		}
	}
	want := []string{"inbound_disconnected", "outbound_slot_disconnected", "outbound_slot_sleeping", "outbound_slot_connected", "outbound_slot_disconnected", "inbound_connected"}
	if !reflect.DeepEqual(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
	if got := tl.changes(now); got != nil {
		t.Errorf("%+v of nothing", got)
	}
}

// Events come to who subscribed, while they are switched on; single messages are asked
// of the node only then; and a lost event is made up for.
func TestDnetSwitch(t *testing.T) {
	f := newFake()
	f.make(3)
	f.sessions, f.slots = nil, []ropewalk.Slot{{Slot: 0, Role: "outbound", State: "sleeping"}}
	s := started(t, f, Options{Dnet: "127.0.0.1:0"})
	conn, read := dnetDial(t, s)
	feed := func(i int) *feed[ropewalk.Event] {
		until(t, "a subscription", func() bool { f.mu.Lock(); defer f.mu.Unlock(); return len(f.feeds.events) > i })
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.feeds.events[i]
	}
	fmt.Fprintln(conn, `{"id":1,"method":"dnet.subscribe_events","params":[]}`)
	quiet := feed(0)
	fmt.Fprintln(conn, `{"id":2,"method":"dnet.switch","params":[true]}`)
	if got := read(); got != `{"jsonrpc":"2.0","id":2,"result":true}` {
		t.Fatal(got)
	}
	loud := feed(1)
	if !slices.Contains(loud.args, "wire") || slices.Contains(quiet.args, "wire") {
		t.Errorf("%q, then %q", quiet.args, loud.args)
	}
	until(t, "the end of the first", quiet.isClosed)
	loud.put(ropewalk.Event{Seq: 2, Strand: "session", Kind: "slot_connecting", Topic: "outbound", Addr: "heard"})
	if got, want := read(), `{"jsonrpc":"2.0","method":"dnet.subscribe_events","params":[{"event":"outbound_slot_connecting","info":{"addr":"heard","slot":0}}]}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	f.mu.Lock()
	f.slots[0].State, f.slots[0].Addr, f.slots[0].ID = "connected", "B", nodeID(2).String()
	f.mu.Unlock()
	loud.mu.Lock()
	loud.lagged++
	loud.mu.Unlock()
	loud.put(ropewalk.Event{Seq: 9, Strand: "pex", Kind: "x"})
	if got := read(); !strings.Contains(got, "outbound_slot_connected") {
		t.Error(got)
	}
	fmt.Fprintln(conn, `{"id":3,"method":"dnet.switch","params":[false]}`)
	read()
	last := feed(2)
	last.put(ropewalk.Event{Seq: 10, Strand: "session", Kind: "slot_connecting", Topic: "outbound", Addr: "unheard"})
	until(t, "it is taken", func() bool { return len(last.c) == 0 })
	fmt.Fprintln(conn, `{"id":4,"method":"ping"}`)
	if got := read(); !strings.Contains(got, "pong") {
		t.Errorf("switched off: %s", got)
	}
}
