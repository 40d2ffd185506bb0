package node

import (
	"net/netip"
	"strings"
	"time"

	"github.com/ropewalk/ropewalk/discv5"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
	"github.com/ropewalk/ropewalk/vote"
	"github.com/ropewalk/ropewalk/work"
)

const (
	ownDiscovery = discv5.Owner
	// nodesFile holds the records of discv5's nodes, one on a line, for the next run.
	nodesFile = "nodes"
	// nodesLines bounds what is read of it: sixteen nodes in each of seventeen buckets.
	nodesLines = 17 * 16
	// saveNodesEvery is as often as the host book is saved.
	saveNodesEvery = 5 * time.Minute
)

// Packet is a datagram on its way to To.
type Packet struct {
	To   netip.AddrPort
	Data []byte
}

// packets are those since the last Take. Two slabs take turns, so that what Take gave is
// left alone until the next one.
type packets struct {
	n     *Node
	slabs [2][]byte
	turn  int
}

// Send copies a packet of discv5 into the slab.
func (p *packets) Send(_ time.Time, to netip.AddrPort, packet []byte) {
	slab := p.slabs[p.turn]
	start := len(slab)
	slab = append(slab, packet...)
	p.slabs[p.turn] = slab
	p.n.out.Packets = append(p.n.out.Packets, Packet{to, slab[start:len(slab):len(slab)]})
}

// taken begins the other slab.
func (p *packets) taken() {
	p.turn = 1 - p.turn
	p.slabs[p.turn] = p.slabs[p.turn][:0]
}

// newDiscovery makes discv5, with what an earlier run knew.
func (n *Node) newDiscovery(now time.Time, saved []byte) error {
	cfg := *n.cfg.Discovery
	cfg.Key, cfg.Localnet, cfg.Restrict, cfg.Trace = n.cfg.Key, n.cfg.Localnet, n.cfg.Restrict, n.cfg.Trace
	cfg.Known = append(cfg.Known, n.knownNodes(now, saved)...)
	if n.signed == nil {
		var err error
		if n.signed, err = n.blank(now).Sign(n.cfg.Key); err != nil {
			return err
		}
	}
	cfg.Record = n.signed
	n.packets.n = n
	var err error
	n.discovery, err = discv5.New(now, cfg, n.fork(), &n.packets)
	return err
}

// blank is a record without an address, for the time before there is one.
func (n *Node) blank(now time.Time) enr.Builder {
	b := recordOf(n.cfg.Network, nil)
	b.Extra, b.Seq = n.extra(), uint64(now.UnixMilli())
	return b
}

func (n *Node) knownNodes(now time.Time, saved []byte) (out []*enr.Record) {
	bad := 0
	for line := range strings.Lines(string(saved)) {
		if len(out) == nodesLines {
			break
		}
		if r, err := enr.Parse(strings.TrimSpace(line)); err == nil {
			out = append(out, r)
		} else {
			bad++
		}
	}
	if bad > 0 {
		n.trace.Emit(now, trace.Event{Strand: "discv5", Kind: "load_failed", N: int64(bad), Err: "lines that are no records"})
	}
	return out
}

// saveNodes has discv5's nodes written.
func (n *Node) saveNodes() {
	if n.discovery == nil {
		return
	}
	var text strings.Builder
	for _, r := range n.discovery.Nodes() {
		text.WriteString(r.String() + "\n")
	}
	if text.Len() > 0 { // a run that met nobody leaves those of the run before
		n.out.Saves = append(n.out.Saves, work.Save{File: nodesFile, Data: []byte(text.String())})
	}
}

func (n *Node) startDiscovery(now time.Time) {
	if n.discovery == nil {
		return
	}
	n.nodesAt = now.Add(saveNodesEvery)
	n.discoveryNews(n.discovery.Start(now))
	for _, o := range n.overlays {
		n.overlayNews(o, o.Start(now))
	}
}

func (n *Node) stopDiscovery(now time.Time) {
	if n.discovery == nil {
		return
	}
	n.saveNodes()
	for _, o := range n.overlays {
		n.overlayNews(o, o.Stop(now))
	}
	n.settle()
	n.discoveryNews(n.discovery.Stop(now))
}

