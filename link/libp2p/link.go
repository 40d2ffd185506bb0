package libp2p

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"golang.org/x/time/rate"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// What Write refuses. The link lives on.
var (
	ErrNoLane   = errors.New("libp2p: no such lane")
	ErrShut     = errors.New("libp2p: lane is shut")
	ErrTooLarge = errors.New("libp2p: message above the protocol's limit")
	ErrCode     = errors.New("libp2p: message code above the protocol's length")
)

// Link is one libp2p connection.
type Link struct {
	t        *Transport
	conn     network.Conn
	gone     chan struct{} // closed when conn is
	info     link.Info
	lanes    []*lane // by link.Lane; fixed
	in       *inbox
	streams  *rate.Limiter // inbound lane streams
	breaches atomic.Int32
	busy     atomic.Uint64 // lanes that are; each bit is changed under its lane's mu
	done     chan struct{} // closed by end
	once     sync.Once
	err      error // why it ended; set before done is closed
}

func newLink(t *Transport, e *entry, ticket id.Ticket, to link.Addr) *Link {
	c := e.conn
	p := id.PeerID(c.RemotePeer())
	l := &Link{
		t: t, conn: c, gone: e.gone, in: newInbox(), done: make(chan struct{}),
		streams: rate.NewLimiter(streamsPerSecond, streamsBurst),
		info: link.Info{
			ID: p.ID(), PeerID: p, Kind: link.LibP2P, Addr: to, Dir: link.Out,
			Ticket: ticket, Via: c.Stat().Limited, Local: endpoint(c.LocalMultiaddr()),
		},
	}
	if kind, raw, ok := p.Key(); ok && kind == id.Secp256k1 {
		if pub, err := id.ParsePublic(raw); err == nil {
			l.info.Public = pub
		}
	}
	if to.IsZero() {
		if a, err := link.ParseAddr(c.RemoteMultiaddr().String()); err == nil {
			l.info.Addr = a.WithPeer(p)
		}
	}
	if c.Stat().Direction == network.DirInbound {
		l.info.Dir = link.In
	}
	if !ticket.IsZero() {
		l.info.Dir = link.Out // a hole-punched connection may come from there
	}
	l.info.Agent = t.stack.agentOf(c.RemotePeer())
	for i, pr := range t.cfg.Protocols {
		l.lanes = append(l.lanes, newLane(l, link.Lane(i), pr))
	}
	return l
}

// agentOf is what a remote called itself, cut to link.Info's bound.
func (s *stack) agentOf(p peer.ID) string {
	v, err := s.book.Get(p, "AgentVersion")
	if err != nil {
		return ""
	}
	agent, _ := v.(string)
	return strings.ToValidUTF8(agent[:min(len(agent), agentBytesMax)], "")
}

// openLanes opens a stream for every lane that both ends speak, all at once.
func (l *Link) openLanes(ctx context.Context, speaks map[link.Lane][]string) error {
	var open sync.WaitGroup
	var refused atomic.Pointer[link.Reason]
	for n, ids := range speaks {
		ln := l.lanes[n]
		open.Go(func() {
			s, err := ln.open(ctx, ids)
			if why, ok := told(err); ok {
				refused.Store(&why)
			}
			if err == nil {
				ln.attach(s)
				ln.keeping = true
			}
		})
	}
	open.Wait()
	for _, ln := range l.lanes {
		if ln.keeping {
			l.info.Lanes = append(l.info.Lanes, link.LaneInfo{Lane: ln.n, Stream: string(ln.stream.Protocol())})
		}
	}
	switch {
	case len(l.info.Lanes) > 0:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case refused.Load() != nil:
		return &link.Closed{Reason: *refused.Load(), Remote: true}
	case l.conn.IsClosed():
		return whyClosed(l.conn)
	}
	return ErrNoLanes
}

// wantAll opens the lanes that are not open and that the remote names now.
func (l *Link) wantAll() {
	for n := range l.t.remoteSpeaks(l.conn.RemotePeer(), nil) {
		l.lanes[n].want()
	}
}

// Info says who is at the other end.
func (l *Link) Info() link.Info { return l.info }

