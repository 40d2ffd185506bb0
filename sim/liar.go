package sim

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/discv5"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/kad"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/node"
	"github.com/ropewalk/ropewalk/portal/wire"
)

// lie is what a liar says when it is asked for content.
type lie int

const (
	nobodies lie = iota // nodes near the content that are not there
	friends             // other liars, the nearest to the content
	rubbish             // a value that is not what the key promises
	silence             // a stream that nothing comes on
	lies
)

// liar is a host that is an honest member of discv5 and a dishonest one of a network of
// content: it says that it takes everything, takes nothing, names only liars as nodes,
// and answers who asks it for content with its lie. It is quick at all of it.
type liar struct {
	h      *host
	plot   *plot
	lie    lie
	record *enr.Record
	d      *discv5.Discovery
	rng    *rand.Rand
	out    node.Out
}

// plot is what liars have in common. Owner: an experiment.
type plot struct {
	network content.Network
	liars   []*enr.Record
	ghosts  []*enr.Record // of nobody
	told    [lies]int     // lies told
	// garbage are records that nobody should take, for the answers to FindNodes. With any
	// there are, too: one at a wrong distance, one twice, the asker's own.
	garbage [][]byte
}

// deceive starts a liar on a host.
func (p *plot) deceive(h *host, as lie, boot []*enr.Record) {
	w := h.w
	h.gen++
	h.alive, h.lived = true, true
	h.links, h.wakeAt = map[link.Conn]*end{}, 0
	l := &liar{h: h, plot: p, lie: as, record: h.record(), rng: rand.New(rand.NewPCG(w.rng.Uint64(), w.rng.Uint64()))}
	h.m = l
	var err error
	cfg := h.discovery(boot)
	cfg.Key, cfg.Record = h.key, l.record
	if l.d, err = discv5.New(w.time(), cfg, l.rng, l); err == nil {
		err = l.d.Register(p.network.Protocol)
	}
	if err != nil {
		w.err = err
		return
	}
	p.liars = append(p.liars, l.record)
	l.news(l.d.Start(w.time()))
	h.flush()
}

// ghost makes a record of nobody.
func (p *plot) ghost(i int) {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("ropewalk sim ghost"), uint64(i)))
	key, err := id.KeyFromBytes(sum[:])
	if err != nil {
		panic("sim: key of a ghost: " + err.Error()) // one in 2^128
	}
	at := netip.AddrPortFrom(netip.AddrFrom4([4]byte{200, byte(i >> 8), byte(i), 7}), udpPort)
	p.ghosts = append(p.ghosts, recordAt(key, at))
}

// record is that of a host before its node has made one.
func (h *host) record() *enr.Record { return recordAt(h.key, h.udp()) }

func recordAt(key *id.Key, at netip.AddrPort) *enr.Record {
	r, err := enr.Builder{Seq: 1, IP: at.Addr(), UDP: at.Port(), Extra: wire.Entries(wire.Mainnet)}.Sign(key)
	if err != nil {
		panic("sim: record of a host: " + err.Error())
	}
	return r
}

// Send carries a packet of discv5.
func (l *liar) Send(_ time.Time, to netip.AddrPort, packet []byte) {
	l.out.Packets = append(l.out.Packets, node.Packet{To: to, Data: slices.Clone(packet)})
}

func (l *liar) Packet(now time.Time, from netip.AddrPort, b []byte) {
	l.news(l.d.Packet(now, from, b))
}

func (l *liar) Done(now time.Time, t id.Ticket, result any) { l.news(l.d.Done(now, t, result)) }
func (l *liar) Advance(now time.Time)                       { l.news(l.d.Advance(now)) }
func (l *liar) Deadline() time.Time                         { return l.d.Deadline() }

func (l *liar) Take() node.Out {
	out := l.out
	l.out = node.Out{}
	return out
}

// A liar has no links, no store and no files.
func (l *liar) LinkUp(time.Time, link.Conn, link.Info)                        {}
func (l *liar) LinkMsg(time.Time, link.Conn, link.Msg)                        {}
func (l *liar) LinkDown(time.Time, link.Conn, error)                          {}
func (l *liar) DialFailed(time.Time, id.Ticket, error)                        {}
func (l *liar) Saved(time.Time, id.Ticket, error)                             {}
func (l *liar) Stored(time.Time, content.Answer)                              {}
func (l *liar) Next(time.Time, link.Conn, link.LaneSet) (m link.Msg, ok bool) { return m, false }

func (l *liar) news(n discv5.News) {
	l.out.Jobs = append(l.out.Jobs, n.Jobs...)
	for _, r := range n.Requests {
		body, err := l.answer(r)
		if err != nil {
			body = nil
		}
		_ = l.d.Reply(l.h.w.time(), r.N, body) // one that came too late is no matter
	}
}

