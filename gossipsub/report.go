package gossipsub

import (
	"fmt"
	"strings"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/trace"
)

// watched tells whether anybody reads the events of single messages.
func (r *Router) watched() bool {
	return r.cfg.Trace != nil && (r.cfg.Watched == nil || r.cfg.Watched(Strand))
}

// watchedRPC tells whether anybody reads the events of single RPCs.
func (r *Router) watchedRPC() bool {
	return r.cfg.Trace != nil && r.cfg.Watched != nil && r.cfg.Watched(StrandRPC)
}

// emit counts and reports a decision about a peer and a topic, either of which may
// be nil.
func (r *Router) emit(now time.Time, kind string, p *peer, t *topic, n int, why string) {
	r.stats.count(kind, n, why)
	if r.cfg.Trace == nil {
		return
	}
	e := trace.Event{Strand: string(owner), Kind: kind, N: int64(n), Err: why}
	if p != nil {
		e.Peer = p.id
	}
	if t != nil {
		e.Topic = t.name
	}
	r.cfg.Trace(now, e)
}

// reportFine is an event about one message of n bytes. The caller has asked whether
// anybody watches, so that it need not make arguments for nobody.
func (r *Router) reportFine(now time.Time, kind string, p *peer, t *topic, mid []byte, n int) {
	r.cfg.Trace(now, trace.Event{Strand: string(owner), Kind: kind, Peer: p.id, Topic: t.name, ID: string(mid), N: int64(n), Fine: true})
}

// reportRPC is an event about one RPC of n bytes.
func (r *Router) reportRPC(kind string, p *peer, n int, what string) {
	r.cfg.Trace(r.now, trace.Event{Strand: StrandRPC, Kind: kind, Peer: p.id, N: int64(n), Err: what, Fine: true})
}

// contents says what an RPC holds: "2 messages, 1 graft".
func contents(m *rpc.RPC) string {
	var out []string
	for _, c := range []struct {
		n    int
		what string
	}{
		{len(m.Subs), "subscription"}, {len(m.Publish), "message"}, {len(m.IHave), "ihave"}, {len(m.IWant), "iwant"},
		{len(m.Graft), "graft"}, {len(m.Prune), "prune"}, {len(m.IDontWant), "idontwant"},
	} {
		if c.n > 0 {
			out = append(out, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	return strings.Join(out, ", ")
}
