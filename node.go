package ropewalk

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	randv2 "math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/content/headers"
	"github.com/ropewalk/ropewalk/content/store"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/socks"
	"github.com/ropewalk/ropewalk/nat"
	"github.com/ropewalk/ropewalk/node"
	"github.com/ropewalk/ropewalk/outage"
	"github.com/ropewalk/ropewalk/peer/msgrw"
	"github.com/ropewalk/ropewalk/scope"
)

// Node is a running node. Its methods may be called from any goroutine.
type Node struct {
	// Constant after New.
	cfg      Config
	key      *id.Key
	folder   *folder // nil without a data folder
	log      *slog.Logger
	metrics  *metrics
	pool     *pool
	shelves  *pool                      // asks of the store
	store    store.Store                // of content; nil without discv5
	archives bool                       // whether chat has an archive there
	networks map[string]content.Network // by name; nothing changes after Start
	sources  []headers.Source
	writer   *writer
	restrict link.Restriction
	routes   link.Routes
	proxy    *socks.Client // nil without a proxy
	trusted  trustSet
	watch    *watch // the housekeeper's
	runs     *msgrw.Hub
	scopes   *scope.Set // from the first Start on
	messages hub[Message]
	events   hub[Event]
	lines    hub[ChatLine]
	partials hub[PartialMessage]
	life     chan struct{} // holds a token while nobody starts or stops the node
	turn     atomic.Pointer[turn]
	// datagrams is the socket of discv5; nil without.
	datagrams atomic.Pointer[datagrams]
	records   records // that users named

	// Owned by the loop.
	machine   *node.Node
	links     map[link.Conn]*wire
	dials     map[id.Ticket]context.CancelFunc // under way
	lastConn  link.Conn
	waits     map[id.Ticket]func(any)
	holds     map[id.ID]uint64 // uses of links that Connect took
	ready     []link.Conn      // links that have something to write
	mapped    []nat.Mapping    // ports that the router forwards
	outages   outage.Watch
	tickets   id.Tickets
	topics    map[string]int         // subscriptions by topic
	joined    map[string]TopicConfig // given at the joining
	eventSeq  uint64
	meters    meters
	laneNames []laneName    // constant after Start
	unlinked  chan struct{} // closed when the last link is down; set while stopping
	stopping  bool          // nobody subscribes any more

	// Under mu.
	mu         sync.Mutex
	state      state
	transports []Transport // empty while the node is stopped
	started    time.Time
	rpc        string
	dnet       string
	failed     error
	stopAsked  chan struct{}
	asked      bool // stopAsked is closed

	record       atomic.Pointer[string]
	rpcWatchers  atomic.Int32 // listeners that want the events of single RPCs
	msgWatchers  atomic.Int32 // the same of single messages of the user's protocols
	wireWatchers atomic.Int32 // and of single messages of all
}

type state uint8

const (
	fresh state = iota
	running
	stopped
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
		watch: newWatch(), links: map[link.Conn]*wire{}, dials: map[id.Ticket]context.CancelFunc{}, waits: map[id.Ticket]func(any){}, holds: map[id.ID]uint64{},
		topics: map[string]int{}, joined: map[string]TopicConfig{}, tickets: id.Tickets{Owner: node.Owner},
		stopAsked: make(chan struct{}), life: make(chan struct{}, 1),
	}
	n.life <- struct{}{}
	n.turn.Store(newTurn())
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
	n.shelves = newPool(n.stored, func(_ string, waited, took time.Duration) { n.metrics.job("store", waited, took) })
	n.writer = newWriter(n.cfg.DataDir, n.saved)
	if err := n.setProxy(); err != nil {
		return err
	}
	if n.restrict, err = link.ParseRestriction(n.cfg.Session.NetRestrict); err != nil {
		return err
	}
	if err := n.openNetworks(); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.closeNetworks())
		}
	}()
	mc, err := n.machineConfig()
	if err != nil {
		return err
	}
	if err := n.openStore(mc.Overlays); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.closeStore())
		}
	}()
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
	n.outages.Trace = n.onEvent
	n.runs = msgrw.NewHub(n.hubConfig())
	return nil
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
