package devnet

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/scenario"
)

// viewer is a client of the line-delimited socket, written from the shapes that DarkFi's
// dnet viewer reads and from nothing else: it polls p2p.get_info once, switches events
// on, subscribes, and keeps a table of slots and channels from then on.
type viewer struct {
	conn  net.Conn
	lines *bufio.Reader
	last  int

	mu       sync.Mutex
	slots    map[int]viewerSlot
	channels map[uint32]string // by number: the kind of session
	sends    map[string]int    // by command
	recvs    map[string]int
	rounds   []string // of discovery
	err      error
}

type viewerSlot struct {
	state, addr string
	channel     uint32
}

type viewerInfo struct {
	Channels []struct {
		URL     string `json:"url"`
		Session string `json:"session"`
		ID      uint32 `json:"id"`
	} `json:"channels"`
	Slots []uint32 `json:"outbound_slots"`
}

type viewerLine struct {
	Version string          `json:"jsonrpc"`
	ID      *int            `json:"id"`
	Result  json.RawMessage `json:"result"`
	Error   json.RawMessage `json:"error"`
	Method  string          `json:"method"`
	Params  []struct {
		Event string          `json:"event"`
		Info  json.RawMessage `json:"info"`
	} `json:"params"`
}

// viewerFacts is the union of what events tell. Pointers tell absent from zero.
type viewerFacts struct {
	Slot    *int    `json:"slot"`
	Addr    *string `json:"addr"`
	Channel *uint32 `json:"channel_id"`
	Err     *string `json:"err"`
	Attempt *int    `json:"attempt"`
	State   *string `json:"state"`
	Connect *string `json:"connect_addr"`
	Cmd     *string `json:"cmd"`
	Time    *string `json:"time"`
	Chan    *struct {
		Addr string `json:"addr"`
		ID   uint32 `json:"id"`
	} `json:"chan"`
}

// dialViewer opens a viewer's connection.
func dialViewer(t *testing.T, at string) *viewer {
	t.Helper()
	conn, err := net.Dial("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &viewer{
		conn: conn, lines: bufio.NewReader(conn), slots: map[int]viewerSlot{}, channels: map[uint32]string{},
		sends: map[string]int{}, recvs: map[string]int{},
	}
}

// ask makes a call and waits for its answer, before the viewer has subscribed.
func (v *viewer) ask(t *testing.T, method, params string, result any) {
	t.Helper()
	v.last++
	fmt.Fprintf(v.conn, `{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`+"\n", v.last, method, params)
	v.conn.SetReadDeadline(time.Now().Add(patience))
	defer v.conn.SetReadDeadline(time.Time{})
	raw, err := v.lines.ReadBytes('\n')
	if err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	var l viewerLine
	if err := json.Unmarshal(raw, &l); err != nil || l.Version != "2.0" || l.ID == nil || *l.ID != v.last || l.Error != nil {
		t.Fatalf("%s: %v in %s", method, err, raw)
	}
	if err := json.Unmarshal(l.Result, result); err != nil {
		t.Fatalf("%s: %v in %s", method, err, raw)
	}
}

// view does as the viewer does at its start; the table follows from then on.
func (v *viewer) view(t *testing.T) {
	t.Helper()
	var info viewerInfo
	v.ask(t, "p2p.get_info", "[]", &info)
	for i, id := range info.Slots {
		if v.slots[i] = (viewerSlot{state: "empty"}); id != 0 {
			v.slots[i] = viewerSlot{state: "connected", channel: id}
		}
	}
	for _, c := range info.Channels {
		v.channels[c.ID] = c.Session
	}
	var on bool
	if v.ask(t, "dnet.switch", "[true]", &on); !on {
		t.Fatal("events are not switched on")
	}
	fmt.Fprintln(v.conn, `{"jsonrpc":"2.0","id":0,"method":"dnet.subscribe_events","params":[]}`)
	go v.listen()
}

// listen follows the events until the connection ends.
func (v *viewer) listen() {
	for {
		raw, err := v.lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var l viewerLine
		if err := json.Unmarshal(raw, &l); err != nil || l.Method != "dnet.subscribe_events" || len(l.Params) != 1 {
			v.fail("no event: %v in %s", err, raw)
			return
		}
		var f viewerFacts
		if err := json.Unmarshal(l.Params[0].Info, &f); err != nil {
			v.fail("%v in %s", err, raw)
			return
		}
		v.mu.Lock()
		if !v.event(l.Params[0].Event, f) && v.err == nil {
			v.err = fmt.Errorf("not as the reference says: %s", raw)
		}
		v.mu.Unlock()
	}
}

func (v *viewer) fail(format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.err == nil {
		v.err = fmt.Errorf(format, args...)
	}
}

