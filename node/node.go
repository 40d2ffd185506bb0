package node

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/chat"
	"github.com/ropewalk/ropewalk/discv5"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/gossipsub"
	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/peer"
	"github.com/ropewalk/ropewalk/pex"
	"github.com/ropewalk/ropewalk/portal"
	"github.com/ropewalk/ropewalk/pulse"
	"github.com/ropewalk/ropewalk/session"
	"github.com/ropewalk/ropewalk/trace"
	"github.com/ropewalk/ropewalk/utp"
	"github.com/ropewalk/ropewalk/vote"
)

// The lanes of the node's own protocols. Protocols of the library's user follow.
const (
	laneGossip link.Lane = iota
	lanePex
	laneChat
	lanePulse
	// LaneUser is the first lane of the library's user.
	LaneUser
)

// The owners of tickets, so that news finds its way.
const (
	ownGossip id.Owner = "gossipsub"
	ownPex    id.Owner = "pex"
	ownChat   id.Owner = "chat"
)

// Config of a node. The parts' own Configs say what is allowed.
type Config struct {
	Key      *id.Key
	Network  string
	Localnet bool
	// Restrict, when not empty, are the only networks the node has to do with: whom it
	// dials, takes in, remembers and tells of.
	Restrict link.Restriction

	Hosts   hosts.Config
	Peer    peer.Config
	Session session.Config
	Pex     pex.Config
	Gossip  gossipsub.Config
	Chat    chat.Config
	Pulse   pulse.Config

	// Discovery, when not nil, has the node take part in discv5. The Seed is the world's to
	// draw; key, record and what concerns networks are the node's.
	Discovery *discv5.Config
	// Overlays are the networks of content over it, and Streams carries what is larger than
	// a packet there.
	Overlays []portal.Config
	Streams  utp.Config
	// Archive names the network of blobs among Overlays where chat keeps its archive; empty:
	// none is kept.
	Archive string

	// External are addresses of ours on the operator's word.
	External []netip.Addr
	// Slow tells whether the way that a link takes is a slow one, such as through Tor: its
	// heartbeat has more time. nil: none is.
	Slow func(link.Info) bool

	// Unscored turns the scoring of gossip peers off, which is on by default:
	// Gossip.Score, when nil, is that of the product.
	Unscored bool

	// Handlers are protocols of the library's user, by lane after our own.
	Handlers []Handler

	Trace trace.Func
}

// Handler is a protocol of the library's user.
type Handler struct {
	Protocol link.Protocol
	Handler  peer.Handler
	// Attributes are entries of the node's record.
	Attributes []enr.Pair
}

// Protocols is the protocol table of a node with these handlers and otherwise by
// default: what the links are made with.
func Protocols(network string, handlers []Handler) []link.Protocol {
	return Config{Network: network, Handlers: handlers}.Protocols()
}

// Protocols is the protocol table of a node: what its links are made with. A
// gossip configuration that New refuses gives the lane as far as it is valid.
func (c Config) Protocols() []link.Protocol {
	gossip, _ := c.Gossip.Protocol()
	table := []link.Protocol{
		laneGossip: gossip,
		lanePex:    pex.Protocol,
		laneChat:   chat.Protocol,
		lanePulse:  pulse.Protocol(),
	}
	// Nodes of different networks share no stream of ours. GossipSub's IDs are the
	// world's and stay.
	for i := range table {
		table[i].Network = c.Network
		if link.Lane(i) != laneGossip {
			table[i].Streams = []string{fmt.Sprintf("/ropewalk/%s/%s/%d", c.Network, table[i].Name, table[i].Version)}
		}
	}
	for _, h := range c.Handlers {
		table = append(table, h.Protocol)
	}
	return table
}

// Node is the machine. One goroutine owns it.
type Node struct {
	cfg   Config
	self  id.ID
	trace trace.Func

	book    *hosts.Book
	peers   *peer.Table
	session *session.Keeper
	pex     *pex.Pex
	gossip  *gossipsub.Router
	chat    *chat.Hall
	pulse   *pulse.Pulse

	discovery *discv5.Discovery // nil: none
	overlays  []*portal.Overlay
	streams   *utp.Endpoint // nil without discovery
	packets   packets
	udp       []netip.AddrPort // where discv5 listens
	given     []link.Addr      // of the last SetAddrs
	stated    stated
	asked     []discv5.News // what calls down to discv5 returned
	turned    []turned      // what chat's calls down to its archive returned
	nodesAt   time.Time     // when its nodes are saved next
	rng       *rand.Rand

	poll    vote.Poll
	seen    [2]vote.Address // what was reported of it, by IPv4 and IPv6
	record  *enr.Record
	places  []netip.Addr                  // the addresses it names
	hidden  bool                          // and an onion service
	signed  *enr.Record                   // the last one, of an earlier run too
	follows ordered.Map[string, follower] // topics joined, and for whom
	useful  ordered.Map[id.ID, time.Time] // when a peer last told us something new
	held    ordered.Map[id.ID, uint64]    // uses of links with direct peers of gossip
	routed  []gossipsub.News              // what calls down to the router returned
	running bool
	halted  bool      // Stop came last
	now     time.Time // of the input being handled
	spent   bool      // see Spent
	out     Out
}

