package chat

import (
	"errors"
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
)

// ErrFlood is returned by Recv for a peer that sends more than any honest one.
var ErrFlood = errors.New("chat: too many messages")

// remote is a connected peer that speaks the lane.
type remote struct {
	id                         id.ID
	rooms                      ordered.Set[roomKey] // as announced, at most roomsMax
	pulls                      ordered.Map[roomKey, *pull]
	received                   bucket
	asks                       bucket
	lastReq                    uint64
	heads, headAsks, headGives bucket
	untold                     bool // our list of rooms did not get through

	receipts    []receipt // not yet sent, at most receiptsMax
	receiptsDue time.Time
}

// Up says that the lane to a peer is open.
func (h *Hall) Up(now time.Time, p id.ID) {
	if h.remotes.Has(p) {
		h.Down(now, p)
	}
	r := &remote{id: p}
	h.remotes.Put(p, r)
	h.tell(now, r)
	if h.cfg.ResyncEvery > 0 && h.resyncDue.IsZero() {
		h.resyncDue = now.Add(h.jitter())
	}
	if !h.resyncDue.IsZero() {
		h.wake(h.resyncDue)
	}
}

// jitter spreads the nodes of a network over the interval by their IDs.
func (h *Hall) jitter() time.Duration {
	part := time.Duration(h.cfg.Self[0])<<8 | time.Duration(h.cfg.Self[1])
	return h.cfg.ResyncEvery/2 + h.cfg.ResyncEvery*part/(1<<16)
}

// Down says that the lane is gone. Nothing of the peer remains.
func (h *Hall) Down(now time.Time, p id.ID) {
	r, ok := h.remotes.Get(p)
	if !ok {
		return
	}
	h.remotes.Delete(p)
	h.forgetTeller(p)
	for _, pl := range r.pulls.Values() {
		h.endPull(now, pl, errGone)
	}
	if h.remotes.Len() == 0 {
		h.resyncDue, h.announceDue = time.Time{}, time.Time{}
	}
}

// Recv brings a message of the lane. An error costs the link.
func (h *Hall) Recv(now time.Time, p id.ID, code uint64, data []byte) (News, error) {
	r, ok := h.remotes.Get(p)
	if !ok {
		return h.take(), nil
	}
	err := ErrFlood
	if r.received.take(now, recvBurst, recvRate) {
		err = h.recv(now, r, code, data)
	}
	if err != nil {
		h.emit(now, "breach", nil, int(code), err)
	}
	return h.take(), err
}

func (h *Hall) recv(now time.Time, p *remote, code uint64, data []byte) error {
	if len(data) > Protocol.BytesMax {
		return fmt.Errorf("%w: %d bytes", ErrMessage, len(data))
	}
	var err error
	switch code {
	case codeRooms:
		err = h.heardRooms(now, p, data)
	case codeCompare:
		err = h.serveCompare(now, p, data)
	case codeGetIDs:
		err = h.serveIDs(p, data)
	case codeGetLines:
		err = h.serveLines(p, data)
	case codeSummary:
		err = h.heardSummary(now, p, data)
	case codeIDs:
		err = h.heardIDs(now, p, data)
	case codeLines:
		err = h.heardLines(now, p, data)
	case codeReceipts:
		err = h.heardReceipts(now, p, data)
	default:
		err = fmt.Errorf("code %d", code)
	}
	if err != nil && !errors.Is(err, ErrMessage) {
		err = fmt.Errorf("%w: %v", ErrMessage, err)
	}
	return err
}

// heardRooms takes the peer's list and compares history in the rooms that are
// new in it.
func (h *Hall) heardRooms(now time.Time, p *remote, data []byte) error {
	rooms, err := decodeRooms(data)
	if err != nil {
		return err
	}
	before := p.rooms
	p.rooms = rooms
	for k := range rooms.All() {
		if r, ok := h.rooms.Get(k); ok && r.member && !before.Has(k) {
			h.pull(now, p, r)
			h.tellHeads(p, r)
			r.reach.fails = 0 // worth trying anew
			h.flush(now, r)
		}
	}
	return nil
}

// announce has the list of our rooms told to all peers, soon: a burst of joins is
// told once.
func (h *Hall) announce(now time.Time) {
	if h.remotes.Len() == 0 || !h.announceDue.IsZero() {
		return
	}
	h.announceDue = h.announced.Add(announceEvery)
	if h.announceDue.Before(now) {
		h.announceDue = now
	}
	h.wake(h.announceDue)
}

func (h *Hall) advanceAnnounce(now time.Time) {
	switch {
	case h.announceDue.IsZero():
	case now.Before(h.announceDue):
		h.wake(h.announceDue)
	default:
		h.announceDue, h.announced = time.Time{}, now
		for _, p := range h.remotes.Values() {
			h.tell(now, p)
		}
	}
}

// tell sends the list of our rooms; when the queue is full, again in a second.
func (h *Hall) tell(now time.Time, p *remote) {
	var keys []roomKey
	for k, r := range h.rooms.All() {
		if r.member {
			keys = append(keys, k)
		}
	}
	p.untold = h.snd.Send(p.id, codeRooms, encodeRooms(keys)) != nil
	if p.untold {
		h.wake(now.Add(time.Second))
	}
}

func (h *Hall) advanceRemote(now time.Time, p *remote) {
	if p.untold {
		h.tell(now, p)
	}
	h.advanceReceipts(now, p)
	for _, pl := range p.pulls.Values() {
		h.advancePull(now, pl)
	}
}

// advanceResync compares every room with one more of its members.
func (h *Hall) advanceResync(now time.Time) {
	switch {
	case h.resyncDue.IsZero():
		return
	case now.Before(h.resyncDue):
		h.wake(h.resyncDue)
		return
	}
	h.resyncDue = now.Add(h.cfg.ResyncEvery)
	h.wake(h.resyncDue)
	n := h.remotes.Len()
	for _, r := range h.rooms.Values() {
		for i := 0; i < n && r.member; i++ {
			r.asked++
			if _, p := h.remotes.At(r.asked % n); p.rooms.Has(r.key) {
				h.pull(now, p, r)
				h.tellHeads(p, r)
				break
			}
		}
	}
}
