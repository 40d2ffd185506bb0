package ropewalk

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	randv2 "math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/socks"
	"github.com/ropewalk/ropewalk/nat"
	"github.com/ropewalk/ropewalk/node"
	"github.com/ropewalk/ropewalk/peer/msgrw"
	"github.com/ropewalk/ropewalk/scope"
)

// Node is a running node. Its methods may be called from any goroutine.
type Node struct {
	// Constant after New.
	cfg        Config
	key        *id.Key
	folder     *folder // nil without a data folder
	log        *slog.Logger
	transports []Transport
	metrics    *metrics
	inbox      *inbox
	pool       *pool
	writer     *writer
	restrict   link.Restriction
	routes     link.Routes
	proxy      *socks.Client // nil without a proxy
	trusted    trustSet
	watch      *watch // the housekeeper's
	runs       *msgrw.Hub
	scopes     *scope.Set // from Start on
	messages   hub[Message]
	events     hub[Event]
	lines      hub[ChatLine]
	partials   hub[PartialMessage]
	stopAsked  chan struct{}
	gone       chan struct{} // closed when the loop has ended, or will never run
	ended      chan struct{} // closed when Close is done

	// Owned by the loop.
	machine   *node.Node
	links     map[link.Conn]*wire
	lastConn  link.Conn
	waits     map[id.Ticket]func(any)
	ready     []link.Conn   // links that have something to write
	mapped    []nat.Mapping // ports that the router forwards
	tickets   id.Tickets
	topics    map[string]int         // subscriptions by topic
	joined    map[string]TopicConfig // given at the joining
	eventSeq  uint64
	laneNames []laneName    // constant after Start
	unlinked  chan struct{} // closed when the last link is down; set while closing

	// Under mu.
	mu      sync.Mutex
	state   state
	ctx     context.Context
	cancel  context.CancelFunc
	quit    chan struct{}
	started time.Time
	rpc     string
	dnet    string
	failed  error

	group        sync.WaitGroup
	stopOnce     sync.Once
	record       atomic.Pointer[string]
	rpcWatchers  atomic.Int32 // listeners that want the events of single RPCs
	msgWatchers  atomic.Int32 // the same of single messages of the user's protocols
	wireWatchers atomic.Int32 // and of single messages of all
}

type state uint8

const (
	fresh state = iota
	running
	closed
)

// New makes a node and opens nothing but its data folder. The error may be a
// *ConfigError, *ErrFolderInUse or *ErrKeyFile.
func New(cfg Config) (*Node, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg.fill()
	n := &Node{
		cfg: cfg, key: cfg.Key, log: cfg.Logger,
		inbox: newInbox(), watch: newWatch(), links: map[link.Conn]*wire{}, waits: map[id.Ticket]func(any){},
		topics: map[string]int{}, joined: map[string]TopicConfig{}, tickets: id.Tickets{Owner: node.Owner},
		stopAsked: make(chan struct{}), gone: make(chan struct{}), ended: make(chan struct{}),
	}
	if n.log == nil {
		n.log = slog.New(slog.DiscardHandler)
	}
	if err := n.openFolder(); err != nil {
		return nil, err
	}
	if err := n.build(); err != nil {
		n.closeFolder()
		return nil, err
	}
	if cfg.Diagnostics {
		for _, p := range diagnostics() {
			if err := n.Handle(p); err != nil {
				return nil, errors.Join(err, n.Close())
			}
		}
	}
	return n, nil
}

func (n *Node) openFolder() (err error) {
	if n.cfg.DataDir != "" {
		if n.folder, err = openFolder(n.cfg.DataDir); err != nil {
			return err
		}
	}
	switch {
	case n.key != nil:
	case n.folder != nil:
		n.key, err = loadOrMakeKey(n.cfg.DataDir)
	default:
		n.key, err = id.NewKey(rand.Reader)
	}
	if err != nil {
		n.closeFolder()
	}
	return err
}

func (n *Node) closeFolder() error {
	if n.folder == nil {
		return nil
	}
	return n.folder.close()
}