// follower says who follows a topic.
type follower struct {
	chat bool
	app  bool
}

// New makes a node. files reads what an earlier run saved; it may be nil.
func New(now time.Time, cfg Config, rng *rand.Rand, files func(string) ([]byte, bool)) (*Node, error) {
	n := &Node{cfg: cfg, self: cfg.Key.ID(), trace: cfg.Trace, now: now, rng: rng}
	if files == nil {
		files = func(string) ([]byte, bool) { return nil, false }
	}
	fork := n.fork

	cfg.Hosts.Self, cfg.Hosts.Network, cfg.Hosts.Localnet, cfg.Hosts.Trace = n.self, cfg.Network, cfg.Localnet, cfg.Trace
	cfg.Hosts.Restrict, cfg.Session.Restrict = cfg.Restrict, cfg.Restrict
	for _, s := range cfg.Session.Seeds {
		cfg.Hosts.Seeds = append(cfg.Hosts.Seeds, s.ID())
	}
	n.book = hosts.New(cfg.Hosts, fork())
	n.loadHosts(now, files)

	if saved, ok := files(recordFile); ok {
		n.loadRecord(now, saved)
	}

	cfg.Peer.Self, cfg.Peer.Trace = n.self, cfg.Trace
	cfg.Peer.Protocols, cfg.Peer.Private = cfg.Protocols(), LaneUser
	if err := cfg.Peer.Validate(); err != nil {
		return nil, err
	}
	n.peers = peer.New(cfg.Peer)

	cfg.Session.Self, cfg.Session.Localnet, cfg.Session.Trace = n.self, cfg.Localnet, cfg.Trace
	cfg.Session.Witness = witness{n}
	n.session = session.New(cfg.Session, n.book, fork(), dialer{n}, finder{n})

	cfg.Pex.Self, cfg.Pex.Trace = n.self, cfg.Trace
	n.pex = pex.New(cfg.Pex, fork(), lane{n, lanePex})

	cfg.Gossip.Self, cfg.Gossip.PeerID, cfg.Gossip.Trace = n.self, cfg.Key.Public().PeerID(), cfg.Trace
	cfg.Gossip.Signer = cfg.Key.SignDER
	cfg.Gossip.Score = cfg.scoring()
	var err error
	if n.gossip, err = gossipsub.New(cfg.Gossip, fork(), frames{n}); err != nil {
		return nil, err
	}
	if err := n.gossip.Load(files); err != nil {
		n.trace.Emit(now, trace.Event{Strand: gossipsub.Strand, Kind: "load_failed", Err: err.Error()})
	}
	for _, b := range n.book.Bans(now) {
		if !b.Target.ID.IsZero() {
			n.gossip.Ban(now, b.Target.ID, b.Until)
		}
	}

	cfg.Chat.Self, cfg.Chat.Network, cfg.Chat.Trace = n.self, cfg.Network, cfg.Trace
	if cfg.Archive != "" && cfg.Discovery != nil {
		if !slices.ContainsFunc(cfg.Overlays, func(o portal.Config) bool { return o.Network.Name == cfg.Archive }) {
			return nil, fmt.Errorf("%w: %.40q", ErrNoOverlay, cfg.Archive)
		}
		cfg.Chat.Pages = shelves{n, cfg.Archive}
	}
	n.chat = chat.New(cfg.Chat, rooms{n}, tellingLane{lane{n, laneChat}})
	n.chatNews(n.chat.Load(now, files))

	n.poll.Localnet = cfg.Localnet
	for _, ip := range cfg.External {
		n.poll.Fix(ip)
	}
	n.external(now)

	cfg.Pulse.Trace = cfg.Trace
	n.pulse = pulse.New(cfg.Pulse, fork(), pings{lane{n, lanePulse}})

	if cfg.Discovery != nil {
		saved, _ := files(nodesFile)
		if err := n.newDiscovery(now, saved); err != nil {
			return nil, err
		}
		if err := n.newOverlays(now); err != nil {
			return nil, err
		}
	}
	n.settle()
	return n, nil
}

// fork is a source of chance for one strand.
func (n *Node) fork() *rand.Rand { return rand.New(rand.NewPCG(n.rng.Uint64(), n.rng.Uint64())) }

// attributeKeyMax bounds the key of a protocol's entry in the record, as the names of
// capabilities are bounded: 300 bytes have to do for all of them.
const attributeKeyMax = 8