// Read waits for the next message or lane event. After the remote closed, what was
// received before is still read.
func (l *Link) Read() (link.Msg, error) {
	m, err := l.in.get()
	if err == nil && m.Op == link.Freed {
		l.lanes[m.Lane].freed.Store(false)
	}
	return m, err
}

// Feed takes the place of Read.
func (l *Link) Feed(put func(link.Msg) bool) error {
	return l.in.feed(func(m link.Msg) bool {
		if m.Op == link.Freed {
			l.lanes[m.Lane].freed.Store(false)
		}
		return put(m)
	})
}

// Reuse reads a later frame into data.
func (l *Link) Reuse(data []byte) { l.t.spare.put(data) }

// Lend returns memory for what will be written.
func (l *Link) Lend(n int) []byte { return l.t.spare.get(n) }

// Write puts a message in its lane's queue, and waits while the lane is busy, at
// most writeTimeout. Data for a lane whose stream died is dropped without an error:
// a Shut event tells.
func (l *Link) Write(m link.Msg) error {
	if int(m.Lane) >= len(l.lanes) || m.Op != link.Data && m.Op != link.Shut {
		return fmt.Errorf("%w: lane %d op %s", ErrNoLane, m.Lane, m.Op)
	}
	ln := l.lanes[m.Lane]
	p := ln.protocol
	switch {
	case m.Op == link.Shut:
	case len(m.Data) > p.PayloadBytesMax():
		return fmt.Errorf("%w: %s: %d bytes, at most %d", ErrTooLarge, p.Name, len(m.Data), p.PayloadBytesMax())
	case !p.Bare && p.Length > 0 && m.Code >= p.Length:
		return fmt.Errorf("%w: %s: code %d of %d", ErrCode, p.Name, m.Code, p.Length)
	}
	return ln.write(m)
}

// Cancel takes a message out of its lane's queue; see link.Canceller.
func (l *Link) Cancel(lane link.Lane, tag uint64) bool {
	return int(lane) < len(l.lanes) && l.lanes[lane].cancel(tag)
}

// Busy are the lanes whose queue is full; a Freed event follows for each.
func (l *Link) Busy() link.LaneSet { return link.LaneSet(l.busy.Load()) }

// Close ends the link and tells the remote why. It does not wait for the wire.
func (l *Link) Close(why link.Reason) error {
	if l.end(&link.Closed{Reason: why}, true) && !l.t.run(func() { l.farewell(why) }) {
		_ = l.conn.CloseWithError(toCode(why))
	}
	return nil
}

// farewell closes the connection after end has reset the streams with the reason:
// when the remote has closed it, or soon.
func (l *Link) farewell(why link.Reason) {
	timer := time.NewTimer(farewellTimeout)
	defer timer.Stop()
	select {
	case <-l.gone:
	case <-timer.C:
	}
	_ = l.conn.CloseWithError(toCode(why))
}

// bye ends the link because the remote said why it does.
func (l *Link) bye(why link.Reason) {
	if l.end(&link.Closed{Reason: why, Remote: true}, false) {
		l.t.closeLater(l.conn, why)
	}
}

// end makes Read and Write fail with err and tells whether this call did it.
// discard also drops what was received.
func (l *Link) end(err error, discard bool) (first bool) {
	l.once.Do(func() {
		first = true
		l.err = err
		close(l.done)
		l.in.close(err, discard)
		for _, ln := range l.lanes {
			ln.end(l.lastWord())
		}
	})
	return first
}

// lastWord is what streams of a link that has ended are reset with: our reason, if it
// was we who ended it.
func (l *Link) lastWord() network.StreamErrorCode {
	if !l.ended() {
		return network.StreamErrorCode(network.StreamNoError)
	}
	if c, ok := l.err.(*link.Closed); ok && !c.Remote {
		return network.StreamErrorCode(toCode(c.Reason))
	}
	return network.StreamErrorCode(network.StreamNoError)
}

// ended tells whether the link is over.
func (l *Link) ended() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

// breach counts a frame that broke the rules.
func (l *Link) breach() {
	if l.breaches.Add(1) >= breachesMax {
		_ = l.Close(link.Breach)
	}
}