// build makes everything that New promises, without opening a socket.
func (n *Node) build() (err error) {
	if n.metrics, err = newMetrics(n); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			n.metrics.end()
		}
	}()
	n.pool = newPool(n.jobDone, func(strand string, waited, took time.Duration) { n.metrics.job(strand, waited, took) })
	n.writer = newWriter(n.cfg.DataDir, n.saved)
	if err := n.setProxy(); err != nil {
		return err
	}
	if n.restrict, err = link.ParseRestriction(n.cfg.Session.NetRestrict); err != nil {
		return err
	}
	mc, err := n.machineConfig()
	if err != nil {
		return err
	}
	mc.Hosts.Kinds, mc.Hosts.Reaches = n.kinds(), n.reaches
	if _, err := rand.Read(mc.Hosts.Secret[:]); err != nil {
		return err
	}
	for _, who := range mc.Session.Trusted {
		n.trusted.set(who, true)
	}
	var seed [16]byte
	if _, err := rand.Read(seed[:]); err != nil {
		return err
	}
	rng := randv2.New(randv2.NewPCG(binary.BigEndian.Uint64(seed[:]), binary.BigEndian.Uint64(seed[8:])))
	var files func(string) ([]byte, bool)
	if n.folder != nil {
		files = n.folder.read
	}
	if n.machine, err = node.New(time.Now(), mc, rng, files); err != nil {
		return fmt.Errorf("ropewalk: %w", err)
	}
	if n.folder != nil && n.folder.err != nil {
		return fmt.Errorf("ropewalk: data folder: %w", n.folder.err)
	}
	n.transports = n.cfg.Transports
	n.runs = msgrw.NewHub(n.hubConfig())
	return nil
}

// transport makes the links' transports, now that all protocols are known.
func (n *Node) transport() (err error) {
	protocols := n.machine.Protocols()
	n.laneNames = laneNames(protocols)
	n.scopes = scope.New(n.scopeLimits(len(protocols)))
	if n.cfg.Transports == nil {
		n.transports, err = n.defaultTransports(protocols)
		return err
	}
	for _, t := range n.transports {
		if s, ok := t.(interface{ SetProtocols([]link.Protocol) }); ok {
			s.SetProtocols(protocols)
		}
	}
	return nil
}