// Handle adds a protocol of the library's user, before Start. The links must be made
// with Protocols after it.
func (n *Node) Handle(h Handler) error {
	table := append(n.cfg.Protocols(), h.Protocol)
	handlers := append(n.cfg.Handlers[:len(n.cfg.Handlers):len(n.cfg.Handlers)], h)
	for _, p := range h.Attributes {
		if len(p.Key) == 0 || len(p.Key) > attributeKeyMax {
			return fmt.Errorf("%w: record key %.40q, want 1 to %d bytes", enr.ErrMalformed, p.Key, attributeKeyMax)
		}
	}
	if _, err := widest(n.cfg.Network, handlers).Sign(n.cfg.Key); err != nil {
		return err
	}
	if err := n.peers.SetProtocols(table); err != nil {
		return err
	}
	n.cfg.Handlers = handlers
	return nil
}

// Protocols is the node's protocol table: what its links are made with.
func (n *Node) Protocols() []link.Protocol { return n.cfg.Protocols() }

// Start begins to look for peers. Starting twice is harmless.
func (n *Node) Start(now time.Time) {
	n.begin(now)
	if !n.running {
		n.running, n.halted = true, false
		n.saveHosts(false) // whoever finds this one knows that the run did not end well
		n.session.Start(now)
		n.startDiscovery(now)
	}
	n.settle()
}

// Stop gives up every link and dial and has the host book saved. Stopping twice,
// or before Start, is harmless; Start after Stop works.
func (n *Node) Stop(now time.Time) {
	n.begin(now)
	if n.running {
		n.running, n.halted = false, true
		n.stopDiscovery(now)
		n.sessionNews(n.session.Stop(now))
		n.saveHosts(true)
		n.out.Saves = append(n.out.Saves, n.gossip.Saves()...)
	}
	n.settle()
}

// Advance does what is due. Calling it early or late is harmless.
func (n *Node) Advance(now time.Time) {
	n.begin(now)
	if due(n.peers.Deadline(), now) {
		n.peers.Advance(now)
	}
	if due(n.gossip.Deadline(), now) {
		n.gossipNews(n.gossip.Advance(now))
	}
	if due(n.session.Deadline(), now) {
		n.sessionNews(n.session.Advance(now))
	}
	if due(n.pex.Deadline(), now) {
		n.pexNews(n.pex.Advance(now))
	}
	if due(n.chat.Deadline(), now) {
		n.chatNews(n.chat.Advance(now))
	}
	if due(n.pulse.Deadline(), now) {
		n.pulse.Advance(now)
	}
	n.advanceDiscovery(now)
	if due(n.poll.Deadline(), now) {
		n.restate(now)
	}
	n.tellRoom(now)
	for _, h := range n.cfg.Handlers {
		if due(h.Handler.Deadline(), now) {
			h.Handler.Advance(now)
		}
	}
	n.settle()
}

// Deadline is the next moment at which Advance matters; zero for none.
func (n *Node) Deadline() time.Time {
	next := earliest(n.gossip.Deadline(), n.session.Deadline())
	next = earliest(next, n.peers.Deadline())
	next = earliest(next, n.pex.Deadline())
	next = earliest(next, n.chat.Deadline())
	next = earliest(next, n.pulse.Deadline())
	next = earliest(next, n.poll.Deadline())
	next = earliest(next, n.discoveryDeadline())
	for _, h := range n.cfg.Handlers {
		next = earliest(next, h.Handler.Deadline())
	}
	return next
}

// Take returns what has collected since the last Take.
func (n *Node) Take() Out {
	out := n.out
	n.out = Out{}
	n.packets.taken()
	out.Closes = append(out.Closes, n.peers.TakeCloses()...)
	out.Ready = n.peers.TakeReady()
	out.Cancels = n.peers.TakeCancels()
	return out
}

// Next takes the message that the writer of a link should write now. busy are the
// lanes whose wire is full. Take may name further links afterwards.
func (n *Node) Next(now time.Time, c link.Conn, busy link.LaneSet) (link.Msg, bool) {
	m, ok := n.peers.Next(now, c, busy)
	n.tellRoom(now)
	return m, ok
}

// Written says that the writer of a link has written everything that Next gave it.
func (n *Node) Written(now time.Time, c link.Conn) {
	n.peers.Written(c)
	n.tellRoom(now)
}

func (n *Node) begin(now time.Time) { n.now = now }

// settle hands out what calls down to the router, to discv5 and to chat's archive returned,
// until none is left.
func (n *Node) settle() {
	for len(n.routed)+len(n.asked)+len(n.turned) > 0 {
		routed, asked, turned := n.routed, n.asked, n.turned
		n.routed, n.asked, n.turned = nil, nil, nil
		for _, news := range routed {
			n.gossipNews(news)
		}
		for _, news := range asked {
			n.discoveryNews(news)
		}
		for _, t := range turned {
			n.overlayNews(t.o, t.news)
		}
	}
}

func due(t, now time.Time) bool { return !t.IsZero() && !t.After(now) }

func earliest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
