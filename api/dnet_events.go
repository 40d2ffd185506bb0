package api

import (
	"context"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/id"
)

// Slot states that DarkFi's viewers have names for.
const (
	slotConnected  = "connected"
	slotConnecting = "connecting"
	slotSleeping   = "sleeping"
)

// snapshot is what the viewers' events speak about.
type snapshot struct {
	sessions []ropewalk.Session
	slots    []ropewalk.Slot // outbound
}

func (d *dnet) look(ctx context.Context) (snapshot, error) {
	sessions, err := d.s.node.Sessions(ctx)
	if err != nil {
		return snapshot{}, err
	}
	all, err := d.s.node.Slots(ctx)
	if err != nil {
		return snapshot{}, err
	}
	snap := snapshot{sessions: sessions}
	for _, slot := range all {
		if slot.Role == "outbound" {
			snap.slots = append(snap.slots, slot)
		}
	}
	return snap, nil
}

// dnetEvent is one event in the viewers' words.
type dnetEvent struct {
	Event string         `json:"event"`
	Info  map[string]any `json:"info"`
}

// watch reports to one viewer. Our event stream says when something about links
// and slots changed; what changed is the difference of two looks, so a burst of
// events costs one look and a lost event loses nothing but time.
func (v *viewer) watch() {
	sub, err := v.d.s.streams.events(v.ctx, []string{"session", "peer"})
	if err != nil {
		v.conn.Close()
		return
	}
	defer sub.Close()
	last, err := v.d.look(v.ctx)
	if err != nil {
		return
	}
	for {
		select {
		case <-v.ctx.Done():
			return
		case _, open := <-sub.C():
			if !open {
				return
			}
		}
		drain(sub.C())
		next, err := v.d.look(v.ctx)
		if err != nil {
			return
		}
		if v.d.on.Load() {
			for _, e := range changes(last, next) {
				if !v.send(notification{"2.0", "dnet.subscribe_events", []dnetEvent{e}}) {
					v.conn.Close() // ends the reader too
					return
				}
			}
		}
		last = next
	}
}

// drain takes what waits already, at most dnetEventMax.
func drain[T any](c <-chan T) {
	for range dnetEventMax {
		select {
		case _, open := <-c:
			if !open {
				return
			}
		default:
			return
		}
	}
}

// changes puts the difference of two looks into events: lost links, slots, new
// links, in this order.
func changes(old, now snapshot) []dnetEvent {
	var out []dnetEvent
	was, is := byID(old.sessions), byID(now.sessions)
	for _, s := range old.sessions {
		if _, still := is[s.ID]; !still {
			out = append(out, linkEvent(s, "disconnected")...)
		}
	}
	before := make(map[int]ropewalk.Slot)
	for _, slot := range old.slots {
		before[slot.Slot] = slot
	}
	for _, slot := range now.slots {
		out = append(out, slotEvents(before[slot.Slot], slot)...)
	}
	for _, s := range now.sessions {
		if _, already := was[s.ID]; !already {
			out = append(out, linkEvent(s, "connected")...)
		}
	}
	return out
}

func byID(all []ropewalk.Session) map[id.ID]ropewalk.Session {
	out := make(map[id.ID]ropewalk.Session)
	for _, s := range all {
		out[s.ID] = s
	}
	return out
}

// linkEvent names links that no slot speaks for.
func linkEvent(s ropewalk.Session, what string) []dnetEvent {
	switch {
	case s.Session == "inbound":
		return []dnetEvent{{"inbound_" + what, map[string]any{"addr": s.Addr, "channel_id": dnetID(s.ID)}}}
	case s.Session == "direct" && what == "connected":
		return []dnetEvent{{"direct_connected", map[string]any{"connect_addr": s.Addr, "addr": s.Addr, "channel_id": dnetID(s.ID)}}}
	case s.Session == "direct":
		return []dnetEvent{{"direct_disconnected", map[string]any{"connect_addr": s.Addr, "err": ""}}}
	}
	return nil
}

// slotEvents names what became of one outbound slot.
func slotEvents(old, now ropewalk.Slot) []dnetEvent {
	if old.State == now.State && old.ID == now.ID {
		return nil
	}
	var out []dnetEvent
	if old.State == slotConnected {
		out = append(out, dnetEvent{"outbound_slot_disconnected", map[string]any{"slot": now.Slot, "err": now.Why}})
	}
	switch now.State {
	case slotSleeping:
		out = append(out, dnetEvent{"outbound_slot_sleeping", map[string]any{"slot": now.Slot}})
	case slotConnecting:
		out = append(out, dnetEvent{"outbound_slot_connecting", map[string]any{"slot": now.Slot, "addr": now.Addr}})
	case slotConnected:
		info := map[string]any{"slot": now.Slot, "addr": now.Addr}
		if who, err := id.Parse(now.ID); err == nil {
			info["channel_id"] = dnetID(who)
		}
		out = append(out, dnetEvent{"outbound_slot_connected", info})
	}
	return out
}
