package rlpx

import (
	"errors"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

// What Write refuses. The link lives on.
var (
	ErrNoLane   = errors.New("rlpx: no such lane")
	ErrTooLarge = errors.New("rlpx: message above the protocol's limit")
	ErrCode     = errors.New("rlpx: message code above the protocol's length")
)

var (
	_ link.Link    = (*Link)(nil)
	_ link.Feeder  = (*Link)(nil)
	_ link.Batcher = (*Link)(nil)
	_ link.Lender  = (*Link)(nil)
)

// Link is one RLPx connection. It has no goroutine of its own but while it is being
// closed: who reads answers pings and keeps the link's time.
type Link struct {
	t       *Transport
	conn    net.Conn
	info    link.Info
	windows windows
	bytes   []int // the largest payload, by lane
	snappy  bool
	begun   time.Time     // clock counts from here
	over    chan struct{} // closed by end
	gone    chan struct{} // closed when the socket is
	ended   atomic.Bool   // over is closed, or about to be
	once    sync.Once
	err     error // why it ended; set before over is closed

	// Of who reads.
	in     *frames
	slab   slab
	scraps [baseBytesMax]byte // messages of the base protocol, decompressed
	count  [link.LanesMax]struct{ msgs, bytes uint64 }
	dirty  link.LaneSet // lanes with a count that is not added yet
	clock  clock
	pings  pings

	reading sync.Mutex // held while the socket is read
	writing sync.Mutex // guards what follows
	seal    *sealer
	left    []byte    // of a frame that the wire took in part
	torn    bool      // the wire failed within a frame: nothing can follow
	bound   time.Time // the write deadline in force

	owe     owed
	pinged  atomic.Int64 // when the ping in flight was written, on clock; 0 for none
	wroteAt atomic.Int64 // when something was written last, on clock
	broken  atomic.Bool  // a write failed
}

func newLink(t *Transport, c net.Conn, g *greeting, w *windows, dir link.Direction, to link.Addr) *Link {
	l := &Link{
		t: t, conn: c, windows: *w, snappy: g.snappy, begun: time.Now(),
		over: make(chan struct{}), gone: make(chan struct{}),
		in: g.in, seal: g.seal, bytes: make([]int, len(t.cfg.Protocols)),
	}
	narrow(c)
	l.info = link.Info{
		ID: id.ID(keccak256(g.full[:])), PeerID: g.remote.PeerID(), Public: g.remote, Kind: link.RLPx, Addr: to, Dir: dir,
		Agent: strings.ToValidUTF8(g.hello.Agent[:min(len(g.hello.Agent), infoAgentBytesMax)], ""),
		Local: ipOf(c.LocalAddr()),
	}
	if to.IsZero() {
		l.info.Addr = link.Enode(g.full, l.info.ID, ipOf(c.RemoteAddr()))
		if at := c.LocalAddr(); at != nil && at.Network() == "unix" {
			l.info.Addr = link.Unix(g.full, l.info.ID, at.String()) // the dialler's end has no name
		}
	}
	for _, cp := range g.hello.Caps {
		l.info.Caps = append(l.info.Caps, cp.String())
	}
	for _, n := range w.lanes {
		l.info.Lanes = append(l.info.Lanes, link.LaneInfo{Lane: n})
		l.bytes[n] = min(t.cfg.Protocols[n].PayloadBytesMax(), payloadBytesMax)
	}
	l.in.max = t.frameMax
	l.in.read = l.readSocket
	// Not all at once after a network's outage.
	l.clock.pingAfter = pingAfter - time.Duration(rand.Int64N(int64(pingJitter)))
	_ = c.SetDeadline(time.Time{})
	_ = c.SetReadDeadline(l.begun.Add(l.clock.pingAfter))
	return l
}

// Info says who is at the other end.
func (l *Link) Info() link.Info { return l.info }

// now is the time on the link's own clock.
func (l *Link) now() int64 { return int64(time.Since(l.begun)) }

// end makes Read and Write fail with err and tells whether this call did it.
func (l *Link) end(err error) (first bool) {
	l.once.Do(func() {
		first = true
		l.err = err
		l.ended.Store(true)
		close(l.over)
		l.t.stats.ended(err)
	})
	return first
}

// Close ends the link and tells the remote why. It does not wait for the wire. After
// a failed write NetworkError waits a little for what the remote had to say, which
// is then the reason.
func (l *Link) Close(why link.Reason) error {
	if why == link.NetworkError && l.broken.Load() && !l.ended.Load() {
		if l.t.run(l.lastWords) {
			return nil
		}
	}
	if l.end(&link.Closed{Reason: why}) && !l.t.run(func() { l.farewell(why) }) {
		l.farewell(why)
	}
	return nil
}

// lastWords lets the reader find out why the wire failed.
func (l *Link) lastWords() {
	timer := time.NewTimer(tornTimeout)
	defer timer.Stop()
	select {
	case <-l.over:
		return
	case <-timer.C:
	case <-l.t.done:
	}
	if l.end(&link.Closed{Reason: link.NetworkError}) {
		l.farewell(link.NetworkError)
	}
}

// farewell tells the remote why, waits for it to close, and closes. end has been
// called.
func (l *Link) farewell(why link.Reason) {
	defer l.shut()
	if why == link.NetworkError {
		return // the network's reason is told to nobody
	}
	// A writer that waits for the wire may have this long, as may the reason.
	limit := time.Now().Add(reasonTimeout)
	_ = l.conn.SetWriteDeadline(limit)
	_ = l.conn.SetReadDeadline(time.Unix(1, 0))
	if !l.sendReason(why, limit) {
		return
	}
	scratch := getBuffer(growBytes)
	defer putBuffer(scratch)
	l.reading.Lock() // the reader saw the end
	defer l.reading.Unlock()
	linger(l.conn, scratch, l.t.linger)
}

// sendReason writes the last frame.
func (l *Link) sendReason(why link.Reason, limit time.Time) bool {
	l.writing.Lock()
	defer l.writing.Unlock()
	if l.torn {
		return false
	}
	l.torn = true
	last, err := l.seal.seal(l.left, codeDisconnect, appendReason(nil, why))
	if err != nil {
		return false
	}
	l.left = nil
	_ = l.conn.SetWriteDeadline(limit)
	_, err = l.conn.Write(last)
	return err == nil
}

// shut closes the socket and leaves the transport.
func (l *Link) shut() {
	_ = l.conn.Close()
	l.t.drop(l)
	close(l.gone)
}

// lose ends the link because the remote said why, or the wire failed.
func (l *Link) lose(err error) {
	if l.end(err) {
		l.shut()
	}
}

// breach ends the link because of what the remote sent.
func (l *Link) breach(err error) {
	l.t.report(trace.Event{Kind: "breach", Peer: l.info.ID, Addr: l.info.Addr.String(), Err: err.Error()})
	_ = l.Close(link.Breach)
}

// Fits implements link.Fitter.
func (l *Link) Fits(payload []byte) bool { return l.seal.fits(payload) }

// frameBytesOf is how long the frame of a payload may be, compressed or not.
func frameBytesOf(payload int) int {
	return min(codeBytesMax+snappyBytesMax(payload), frameBytesMax)
}
