package api

import (
	"slices"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/id"
)

// snapshot is what the viewers' events speak about.
type snapshot struct {
	sessions []ropewalk.Session
	slots    []ropewalk.Slot // outbound
}

// watcher reports to one viewer: each event of ours that says something in the viewers'
// words, and after a gap the difference to what it had told, so that a lost event loses
// nothing but time.
type watcher struct {
	v     *viewer
	t     *teller
	sub   stream[ropewalk.Event]
	wire  bool   // sub has single messages
	seq   uint64 // of the last event looked at
	lost  uint64 // by sub
	stale bool   // what t knows may be old
}

// watch begins to listen, so that what happened since the viewer's last p2p.get_info is
// told, or else what happens from here on.
func (v *viewer) watch() (*watcher, error) {
	w := &watcher{v: v}
	if err := w.listen(); err != nil {
		return nil, err
	}
	told := v.told.Load()
	if told == nil {
		snap, err := v.d.look(v.ctx)
		if err != nil {
			w.sub.Close()
			return nil, err
		}
		told = &snap
	}
	w.t, w.stale = newTeller(*told), true
	return w, nil
}

// listen opens the stream of events, with single messages while they are wanted.
func (w *watcher) listen() error {
	strands := []string{"session", "peer"}
	w.wire = w.v.d.on.Load()
	if w.wire {
		strands = append(strands, "wire")
	}
	sub, err := w.v.d.s.streams.events(w.v.ctx, strands)
	if err != nil {
		return err
	}
	w.sub, w.lost = sub, 0
	return nil
}

// run tells events until the viewer, the node or the stream ends.
func (w *watcher) run() {
	defer func() { w.sub.Close() }()
	for {
		if w.stale && len(w.sub.C()) == 0 && !w.catchUp() {
			return
		}
		select {
		case <-w.v.ctx.Done():
			return
		case <-w.v.toggled:
			if !w.toggle() {
				return
			}
		case e, open := <-w.sub.C():
			if !open || !w.hear(e) {
				return
			}
		}
		if lost := w.sub.Lagged(); lost > w.lost {
			w.lost, w.stale = lost, true
		}
	}
}

// toggle changes to a stream with or without single messages. The new one is open
// before the old is read to its end; what both have is told once.
func (w *watcher) toggle() bool {
	old := w.sub
	if w.wire == w.v.d.on.Load() {
		return true
	}
	if w.listen() != nil {
		return false
	}
	defer old.Close()
	for {
		select {
		case e, open := <-old.C():
			if !open || !w.hear(e) {
				return false
			}
		default:
			return true
		}
	}
}

// hear takes one event and tells what it means; false when the viewer is gone.
func (w *watcher) hear(e ropewalk.Event) bool {
	if e.Seq != 0 && e.Seq <= w.seq {
		return true
	}
	w.seq = e.Seq
	out, look := w.t.tell(e)
	w.stale = w.stale || look
	return w.send(out)
}

// catchUp tells what events were lost or say too little.
func (w *watcher) catchUp() bool {
	w.stale = false
	next, err := w.v.d.look(w.v.ctx)
	return err == nil && w.send(w.t.changes(next))
}

// send tells events, while they are wanted.
func (w *watcher) send(all []dnetEvent) bool {
	if !w.v.d.on.Load() {
		return true
	}
	for _, e := range all {
		if !w.v.send(notification{"2.0", "dnet.subscribe_events", []dnetEvent{e}}) {
			return false
		}
	}
	return true
}

// changes is the difference between what was told and a look, as events: lost links,
// slots, new links, in this order. It takes the look for what is so.
func (t *teller) changes(now snapshot) []dnetEvent {
	var out []dnetEvent
	is := map[id.ID]ropewalk.Session{}
	for _, s := range now.sessions {
		is[s.ID] = s
	}
	for _, who := range sortedIDs(t.links) {
		if s, still := is[who]; !still || s.Session != t.links[who].kind {
			out = append(out, t.links[who].gone(who, "")...)
			delete(t.links, who)
		}
	}
	kept := map[int]bool{}
	for _, slot := range now.slots {
		kept[slot.Slot] = true
		out = append(out, t.change(slot)...)
	}
	for n, slot := range t.slots {
		if !kept[n] && slot.State == slotConnected {
			out = append(out, dnetEvent{"outbound_slot_disconnected", map[string]any{"slot": n, "err": "no slot any more"}})
		}
	}
	for _, s := range now.sessions {
		if _, already := t.links[s.ID]; already {
			continue
		}
		info := map[string]any{"addr": s.Addr, "channel_id": dnetID(s.ID)}
		switch s.Session {
		case "inbound":
			out = append(out, dnetEvent{"inbound_connected", info})
		case "direct":
			info["connect_addr"] = s.Addr
			out = append(out, dnetEvent{"direct_connected", info})
		}
	}
	t.see(now)
	return out
}

func sortedIDs(m map[id.ID]tellerLink) []id.ID {
	out := make([]id.ID, 0, len(m))
	for who := range m {
		out = append(out, who)
	}
	slices.SortFunc(out, func(a, b id.ID) int { return slices.Compare(a[:], b[:]) })
	return out
}
