package node

import (
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/discv5"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/portal"
	"github.com/ropewalk/ropewalk/utp"
)

// streamPackets carries the packets of streams in TALK requests that wait for no answer.
type streamPackets struct{ n *Node }

func (s streamPackets) Send(now time.Time, to utp.Remote, packet []byte) {
	// A packet that cannot be sent is lost, and streams live with losses.
	_ = s.n.discovery.Tell(now, to.ID, to.At, protoUTP, packet)
}

// streams is utp as a network of content sees it.
type streams struct{ n *Node }

func (s streams) Reserve(now time.Time, t id.Ticket, who id.ID) (uint16, bool) {
	return s.n.streams.Reserve(now, t, who)
}

func (s streams) Open(now time.Time, t id.Ticket, to *enr.Record, conn uint16) {
	s.n.streams.Dial(now, t, utp.Remote{ID: to.ID(), At: udpOf(to), Plain: foreign(to)}, conn)
}

func (s streams) Write(now time.Time, t id.Ticket, parts ...[]byte) {
	s.n.streams.Write(now, t, parts...)
}

func (s streams) Finish(now time.Time, t id.Ticket) { s.n.streams.Finish(now, t) }
func (s streams) Abort(now time.Time, t id.Ticket)  { s.n.streams.Abort(now, t) }

// streamed hands a stream's packet to utp.
func (n *Node) streamed(r discv5.Request) {
	n.streamNews(n.streams.Packet(n.now, utp.Remote{ID: r.From, At: r.At, Plain: foreign(r.Record)}, r.Body))
}

// foreign tells whether a node runs other software than ours, for all we know.
func foreign(r *enr.Record) bool {
	if r == nil {
		return true
	}
	_, ours := r.Rope()
	return !ours
}

func (n *Node) streamNews(news utp.News) {
	for _, e := range news.Events {
		if o := n.overlayOf(e.Ticket.Owner); o != nil {
			n.overlayNews(o, o.Stream(n.now, e.Ticket, portal.StreamEvent{Kind: streamKinds[e.Kind], Data: e.Data, Err: e.Err}))
		}
	}
}

// streamKinds are utp's kinds of event in portal's words.
var streamKinds = [...]portal.StreamKind{
	utp.Open: portal.StreamOpen, utp.Data: portal.StreamData, utp.Drained: portal.StreamDrained,
	utp.End: portal.StreamEnd, utp.Failed: portal.StreamFailed,
}

// udpOf is where a record says that its node takes packets; invalid when nowhere.
func udpOf(r *enr.Record) netip.AddrPort {
	if ip, port := r.IP(), r.UDP(false); ip.IsValid() && port != 0 {
		return netip.AddrPortFrom(ip, port)
	}
	if ip, port := r.IP6(), r.UDP(true); ip.IsValid() && port != 0 {
		return netip.AddrPortFrom(ip, port)
	}
	return netip.AddrPort{}
}
