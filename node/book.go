package node

import (
	"errors"
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/peer"
	"github.com/ropewalk/ropewalk/trace"
	"github.com/ropewalk/ropewalk/work"
)

// Files of the host book in the data folder.
const (
	hostsFile = "hosts"
	// damagedHosts is where a book goes that cannot be read, foreignHosts, with the mark
	// of its network, one of another network: nothing is written over.
	damagedHosts = "hosts.damaged"
	foreignHosts = "hosts-"
)

// loadHosts reads the book of an earlier run, or the one that was saved before it when
// it is damaged. One of another network is put aside, and the one of ours that was put
// aside earlier is taken.
func (n *Node) loadHosts(now time.Time, files func(string) ([]byte, bool)) {
	saved, ok := files(hostsFile)
	if !ok {
		return
	}
	err := n.book.Load(now, saved)
	if err == nil {
		return
	}
	next, aside := hostsFile+work.OldSuffix, damagedHosts
	if errors.Is(err, hosts.ErrForeign) {
		next, aside = foreignHosts+hosts.Mark(n.cfg.Network), foreignHosts+hosts.FileNetwork(saved)
	}
	n.trace.Emit(now, trace.Event{Strand: "hosts", Kind: "load_failed", Topic: aside, Err: err.Error()})
	n.out.Saves = append(n.out.Saves, work.Save{File: aside, From: hostsFile})
	if saved, ok := files(next); ok {
		if err := n.book.Load(now, saved); err != nil {
			n.trace.Emit(now, trace.Event{Strand: "hosts", Kind: "load_failed", Err: err.Error()})
		}
	}
}

func (n *Node) saveHosts(clean bool) {
	n.out.Saves = append(n.out.Saves, work.Save{File: hostsFile, Data: n.book.Encode(clean), Keep: true})
}

// SaveHosts has the host book written. What is saved before Start says of the last run's
// end what its file did.
func (n *Node) SaveHosts() { n.saveHosts(!n.running && (n.halted || !n.book.Unclean())) }

// ImportHosts offers a list of hosts of another program to the book.
func (n *Node) ImportHosts(now time.Time, text []byte) (hosts.Import, error) {
	n.begin(now)
	out, err := n.book.Import(now, text)
	if out.Taken > 0 {
		n.trace.Emit(now, trace.Event{Strand: "node", Kind: "offered", Topic: "import", N: int64(out.Taken)})
	}
	n.settle()
	return out, err
}

// What a breach on a link of its own is held against a peer for, our choice: bans begin
// at 100 points, which halve every ten minutes. A fault of a protocol may be a bug of one
// of us, a breach is wilful, such as a record that its sender must have seen to be forged.
const (
	faultPoints  = 20
	breachPoints = 50
)

// blame holds an error that costs a peer its link against its key.
func (n *Node) blame(who id.ID, why error) {
	points := 0
	switch reasonOf(why) {
	case link.Breach:
		points = breachPoints
	case link.Subprotocol:
		points = faultPoints
	}
	if points == 0 || n.session.Trusted(who) {
		return
	}
	until := n.book.Blame(n.now, who, points)
	if until.IsZero() {
		return
	}
	n.gossip.Ban(n.now, who, until)
	n.trace.Emit(n.now, trace.Event{Strand: "hosts", Kind: "discouraged", Peer: who, Err: why.Error()})
}

// ended blames a peer for a breach that its link found by itself, as a frame that is
// none. The end of a connection is nobody's fault, also within a message.
func (n *Node) ended(p *peer.Peer, why error) {
	var closed *link.Closed
	if _, ours := p.Dropped(); ours || !errors.As(why, &closed) || closed.Remote || closed.Reason != link.Breach {
		return
	}
	n.blame(p.ID(), closed.Reason)
}