// event brings the table up to date; false when the event lacks something or cannot be.
func (v *viewer) event(name string, f viewerFacts) bool {
	what, isSlot := strings.CutPrefix(name, "outbound_slot_")
	switch {
	case isSlot && f.Slot == nil:
		return false
	case isSlot:
		was := v.slots[*f.Slot]
		now := viewerSlot{state: what}
		switch what {
		case "sleeping":
		case "connecting":
			if f.Addr == nil || *f.Addr == "" {
				return false
			}
			now.addr = *f.Addr
		case "connected":
			if f.Addr == nil || f.Channel == nil || *f.Channel == 0 {
				return false
			}
			now.addr, now.channel = *f.Addr, *f.Channel
			v.channels[*f.Channel] = "outbound"
		case "disconnected":
			if f.Err == nil {
				return false
			}
		default:
			return false
		}
		if was.channel != 0 && now.channel == 0 && v.channels[was.channel] == "outbound" {
			delete(v.channels, was.channel)
		}
		v.slots[*f.Slot] = now
		return true
	}
	switch name {
	case "inbound_connected":
		if f.Addr == nil || f.Channel == nil {
			return false
		}
		v.channels[*f.Channel] = "inbound"
	case "inbound_disconnected":
		if f.Addr == nil || f.Channel == nil {
			return false
		}
		if v.channels[*f.Channel] == "inbound" {
			delete(v.channels, *f.Channel)
		}
	case "outbound_peer_discovery", "direct_peer_discovery":
		if f.Attempt == nil || f.State == nil || !slices.Contains([]string{"wait", "getaddr", "seed"}, *f.State) {
			return false
		}
		v.rounds = append(v.rounds, *f.State)
	case "direct_connecting":
		return f.Connect != nil
	case "direct_connected":
		return f.Connect != nil && f.Addr != nil && f.Channel != nil
	case "direct_disconnected":
		return f.Connect != nil && f.Err != nil
	case "send", "recv":
		if f.Chan == nil || f.Chan.ID == 0 || f.Chan.Addr == "" || f.Cmd == nil || *f.Cmd == "" || f.Time == nil {
			return false
		}
		ns, err := strconv.ParseInt(*f.Time, 10, 64)
		if age := time.Since(time.Unix(0, ns)); err != nil || age < -time.Minute || age > time.Hour {
			return false
		}
		map[string]map[string]int{"send": v.sends, "recv": v.recvs}[name][*f.Cmd]++
	default:
		return false
	}
	return true
}

// shows tells whether the table has exactly these channels, the seed's aside, each
// outbound one in a slot.
func (v *viewer) shows(seed uint32, want ...uint32) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	have := map[uint32]bool{}
	for id, session := range v.channels {
		if id != seed && (session == "outbound" || session == "inbound") {
			have[id] = true
		}
		inSlot := slices.ContainsFunc(slices.Collect(maps.Values(v.slots)), func(s viewerSlot) bool { return s.state == "connected" && s.channel == id })
		if (session == "outbound") != inSlot {
			return false
		}
	}
	slices.Sort(want)
	return slices.Equal(slices.Sorted(maps.Keys(have)), want)
}

func (v *viewer) table() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return fmt.Sprintf("slots %v\nchannels %v\ndiscovery %v\nsends %v\nrecvs %v", v.slots, v.channels, v.rounds, v.sends, v.recvs)
}

// A viewer that knows only DarkFi's shapes shows our slots and channels, while a net
// forms, loses a peer and gets it back.
func TestViewer(t *testing.T) {
	s, err := scenario.Parse("viewer", []byte("nodes 4 seeds 1\n"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := open(t.Context(), Options{Script: s, Dnet: true, Out: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	}()
	until := func(what string, holds func() bool) {
		t.Helper()
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for end := time.Now().Add(patience / 3); !holds(); <-tick.C {
			if err := d.failure(); err != nil || time.Now().After(end) {
				t.Fatalf("not in time: %s: %v", what, err)
			}
		}
	}
	up := func(i int) uint32 {
		t.Helper()
		d.launch(i)
		until(d.members[i].name+" runs", d.members[i].isAlive)
		who := d.members[i].nodeID()
		return binary.BigEndian.Uint32(who[:4])
	}
	seed := up(0)
	up(1)
	v := dialViewer(t, d.members[1].info.Dnet)
	v.view(t)
	if len(v.slots) != outbound {
		t.Errorf("%d slots, want %d", len(v.slots), outbound)
	}
	shown := func(when string, want ...uint32) {
		t.Helper()
		defer func() {
			if t.Failed() {
				t.Log(v.table())
			}
		}()
		until(when, func() bool { return v.shows(seed, want...) })
	}
	third, fourth := up(2), up(3)
	shown("the net has formed", third, fourth)
	d.members[3].down().kill()
	shown("a peer is lost", third)
	if again := up(3); again != fourth {
		t.Fatal("the node came back as another")
	}
	shown("the peer is back", third, fourth)
	until("messages are seen both ways", func() bool {
		v.mu.Lock()
		defer v.mu.Unlock()
		return len(v.sends) >= 2 && len(v.recvs) >= 2
	})

	// What a fresh viewer is told at once is what the first one has put together.
	var info viewerInfo
	until("both agree", func() bool {
		info = viewerInfo{}
		dialViewer(t, d.members[1].info.Dnet).ask(t, "p2p.get_info", "[]", &info)
		v.mu.Lock()
		defer v.mu.Unlock()
		same := len(info.Slots) == len(v.slots)
		for i, id := range info.Slots {
			same = same && v.slots[i].channel == id
		}
		seen := 0
		for _, c := range info.Channels {
			if c.ID != seed && (c.Session == "inbound" || c.Session == "outbound") {
				same = same && v.channels[c.ID] == c.Session && c.URL != ""
				seen++
			}
		}
		return same && seen == 2
	})
	d.members[2].down().kill()
	d.members[3].down().kill()
	shown("nobody is left")
	until("others are asked for hosts", func() bool {
		v.mu.Lock()
		defer v.mu.Unlock()
		return len(v.rounds) > 0
	})
	if v.err != nil {
		t.Errorf("%v\n%s", v.err, v.table())
	}
}