func (n *Node) advanceDiscovery(now time.Time) {
	if n.discovery == nil {
		return
	}
	if due(n.discovery.Deadline(), now) {
		n.discoveryNews(n.discovery.Advance(now))
	}
	if due(n.streams.Deadline(), now) {
		n.streamNews(n.streams.Advance(now))
	}
	for _, o := range n.overlays {
		if due(o.Deadline(), now) {
			n.overlayNews(o, o.Advance(now))
		}
	}
	if n.running && due(n.nodesAt, now) {
		n.nodesAt = now.Add(saveNodesEvery)
		n.saveNodes()
	}
}

func (n *Node) discoveryDeadline() time.Time {
	if n.discovery == nil {
		return time.Time{}
	}
	next := earliest(n.discovery.Deadline(), n.streams.Deadline())
	for _, o := range n.overlays {
		next = earliest(next, o.Deadline())
	}
	if n.running {
		next = earliest(next, n.nodesAt)
	}
	return next
}

// Packet: a datagram has come. It is not kept.
func (n *Node) Packet(now time.Time, from netip.AddrPort, b []byte) {
	if n.discovery == nil {
		return
	}
	n.begin(now)
	n.discoveryNews(n.discovery.Packet(now, from, b))
	n.settle()
}

// Discover has discv5 asked something; what it answers comes in Out.Discovered, with a
// ticket of the world's.
func (n *Node) Discover(now time.Time, ask func(*discv5.Discovery) discv5.News) error {
	if n.discovery == nil {
		return ErrNoDiscovery
	}
	n.begin(now)
	n.discoveryNews(ask(n.discovery))
	n.settle()
	return nil
}

// discoveryNews gives everybody what discv5 has for them.
func (n *Node) discoveryNews(news discv5.News) {
	n.out.Jobs = append(n.out.Jobs, news.Jobs...)
	for _, r := range news.Requests {
		n.talked(r)
	}
	for _, a := range news.Answers {
		if o := n.overlayOf(a.Ticket.Owner); o != nil {
			n.overlayNews(o, o.Answered(n.now, a.Ticket, a.From, a.Body, a.Err))
		} else {
			n.out.Discovered = append(n.out.Discovered, a)
		}
	}
	if len(news.Alive) > 0 {
		n.alive(news.Alive)
	}
	for _, r := range news.Reports {
		n.poll.Add(n.now, vote.Statement{From: r.At.Addr(), Saw: r.Us, Out: true}) // its port is not that of a link
	}
	if len(news.Reports) > 0 {
		n.external(n.now)
	}
}

// alive: nodes have answered discv5. The networks of content may want them, and those
// that take links are hosts.
func (n *Node) alive(nodes []*enr.Record) {
	fresh := 0
	for _, r := range nodes {
		if len(link.RecordAddrs(r)) > 0 && n.book.Hear(n.now, groupOf(r), r) == nil {
			fresh++
		}
	}
	if fresh > 0 {
		n.sessionNews(n.session.Found(n.now, id.Ticket{Owner: ownDiscovery, N: 1}, fresh))
	}
	var found, met []*enr.Record
	for _, r := range nodes {
		if n.discovery.Found(r.ID()) {
			found = append(found, r)
		} else {
			met = append(met, r)
		}
	}
	for _, o := range n.overlays {
		n.overlayNews(o, o.Seed(n.now, found))
		n.overlayNews(o, o.Met(n.now, met))
	}
}

// meet: peers have told of themselves. Those that take packets are offered to discv5.
func (n *Node) meet(peers []*enr.Record) {
	for _, r := range peers {
		if n.discovery != nil && udpOf(r).IsValid() {
			n.discovery.Add(n.now, r)
		}
	}
}

// groupOf is the network group of a node that told us of itself.
func groupOf(r *enr.Record) string {
	ip := r.IP()
	if !ip.IsValid() {
		ip = r.IP6()
	}
	if !ip.IsValid() {
		return ""
	}
	return link.Group(ip)
}

// talked hands a request to whose protocol it is.
func (n *Node) talked(r discv5.Request) {
	if r.Proto == protoUTP {
		n.streamed(r)
		return
	}
	for _, o := range n.overlays {
		if o.Network().Protocol == r.Proto {
			n.overlayNews(o, o.Request(n.now, overlayRequest(r)))
			return
		}
	}
}
