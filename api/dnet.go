package api

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// dnet is the socket that DarkFi's viewers speak to: one JSON object per line,
// their names and their shapes, parameters by place. It has no token, because the
// viewers have none to show; so it listens on loopback only, is off by default,
// and changes nothing but whether it reports events. A line that is no JSON object
// ends the connection, which keeps a browser's HTTP out.
type dnet struct {
	s      *Server
	ln     net.Listener
	on     atomic.Bool // dnet.switch
	places chan struct{}
}

func listenDnet(s *Server) (*dnet, error) {
	ln, err := net.Listen("tcp", s.opts.Dnet)
	if err != nil {
		return nil, fmt.Errorf("api: listen on %s: %w", s.opts.Dnet, err)
	}
	d := &dnet{s: s, ln: ln, places: make(chan struct{}, dnetConnsMax)}
	s.wg.Go(d.accept)
	return d, nil
}

func (d *dnet) accept() {
	for {
		conn, err := d.ln.Accept()
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				d.s.log.Error("dnet socket stopped", "err", err)
			}
			return
		}
		select {
		case d.places <- struct{}{}:
			d.s.wg.Go(func() {
				defer func() { <-d.places }()
				d.serve(conn)
			})
		default:
			conn.Close()
		}
	}
}

// viewer is one connection: its reader, and a watcher once it has subscribed.
type viewer struct {
	d    *dnet
	conn net.Conn
	ctx  context.Context
	mu   sync.Mutex // one line at a time
	wg   sync.WaitGroup
	once sync.Once
}

func (d *dnet) serve(conn net.Conn) {
	ctx, stop := context.WithCancel(d.s.ctx)
	closing := context.AfterFunc(ctx, func() { conn.Close() })
	v := &viewer{d: d, conn: conn, ctx: ctx}
	lines := bufio.NewScanner(conn)
	lines.Buffer(nil, dnetLineMax)
	for lines.Scan() {
		if !v.line(lines.Bytes()) {
			break
		}
	}
	stop()
	v.wg.Wait()
	if closing() {
		conn.Close()
	}
}

// dnetAnswer is the viewers' form of an answer.
type dnetAnswer struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  any             `json:"result,omitempty"`
	Error   *Error          `json:"error,omitempty"`
}

// line answers one line; false ends the connection.
func (v *viewer) line(raw []byte) bool {
	if firstByte(raw) == 0 {
		return true
	}
	var r struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
		Params json.RawMessage `json:"params"`
	}
	if firstByte(raw) != '{' || checkText(raw) != nil || json.Unmarshal(raw, &r) != nil {
		return false
	}
	if r.ID == nil {
		r.ID = nullID
	}
	if r.Method == "dnet.subscribe_events" {
		v.once.Do(func() { v.wg.Go(v.watch) })
		return true // the answers are the events
	}
	var params []json.RawMessage
	if firstByte(r.Params) == '[' { // what is no list has nothing by place
		json.Unmarshal(r.Params, &params) // checked above
	}
	result, err := v.d.call(v.ctx, r.Method, params)
	a := dnetAnswer{Version: "2.0", ID: r.ID, Result: result}
	if err != nil {
		a.Result, a.Error = nil, toError(err)
	}
	return v.send(a)
}

func (v *viewer) send(what any) bool {
	body, err := json.Marshal(what)
	if err != nil {
		return false
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.conn.SetWriteDeadline(time.Now().Add(readWithin))
	_, err = v.conn.Write(append(body, '\n'))
	return err == nil
}

func (d *dnet) call(ctx context.Context, method string, params []json.RawMessage) (any, error) {
	ctx, stop := context.WithTimeout(ctx, callWithin)
	defer stop()
	switch method {
	case "ping":
		return "pong", nil
	case "p2p.get_info":
		return d.info(ctx)
	case "spawns":
		return d.spawns(ctx)
	case "dnet.switch":
		var on bool
		if len(params) != 1 || json.Unmarshal(params[0], &on) != nil {
			return nil, errorOf(codeInvalidParams, "want [true] or [false]")
		}
		d.on.Store(on)
		return true, nil
	}
	return nil, errorOf(codeNoMethod, fmt.Sprintf("%.64q", method))
}

// dnetID is a channel's number: DarkFi's are 32 bits and never 0, so ours are the
// head of the peer's ID.
func dnetID(who id.ID) uint32 { return max(1, binary.BigEndian.Uint32(who[:4])) }

type dnetChannel struct {
	URL     string `json:"url"`
	Session string `json:"session"`
	ID      uint32 `json:"id"`
}

type dnetInfo struct {
	Channels []dnetChannel `json:"channels"`
	Slots    []uint32      `json:"outbound_slots"` // channel, or 0
}

func (d *dnet) info(ctx context.Context) (dnetInfo, error) {
	snap, err := d.look(ctx)
	if err != nil {
		return dnetInfo{}, err
	}
	out := dnetInfo{Channels: []dnetChannel{}, Slots: []uint32{}}
	for _, c := range snap.sessions {
		out.Channels = append(out.Channels, dnetChannel{c.Addr, c.Session, dnetID(c.ID)})
	}
	for _, slot := range snap.slots {
		who, err := id.Parse(slot.ID)
		if slot.State == slotConnected && err == nil {
			out.Slots = append(out.Slots, dnetID(who))
		} else {
			out.Slots = append(out.Slots, 0)
		}
	}
	return out, nil
}

type dnetSpawn struct {
	Name  string   `json:"name"`
	URLs  []string `json:"urls"`
	White []string `json:"whitelist"`
	Grey  []string `json:"greylist"`
	Gold  []string `json:"goldlist"`
}

// spawns lists the networks this process serves, which is one, with its lists.
func (d *dnet) spawns(ctx context.Context) (map[string][]dnetSpawn, error) {
	info := d.s.node.Info()
	spawn := dnetSpawn{Name: d.s.opts.Network, URLs: list(info.LibP2P)}
	if spawn.Name == "" {
		spawn.Name = info.Network
	}
	for colour, into := range map[string]*[]string{"white": &spawn.White, "grey": &spawn.Grey, "gold": &spawn.Gold} {
		page, err := d.s.node.Hosts(ctx, colour, 0, pageMax)
		if err != nil {
			return nil, err
		}
		*into = []string{}
		for _, host := range page.Hosts {
			*into = append(*into, host.Addrs...)
		}
	}
	return map[string][]dnetSpawn{"spawns": {spawn}}, nil
}
