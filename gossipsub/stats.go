package gossipsub

import (
	"slices"
	"strings"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

// Stats are what a router counted since it was made, and what it holds now. Each
// count costs an increment and is always on. Decisions are counted where they are
// reported, so that figures and events cannot disagree.
type Stats struct {
	// Messages, in bytes of data. Every copy of a joined topic that came in is
	// received, and then a duplicate, rejected, delivered or in checking. Duplicates
	// of a message that turns out to be invalid are rejected too.
	Received, Duplicates, Delivered Volume
	Lost                            Volume // of topics that we have not joined
	Published                       Volume // our own
	Sent                            Volume // copies handed to peers, in bytes of frames; not those fetched by IWANT
	Withheld                        Volume // copies not sent because of an IDONTWANT, in bytes of frames
	Cancelled                       Volume // the same, taken out of a queue again
	Rejected                        Tally  // by reason: invalid, ignored and throttled ones

	RPCsIn, RPCsOut Volume
	BadRPCs         uint64
	Dropped         [3]uint64 // RPCs without room in the peer's queue, by Class

	// What RPCs held beside messages and the IDs below: changes of subscriptions, GRAFTs
	// and PRUNEs, heeded or not, and words of messages in parts.
	SubsIn, SubsOut, GraftsIn, GraftsOut, PrunesIn, PrunesOut, PartsIn, PartsOut uint64

	// IDs in control messages; of those that came in, all that the RPCs named.
	IHaveIn, IHaveOut, IWantIn, IWantOut, IDontWantIn, IDontWantOut uint64
	Served                                                          uint64 // messages sent in answer to IWANT
	Unknown                                                         uint64 // IDs asked of us that are not in the cache
	Refused                                                         uint64 // IDs asked of us too often, or over the bytes allowed
	BrokenPromises                                                  uint64 // asked for after an IHAVE, and never came

	Grafts, Grafted uint64 // peers taken into a mesh by us, and on their GRAFT
	Prunes          Tally  // out of a mesh, by reason
	Refusals        Tally  // GRAFTs not followed, by reason
	Excess          Tally  // what a peer sent over a limit, by limit
	Penalties       Tally  // breaches of the protocol, by what they were
	Graylisted      uint64 // RPCs not heard for their sender's score
	Gated           uint64 // RPCs whose messages were not heard while checking could not keep up
	Opportunistic   uint64 // peers grafted because a mesh had a low median score
	Offered         uint64 // peers we recommended in PRUNE
	Heeded          uint64 // peers recommended to us, whose records were looked at
	SeenCut         uint64 // pages of the seen cache forgotten before their time

	// What is held now.
	Peers       [versions]int // by protocol we write; see Protocols
	CacheItems  int
	CacheBytes  int
	SeenBytes   int
	Checking    int // messages in jobs, own ones too
	CheckBytes  int
	Wanted      int // IDs asked for
	KnownTopics int
}

// Volume is a number of things and their bytes.
type Volume struct{ N, Bytes uint64 }

func (v *Volume) add(bytes int) { v.N++; v.Bytes += uint64(bytes) }

// Tally counts by reason. The reasons are words of this package, never a remote's.
type Tally []Count

// tallyMax bounds a Tally all the same, our choice: twice the reasons there are.
const tallyMax = 32

// Count is one line of a Tally.
type Count struct {
	Why string
	N   uint64
}

func (t *Tally) add(why string) {
	for i := range *t {
		if (*t)[i].Why == why {
			(*t)[i].N++
			return
		}
	}
	if len(*t) >= tallyMax {
		return
	}
	*t = append(*t, Count{why, 1})
}

// sorted is a copy by reason.
func (t Tally) sorted() Tally {
	t = slices.Clone(t)
	slices.SortFunc(t, func(a, b Count) int { return strings.Compare(a.Why, b.Why) })
	return t
}

// TopicStats are what a router counted in one topic since it joined it.
type TopicStats struct {
	Received, Duplicates, Delivered, Published Volume
	Rejected                                   uint64
}

// Protocols names the versions that Stats.Peers counts, in its order.
func Protocols() [versions]string { return streamIDs }

// Stats reports the counters and what the router holds.
func (r *Router) Stats() Stats {
	s := r.stats
	s.Penalties = s.Penalties.sorted()
	s.Rejected, s.Prunes, s.Refusals, s.Excess = s.Rejected.sorted(), s.Prunes.sorted(), s.Refusals.sorted(), s.Excess.sorted()
	for i := range r.peers.Len() {
		if _, p := r.peers.At(i); p.writable {
			s.Peers[p.version]++
		}
	}
	s.CacheItems, s.CacheBytes, s.SeenBytes = r.cache.all.len(), r.cache.bytes, r.seen.bytes
	s.Checking, s.CheckBytes = len(r.flights.byKey), r.flights.bytes
	s.Wanted, s.KnownTopics = r.wants.len(), r.topics.len()
	return s
}

// Beats tells how many heartbeats have begun, and whether the last is still under way.
func (r *Router) Beats() (begun uint64, on bool) { return r.beat, r.beating.on }

// heard counts what an RPC that came in holds.
func (s *Stats) heard(m *rpc.RPC) {
	s.SubsIn += uint64(len(m.Subs) + m.SubsOver)
	s.GraftsIn += uint64(len(m.Graft))
	s.PrunesIn += uint64(len(m.Prune))
	if m.HasPartial {
		s.PartsIn++
	}
}

// count keeps the figure of a reported decision. n and why are the event's.
func (s *Stats) count(kind string, n int, why string) {
	switch kind {
	case "graft":
		s.Grafts++
	case "grafted":
		s.Grafted++
	case "prune":
		s.Prunes.add(why)
	case "refuse":
		s.Refusals.add(why)
	case "penalty":
		s.Penalties.add(why)
	case "graylisted":
		s.Graylisted++
	case "gated":
		s.Gated++
	case "opportunistic":
		s.Opportunistic += uint64(n)
	case "offer":
		s.Offered += uint64(n)
	case "offered":
		if why == "" {
			s.Heeded += uint64(n)
		}
	case "excess":
		s.Excess.add(why)
	case "ihave":
		s.IHaveOut += uint64(n)
	case "iwant":
		s.IWantOut += uint64(n)
	case "idontwant":
		s.IDontWantOut += uint64(n)
	case "served":
		s.Served += uint64(n)
	case "promise":
		s.BrokenPromises += uint64(n)
	case "seencut":
		s.SeenCut += uint64(n)
	case "badframe":
		s.BadRPCs++
	}
}
