package sim

import (
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/node"
	"github.com/ropewalk/ropewalk/scenario"
	"github.com/ropewalk/ropewalk/session"
)

// lab is what an experiment knows: a script whose nodes are given their links
// instead of looking for peers. There the links carry gossip alone, so that what is
// measured is the router.
type lab struct {
	on      bool
	version string  // every router is held to; empty for none
	dials   [][]int // of each node
	hostile int     // hosts of that kind, after the nodes
	flashed bool    // they have stopped passing messages on
	ids     gossipIDs

	low, high time.Duration // of a link's latency; high is zero when all are alike
	jitter    float64
	uplink    int64 // bits per second; zero for no bound

	said   []saying
	copies [2]int // messages put on the wire by nodes: to nodes, to hostile hosts
	bytes  int64  // of gossip put on the wire by nodes
}

var _ scenario.Lab = stage{}

// lay draws the links of the script's nodes.
func (w *world) lay() {
	l := &w.lab
	l.on = w.opt.Script.Links() > 0
	l.hostile = w.opt.Script.Hostile()
	l.version = w.opt.Version
	if !l.on {
		return
	}
	gossip, _ := gossipsub.Config{Version: l.version}.Protocol() // checked with the options
	w.lanes = []link.LaneInfo{{Lane: gossipLane, Stream: gossip.StreamIDs()[0]}}
	l.dials = w.graph(w.opt.Script.Nodes(), w.opt.Script.Links()/2)
}

// gossipLane is the first of node's protocols.
const gossipLane link.Lane = 0

// graph is a random graph in which each of n nodes dials k others and is dialled by
// about as many: k random permutations on top of each other, without loops and
// double links.
func (w *world) graph(n, k int) [][]int {
	dials := make([][]int, n)
	joined := map[[2]int]bool{}
	for range k {
		to := w.rng.Perm(n)
		for i := range n {
			// A place that cannot be taken is swapped with a random one, a few times.
			for range graphTries {
				if j := to[i]; j != i && !joined[[2]int{min(i, j), max(i, j)}] {
					joined[[2]int{min(i, j), max(i, j)}] = true
					dials[i] = append(dials[i], j)
					break
				}
				other := i + w.rng.IntN(n-i)
				to[i], to[other] = to[other], to[i]
			}
		}
	}
	return dials
}

const graphTries = 20

// labInbound is room for every hostile host at every node: sessions' own limits are
// not what an experiment is about.
const labInbound = 4096

// configure makes a node of an experiment.
func (l *lab) configure(h *host, c *node.Config) {
	if !l.on {
		return
	}
	c.Session = session.Config{Outbound: -1, Inbound: labInbound, RefineEvery: -1}
	for _, j := range l.dials[h.i] {
		c.Session.Peers = append(c.Session.Peers, h.w.hosts[j].addr)
	}
	c.Gossip.Params.D, c.Gossip.Params.Dlo, c.Gossip.Params.Dhi = 6, 4, 12
	c.Gossip.Version = l.version
	if h.w.opt.gossip != nil {
		h.w.opt.gossip(c)
	}
	if l.version != "" && l.version != "1.3" {
		c.Peer.BulkLinks = -1 // what is compared with writes to all at once
	}
}

// drawPath gives a new link its latency.
func (w *world) drawPath(a, b *end) {
	if l := &w.lab; l.high > 0 {
		a.latency = l.low + time.Duration(w.rng.Int64N(int64(l.high-l.low)+1))
		a.jitter = time.Duration(l.jitter * float64(a.latency))
		b.latency, b.jitter = a.latency, a.jitter
	}
}

// Paths draws the latency of links. Links that are up already get theirs now.
func (s stage) Paths(_ time.Time, low, high time.Duration, jitter float64) {
	l := &s.w.lab
	l.low, l.high, l.jitter = low, high, jitter
	for _, h := range s.w.hosts {
		for c := link.Conn(1); c <= h.lastConn; c++ {
			if e, ok := h.links[c]; ok && e.other != nil && e.latency == 0 {
				s.w.drawPath(e, e.other)
			}
		}
	}
}

func (s stage) Uplink(_ time.Time, bits int64) { s.w.lab.uplink = bits }

func (s stage) Flash(time.Time) { s.w.lab.flashed = true }

func (s stage) Churn(now time.Time, share float64, spared []int) {
	s.w.flap = newChurn(s.w, share, spared)
	s.w.flap.begun = true
}

// Attack brings a group of hostile hosts up. Each draws its victims.
func (s stage) Attack(now time.Time, a scenario.Attack) {
	victims := a.At
	if victims == nil {
		for i := range s.Nodes() {
			victims = append(victims, i)
		}
	}
	for k := range a.N {
		h := s.w.hosts[s.Nodes()+a.First+k]
		targets := slices.Clone(victims)
		s.w.rng.Shuffle(len(targets), func(i, j int) { targets[i], targets[j] = targets[j], targets[i] })
		h.besiege(a, targets[:min(a.Links, len(targets))])
	}
}

// PublishSized has a node publish a text that nothing follows but zero bytes.
func (s stage) PublishSized(now time.Time, i int, topic, text string, bytes int) {
	s.act(i, func(h *host) {
		data := make([]byte, max(bytes, len(text)))
		copy(data, text)
		if h.w.lab.on {
			h.w.lab.said = append(h.w.lab.said, saying{topic: topic, text: text, by: i, at: h.w.now})
		}
		h.node.Publish(now, h.tickets.Next(), topic, data)
	})
}
