package rlpx

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"golang.org/x/time/rate"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

// What a caller can act on.
var (
	ErrClosed        = errors.New("rlpx: transport closed")
	ErrAddr          = errors.New("rlpx: want an enode URL with a port")
	ErrGated         = errors.New("rlpx: address is shut out")
	ErrNoRoute       = errors.New("rlpx: no way leads to that address: it wants a proxy that we do not have")
	ErrRefused error = refused{} // is a syscall.ECONNREFUSED
	ErrTimeout       = errors.New("rlpx: no answer in time")
	ErrLost          = errors.New("rlpx: connection lost")
	// ErrWrongKey: the remote hung up on our first packet, as a node does that has
	// another key and cannot read it, or something that speaks no RLPx.
	ErrWrongKey = errors.New("rlpx: the remote has another key, or is no node")
	// ErrNoLanes: the remote speaks none of our protocols.
	ErrNoLanes = errNothingShared
)

// refused is ErrRefused.
type refused struct{}

func (refused) Error() string        { return "rlpx: nobody listens there" }
func (refused) Is(target error) bool { return target == syscall.ECONNREFUSED }

// Transport dials and accepts RLPx links. Its methods may be called by any
// goroutine.
type Transport struct {
	cfg      Config
	full     [64]byte // our public key as an enode URL has it
	caps     []capability
	frameMax int // bytes of the largest frame that a protocol of ours needs
	linger   time.Duration

	throttle *throttle
	waiting  *waiting
	dialing  chan struct{} // a place for each dial
	accept   chan *Link
	done     chan struct{}
	tasks    sync.WaitGroup // every goroutine of ours
	stats    *stats
	reports  *rate.Limiter

	mu        sync.Mutex
	closed    bool
	listeners []net.Listener
	sockets   map[net.Conn]struct{} // that are no links yet, both ways
	dials     map[*dial]struct{}
	links     map[*Link]struct{}
}

// New makes a transport. It can dial at once, and is reachable after Listen.
func New(c Config) (*Transport, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	c.fill()
	t := &Transport{
		cfg:      c,
		full:     c.Key.Uncompressed(),
		caps:     capabilities(c.Protocols),
		frameMax: baseBytesMax,
		linger:   lingerTimeout,
		throttle: newThrottle(c.Limits.ThrottleEvery, c.Limits.ThrottleBurst),
		waiting:  newWaiting(c.Limits.PendingIn, c.Limits.PerIP),
		dialing:  make(chan struct{}, c.Limits.PendingOut),
		accept:   make(chan *Link),
		done:     make(chan struct{}),
		reports:  rate.NewLimiter(eventsPerSecond, eventsBurst),
		sockets:  make(map[net.Conn]struct{}),
		dials:    make(map[*dial]struct{}),
		links:    make(map[*Link]struct{}),
	}
	for _, p := range c.Protocols {
		t.frameMax = max(t.frameMax, frameBytesOf(p.PayloadBytesMax()))
	}
	var err error
	if t.stats, err = newStats(&c); err != nil {
		return nil, err
	}
	return t, nil
}

// Kind is link.RLPx.
func (t *Transport) Kind() link.Kind { return link.RLPx }

// Accept waits for the next finished inbound link. After Close it returns ErrClosed.
func (t *Transport) Accept() (link.Link, error) {
	select {
	case <-t.done:
		return nil, ErrClosed
	default:
	}
	select {
	case <-t.done:
		return nil, ErrClosed
	case l := <-t.accept:
		return l, nil
	}
}

// Dial makes a link to the node at the address, the way that Config.Routes has for it.
// The context's deadline (that of the way when it has none) covers all of it, the
// dialogue with a proxy included, and setupTimeout, or the way's, handshake and Hello. The
// error is or wraps the context's, ErrAddr, ErrGated, ErrNoRoute, ErrRefused, ErrTimeout, ErrWrongKey,
// ErrNoLanes, ErrLost, ErrClosed, a link.Reason (WrongIdentity, BadIdentity,
// BadVersion, Self, Breach) or, when the remote said why, a *link.Closed; anything
// else is the network's. None names the address, which the caller knows.
func (t *Transport) Dial(ctx context.Context, ticket id.Ticket, to link.Addr) (link.Link, error) {
	if to.Kind() != link.RLPx || to.IsZero() || to.Port() == 0 && to.Path() == "" {
		return nil, fmt.Errorf("%w: %q", ErrAddr, to)
	}
	if to.ID() == t.cfg.Key.ID() {
		return nil, link.Self
	}
	l, err := t.dial(ctx, ticket, to)
	t.stats.count(link.Out, causeOf(err))
	if err != nil {
		t.report(trace.Event{Kind: "handshake_failed", Peer: to.ID(), Addr: to.String(), Ticket: ticket, Err: err.Error()})
		return nil, err
	}
	return l, nil
}

// Close ends every link with reason Quitting, closes the listeners, and waits for
// all goroutines: for the remotes' sakes up to three seconds. It may be called any
// number of times.
func (t *Transport) Close() error {
	t.mu.Lock()
	first := !t.closed
	t.closed = true
	if first {
		close(t.done)
	}
	for c := range t.sockets {
		_ = c.Close()
	}
	for d := range t.dials {
		d.cancel()
	}
	var links []*Link
	for l := range t.links {
		links = append(links, l)
	}
	for _, l := range t.listeners {
		_ = l.Close()
	}
	t.mu.Unlock()
	for _, l := range links {
		if l.end(&link.Closed{Reason: link.Quitting}) {
			go l.farewell(link.Quitting)
		}
	}
	for _, l := range links {
		<-l.gone
	}
	t.tasks.Wait()
	if first {
		t.stats.unregister()
	}
	return nil
}

// run starts a goroutine that Close waits for; false when closed already.
func (t *Transport) run(f func()) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.tasks.Go(f)
	return true
}

// hold lets Close close a socket that is no link yet; false when closed already.
func (t *Transport) hold(c net.Conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return false
	}
	t.sockets[c] = struct{}{}
	return true
}

// letGo is the end of hold.
func (t *Transport) letGo(c net.Conn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.sockets, c)
}

// keep makes a socket that was held a link; false when closed already.
func (t *Transport) keep(l *Link) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.sockets, l.conn)
	if t.closed {
		return false
	}
	t.links[l] = struct{}{}
	return true
}

func (t *Transport) drop(l *Link) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.links, l)
}

// report tells what happened, unless strangers make too much happen.
func (t *Transport) report(e trace.Event) {
	if t.cfg.Trace != nil && t.reports.Allow() {
		e.Strand = "rlpx"
		t.cfg.Trace.Emit(time.Now(), e)
	}
}

// allowed asks the gate.
func (t *Transport) allowed(ip netip.Addr) bool { return t.cfg.Gate == nil || t.cfg.Gate(ip) }

// ipOf is the address of a socket's end; invalid when it has none.
func ipOf(a net.Addr) netip.AddrPort {
	if tcp, ok := a.(*net.TCPAddr); ok {
		at := tcp.AddrPort()
		return netip.AddrPortFrom(at.Addr().Unmap().WithZone(""), at.Port())
	}
	return netip.AddrPort{}
}