// answer is what it says to a request of its network.
func (l *liar) answer(r discv5.Request) ([]byte, error) {
	kind, err := wire.KindOf(r.Body)
	if err != nil {
		return nil, err
	}
	switch kind {
	case wire.KindPing:
		ping, err := wire.DecodePing(r.Body)
		if err != nil {
			return nil, err
		}
		return l.pong(ping)
	case wire.KindFindNodes:
		ask, err := wire.DecodeFindNodes(r.Body)
		if err != nil {
			return nil, err
		}
		return wire.Nodes{Records: l.named(r, ask.Distances)}.Append(nil)
	case wire.KindFindContent:
		ask, err := wire.DecodeFindContent(r.Body)
		if err != nil {
			return nil, err
		}
		return l.content(ask.Key)
	case wire.KindOffer:
		offer, err := wire.DecodeOffer(r.Body)
		if err != nil {
			return nil, err
		}
		return l.accept(r, offer)
	}
	return nil, nil
}

// pong says that everything is taken here.
func (l *liar) pong(ping wire.Ping) ([]byte, error) {
	known := []uint16{wire.TypeClient, wire.TypeRadius, wire.TypeHistory}
	if !slices.Contains(known, ping.Type) {
		return nil, nil
	}
	payload, err := wire.Payload{Type: ping.Type, Radius: content.DistanceMax, Capabilities: known}.Append(nil)
	if err != nil {
		return nil, err
	}
	return wire.Ping{Seq: l.record.Seq(), Type: ping.Type, Payload: payload}.AppendPong(nil)
}

// named are the records of an answer to FindNodes.
func (l *liar) named(r discv5.Request, distances []uint16) [][]byte {
	friends := l.known(l.plot.liars, distances)
	if len(l.plot.garbage) == 0 || r.Record == nil {
		return fitting(friends, wire.NodesFit)
	}
	out := append(slices.Clone(l.plot.garbage), r.Record.Bytes())
	for _, o := range l.plot.liars { // the first that is elsewhere
		if !slices.Contains(friends, o) {
			out = append(out, o.Bytes())
			break
		}
	}
	for _, o := range friends[:min(2, len(friends))] {
		out = append(out, o.Bytes(), o.Bytes())
	}
	return out[:wire.NodesFit(out)]
}

// known are those of a list at distances from here, nobody else.
func (l *liar) known(all []*enr.Record, distances []uint16) (out []*enr.Record) {
	for _, r := range all {
		if slices.Contains(distances, uint16(id.LogDistance(l.h.key.ID(), r.ID()))) {
			out = append(out, r)
		}
	}
	return out
}

// content answers who asks for a value.
func (l *liar) content(key []byte) ([]byte, error) {
	point, err := l.plot.network.ID(key)
	if err != nil {
		return nil, err
	}
	l.plot.told[l.lie]++
	m := wire.Content{Form: wire.FormRecords}
	switch l.lie {
	case nobodies:
		m.Records = fitting(nearest(l.plot.ghosts, point), wire.ContentFit)
	case friends:
		m.Records = fitting(nearest(l.plot.liars, point), wire.ContentFit)
	case rubbish:
		m.Form, m.Value = wire.FormValue, key
	case silence:
		m.Form, m.Conn = wire.FormStream, uint16(l.rng.Uint32())
	}
	return m.Append(nil)
}

// accept takes an offer and never reads what follows, or says that all is there already.
func (l *liar) accept(r discv5.Request, offer wire.Offer) ([]byte, error) {
	m := wire.Accept{Codes: make([]wire.Code, len(offer.Keys))}
	code := wire.Stored
	if l.lie == silence {
		code, m.Conn = wire.Accepted, 1+uint16(l.rng.Uint32N(1<<16-1))
	}
	for i := range m.Codes {
		m.Codes[i] = code
	}
	version := uint8(0)
	if r.Record != nil {
		version, _ = wire.Negotiate(r.Record, wire.Mainnet)
	}
	return m.Append(nil, version)
}

// nearest are a list's records in the order of distance from a point.
func nearest(all []*enr.Record, point id.ID) []*enr.Record {
	out := slices.Clone(all)
	slices.SortFunc(out, func(a, b *enr.Record) int { return id.CompareDistance(point, a.ID(), b.ID()) })
	return out[:min(len(out), kad.BucketMax)]
}

// fitting encodes as many records as one answer carries.
func fitting(all []*enr.Record, fit func([][]byte) int) (out [][]byte) {
	for _, r := range all[:min(len(all), kad.BucketMax)] {
		out = append(out, r.Bytes())
	}
	return out[:fit(out)]
}
