package ropewalk

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub"
	"github.com/ropewalk/ropewalk/internal/plain"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/peer/msgrw"
	"github.com/ropewalk/ropewalk/session"
	"github.com/ropewalk/ropewalk/trace"
)

// eventRoom is how many events a listener may be behind.
const eventRoom = 1024

// onEvent turns an event of the machine into metrics, log and stream. It runs in
// the loop.
func (n *Node) onEvent(now time.Time, e trace.Event) {
	if !e.Fine {
		n.metrics.event(e.Strand, e.Kind)
		n.metrics.sessions.event(e)
		n.meters.note(now, e)
	}
	n.eventSeq++
	if level := levelOf(e); n.log.Enabled(context.Background(), level) {
		n.logEvent(level, e)
	}
	if n.events.listeners.Load() == 0 {
		return
	}
	out := Event{Seq: n.eventSeq, At: now, Strand: e.Strand, Kind: e.Kind, Topic: plain.Line(e.Topic, 256), Addr: e.Addr, N: e.N, Err: plain.Line(e.Err, 256), Side: string(e.Side)}
	if !e.Peer.IsZero() {
		out.Peer = e.Peer.String()
	}
	if e.ID != "" {
		out.ID = []byte(e.ID)
	}
	n.events.tell(out)
}

// infos are the events an operator would act on: who comes and goes, and what went
// wrong with the node's own things.
var infos = [][2]string{
	{"session", "admitted"}, {"session", "seed_contact"}, {"peer", "down"}, {"peer", "drop"}, {"pulse", "silent"},
	{"session", "woke"}, {"session", "network_changed"}, {"node", "clock_jumped"},
	{"hosts", "load_failed"}, {"chat", "damaged"}, {"dnslist", "root_failed"},
	{"nat", "mapped"}, {"nat", "unmapped"}, {"node", "external"},
}

func levelOf(e trace.Event) slog.Level {
	// That a stranger from the book cannot be dialled is usual; that a host of the
	// configuration cannot is not.
	configured := e.Topic == string(session.Manual) || e.Topic == string(session.Seed)
	if slices.Contains(infos, [2]string{e.Strand, e.Kind}) || e.Strand == "session" && e.Kind == "slot_failed" && configured {
		return slog.LevelInfo
	}
	return slog.LevelDebug
}

func (n *Node) logEvent(level slog.Level, e trace.Event) {
	attrs := make([]slog.Attr, 0, 7)
	if !e.Peer.IsZero() {
		attrs = append(attrs, slog.String("peer", e.Peer.Short()))
	}
	if e.Addr != "" {
		attrs = append(attrs, slog.String("addr", e.Addr))
	}
	if e.Topic != "" {
		attrs = append(attrs, slog.String("topic", plain.Line(e.Topic, 64)))
	}
	if e.N != 0 {
		attrs = append(attrs, slog.Int64("n", e.N))
	}
	if e.Side != "" {
		attrs = append(attrs, slog.String("side", string(e.Side)))
	}
	if e.Err != "" {
		attrs = append(attrs, slog.String("err", plain.Line(e.Err, 256)))
	}
	n.log.LogAttrs(context.Background(), level, e.Strand+": "+e.Kind, attrs...)
}

// Events subscribes to the node's event stream, or to the named strands of it.
// Those of single RPCs, "gossipsub.rpc", of single messages of the user's protocols,
// "peer.msg", and of single messages of any protocol, "wire", come only to who names
// them. It returns nil when there are too many listeners.
func (n *Node) Events(ctx context.Context, strands ...string) *EventSubscription {
	wants := func(e Event) bool {
		return e.Strand != gossipsub.StrandRPC && e.Strand != msgrw.Strand && e.Strand != strandWire
	}
	if len(strands) > 0 {
		wants = func(e Event) bool { return slices.Contains(strands, e.Strand) }
	}
	var watching []*atomic.Int32
	if slices.Contains(strands, gossipsub.StrandRPC) {
		watching = append(watching, &n.rpcWatchers)
	}
	if slices.Contains(strands, msgrw.Strand) {
		watching = append(watching, &n.msgWatchers)
	}
	if slices.Contains(strands, strandWire) {
		watching = append(watching, &n.wireWatchers)
	}
	for _, w := range watching {
		w.Add(1)
	}
	onEnd := func() {
		for _, w := range watching {
			w.Add(-1)
		}
	}
	s := n.events.listen(eventRoom, wants, onEnd)
	if s == nil {
		onEnd()
		return nil
	}
	s.tie(ctx)
	return &EventSubscription{s}
}

// watched tells the machine whether anybody reads events that are many.
func (n *Node) watched(strand string) bool {
	switch strand {
	case gossipsub.StrandRPC:
		return n.rpcWatchers.Load() > 0
	case msgrw.Strand:
		return n.msgWatchers.Load() > 0
	}
	return n.events.listeners.Load() > 0 || n.log.Enabled(context.Background(), slog.LevelDebug)
}

// strandWire names the events of single messages of links: "recv" and "send" with the
// peer, its address, the protocol with the message's code, and the payload's bytes.
const strandWire = "wire"

// passed tells who watches the wire of a message that came or is given to be written.
func (n *Node) passed(now time.Time, c link.Conn, kind string, m link.Msg) {
	if n.wireWatchers.Load() == 0 || m.Op != link.Data {
		return
	}
	w, ok := n.links[c]
	if !ok || int(m.Lane) >= len(n.laneNames) {
		return
	}
	info := w.link.Info()
	name := n.laneNames[m.Lane].name
	if n.laneNames[m.Lane].coded {
		name += " " + strconv.FormatUint(m.Code, 10)
	}
	n.onEvent(now, trace.Event{Strand: strandWire, Kind: kind, Peer: info.ID, Addr: info.Addr.String(), Topic: name, N: int64(len(m.Data)), Fine: true})
}

// laneName is what a lane is called, and whether its messages have codes.
type laneName struct {
	name  string
	coded bool
}

func laneNames(table []link.Protocol) []laneName {
	out := make([]laneName, len(table))
	for i, p := range table {
		out[i] = laneName{fmt.Sprintf("%s/%d", p.Name, p.Version), !p.Bare}
	}
	return out
}