// Start opens the listeners and begins to look for peers. On error everything is
// undone; the error may be an *ErrListen. Starting twice is harmless. ctx bounds
// the start only.
func (n *Node) Start(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch n.state {
	case running:
		return nil
	case closed:
		return ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := n.transport(); err != nil {
		n.state = closed
		return errors.Join(err, n.undo())
	}
	for _, t := range n.transports {
		if err := t.Listen(); err != nil {
			n.state = closed
			return errors.Join(listenError(t, err), n.undo())
		}
	}
	n.ctx, n.cancel = context.WithCancel(context.Background())
	n.quit = make(chan struct{})
	n.started = time.Now()
	n.state = running
	n.setAddrs(n.started)
	n.machine.Start(n.started)
	for _, room := range n.cfg.Chat.Rooms {
		n.machine.Join(n.started, id.Ticket{}, room, 0)
	}
	n.goroutines()
	return nil
}

// goroutines starts all goroutines the node has for its whole life.
func (n *Node) goroutines() {
	n.run("files", n.writer.run)
	for range max(1, runtime.GOMAXPROCS(0)) {
		n.run("jobs", n.pool.run)
	}
	n.run("loop", n.loop)
	n.run("housekeeping", n.housekeeping)
	if len(n.cfg.Session.DNSLists) > 0 && !n.routes.All() {
		n.run("node lists", n.visitLists)
	}
	if ports := n.natPorts(); len(ports) > 0 {
		n.run("nat", func() error { n.mapPorts(ports); return nil })
	}
	for _, t := range n.transports {
		n.run("accept "+string(t.Kind()), func() error { return n.accept(t) })
	}
}

// run starts a goroutine that Close waits for. An error of one ends the node.
func (n *Node) run(name string, f func() error) {
	n.group.Add(1)
	go func() {
		defer n.group.Done()
		if err := f(); err != nil {
			n.log.Error("node fails", "what", name, "err", err)
			n.fail(fmt.Errorf("ropewalk: %s: %w", name, err))
		}
	}()
}

func (n *Node) fail(err error) {
	n.mu.Lock()
	if n.failed == nil {
		n.failed = err
	}
	n.mu.Unlock()
	n.RequestStop()
}

// closeWithin bounds how long Close waits for links to say goodbye.
const closeWithin = 3 * time.Second

// Close ends the node: peers are told, everything acknowledged is on disk, every
// goroutine has ended. It returns the first error that ended the node by itself.
// Closing twice, or before Start, is harmless; whoever closes second waits too.
func (n *Node) Close() error {
	n.mu.Lock()
	was := n.state
	n.state = closed
	if was == fresh {
		defer n.mu.Unlock()
		return n.undo()
	}
	n.mu.Unlock()
	if was == closed {
		<-n.ended
		return nil
	}
	defer close(n.ended)
	n.RequestStop()
	n.sayGoodbye()
	n.cancel()
	for _, t := range n.transports {
		if err := t.Close(); err != nil {
			n.log.Warn("transport closes badly", "link", t.Kind(), "err", err)
		}
	}
	close(n.quit)
	<-n.gone
	n.runs.Close()
	n.pool.close()
	n.writer.close()
	n.group.Wait()
	n.endStreams()
	n.metrics.end()
	n.mu.Lock()
	defer n.mu.Unlock()
	return errors.Join(n.failed, n.closeFolder())
}

// undo ends a node that never ran. Under mu.
func (n *Node) undo() error {
	defer close(n.ended)
	close(n.gone)
	n.inbox.close()
	var errs []error
	for _, t := range n.transports {
		errs = append(errs, t.Close())
	}
	n.endStreams()
	n.metrics.end()
	return errors.Join(append(errs, n.closeFolder())...)
}

// endStreams ends every subscription, and those that are still to come.
func (n *Node) endStreams() {
	n.messages.end()
	n.events.end()
	n.lines.end()
	n.partials.end()
}

// listenError says which address could not be opened, as far as the transport
// tells.
func listenError(t Transport, err error) error {
	out := &ErrListen{Field: "listen." + string(t.Kind()), Err: err}
	var at *link.ListenError
	if errors.As(err, &at) {
		out.Addr, out.Err = at.Addr.String(), at.Err
		if t.Kind() == link.RLPx {
			out.Addr = place(at.Addr)
		}
	}
	return out
}

// sayGoodbye stops the machine and waits, within bounds, until its links are
// down, so that the reason reaches the other side.
func (n *Node) sayGoodbye() {
	down := make(chan struct{})
	if !n.post(input{fn: func(now time.Time) {
		n.machine.Stop(now)
		n.flush()
		if len(n.links) == 0 {
			close(down)
			return
		}
		n.unlinked = down
	}}) {
		return
	}
	timer := time.NewTimer(closeWithin)
	defer timer.Stop()
	select {
	case <-down:
	case <-timer.C:
		n.log.Debug("links did not end in time", "within", closeWithin)
	case <-n.gone:
	}
}

// RequestStop asks whoever runs the node to close it (RPC node_stop).
func (n *Node) RequestStop() { n.stopOnce.Do(func() { close(n.stopAsked) }) }

// StopRequested is closed when somebody asked the node to stop, or it failed.
func (n *Node) StopRequested() <-chan struct{} { return n.stopAsked }

// Registry holds the node's metrics.
func (n *Node) Registry() *prometheus.Registry { return n.metrics.registry }

// SetRPC tells the node where its RPC listens, for Info.
func (n *Node) SetRPC(url string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.rpc = url
}

// SetDnet tells the node where DarkFi's viewers connect, for Info.
func (n *Node) SetDnet(addr string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.dnet = addr
}
