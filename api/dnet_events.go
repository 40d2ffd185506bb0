package api

import (
	"strconv"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/id"
)

// Slot states that DarkFi's viewers have names for.
const (
	slotConnected  = "connected"
	slotConnecting = "connecting"
	slotSleeping   = "sleeping"
)

// dnetEvent is one event in the viewers' words.
type dnetEvent struct {
	Event string         `json:"event"`
	Info  map[string]any `json:"info"`
}

// teller puts the node's events into the viewers' words. It remembers what it has told
// of slots and links, so that a look can tell what events were lost.
type teller struct {
	slots   map[int]ropewalk.Slot // outbound
	links   map[id.ID]tellerLink
	coming  map[id.ID]tellerLink // admitted and not up yet
	attempt int                  // rounds of discovery in a row; 0 while it waits
}

// tellerLink is what the end of a link is told with.
type tellerLink struct {
	kind    string // of the session
	addr    string
	connect string // the address that was asked for; of direct links
}

// comingMax bounds what is remembered of links that never came up.
const comingMax = 4096

func newTeller(s snapshot) *teller {
	t := &teller{slots: map[int]ropewalk.Slot{}, links: map[id.ID]tellerLink{}, coming: map[id.ID]tellerLink{}}
	t.see(s)
	return t
}

// see takes a look for what is so.
func (t *teller) see(s snapshot) {
	clear(t.slots)
	clear(t.coming)
	old := t.links
	t.links = map[id.ID]tellerLink{}
	for _, slot := range s.slots {
		t.slots[slot.Slot] = slot
	}
	for _, p := range s.sessions {
		l := tellerLink{kind: p.Session, addr: p.Addr, connect: p.Addr}
		if was, ok := old[p.ID]; ok && was.kind == l.kind {
			l = was
		}
		t.links[p.ID] = l
	}
}

// tell is what one event of the node is to the viewers; mostly nothing. look says that
// only a look can tell.
func (t *teller) tell(e ropewalk.Event) (out []dnetEvent, look bool) {
	who, _ := id.Parse(e.Peer)
	switch e.Strand {
	case "wire":
		return []dnetEvent{message(e, who)}, false
	case "peer":
		return t.tellLink(e, who), false
	}
	switch e.Kind {
	case "admitted":
		if len(t.coming) < comingMax {
			l := t.coming[who]
			l.kind = e.Topic
			t.coming[who] = l
		}
	case "slots_set":
		return nil, true
	case "find":
		return t.discovery("getaddr"), false
	case "seed_contact":
		return t.discovery("seed"), false
	case "seed_answered":
		return t.rest(), false
	case "direct_connecting":
		return []dnetEvent{{"direct_connecting", map[string]any{"connect_addr": e.Addr}}}, false
	case "direct_connected":
		l := t.links[who]
		l.kind, l.connect = "direct", e.Addr
		t.links[who] = l
		return []dnetEvent{{"direct_connected", map[string]any{"connect_addr": e.Addr, "addr": l.addr, "channel_id": dnetID(who)}}}, false
	case "direct_failed":
		return []dnetEvent{{"direct_disconnected", map[string]any{"connect_addr": e.Addr, "err": e.Err}}}, false
	default:
		if e.Topic == "outbound" {
			return t.tellSlot(e), false
		}
	}
	return nil, false
}

// message is a message of a link.
func message(e ropewalk.Event, who id.ID) dnetEvent {
	return dnetEvent{e.Kind, map[string]any{
		"chan": map[string]any{"addr": e.Addr, "id": dnetID(who)}, "cmd": e.Topic, "time": strconv.FormatInt(e.At.UnixNano(), 10),
	}}
}

// tellLink tells of links that no slot speaks for.
func (t *teller) tellLink(e ropewalk.Event, who id.ID) []dnetEvent {
	switch e.Kind {
	case "up":
		l := t.coming[who]
		delete(t.coming, who)
		l.addr = e.Addr
		t.links[who] = l
		if l.kind == "inbound" {
			return []dnetEvent{{"inbound_connected", map[string]any{"addr": l.addr, "channel_id": dnetID(who)}}}
		}
	case "refused":
		delete(t.coming, who)
	case "down":
		l := t.links[who]
		delete(t.links, who)
		return l.gone(who, e.Err)
	}
	return nil
}

func (l tellerLink) gone(who id.ID, why string) []dnetEvent {
	switch l.kind {
	case "inbound":
		return []dnetEvent{{"inbound_disconnected", map[string]any{"addr": l.addr, "channel_id": dnetID(who)}}}
	case "direct":
		return []dnetEvent{{"direct_disconnected", map[string]any{"connect_addr": l.connect, "err": why}}}
	}
	return nil
}

// tellSlot tells of an outbound slot.
func (t *teller) tellSlot(e ropewalk.Event) []dnetEvent {
	now := ropewalk.Slot{Slot: int(e.N), Role: "outbound", ID: e.Peer, Addr: e.Addr, Why: e.Err}
	switch e.Kind {
	case "slot_connecting":
		now.State = slotConnecting
	case "slot_connected":
		now.State = slotConnected
	case "slot_sleeping":
		now.State, now.ID, now.Addr = slotSleeping, "", ""
	case "slot_failed", "slot_disconnected", "slot_yielded", "slot_handed_over":
		now.State, now.ID, now.Addr = slotLost, "", ""
	default:
		return nil
	}
	out := t.change(now)
	if now.State == slotConnected {
		out = append(out, t.rest()...)
	}
	return out
}

// slotLost is a slot that lost its link, or did not get one, before its next state.
const slotLost = "lost"

// change notes what has become of a slot and tells it.
func (t *teller) change(now ropewalk.Slot) []dnetEvent {
	old := t.slots[now.Slot]
	t.slots[now.Slot] = now
	if old.State == now.State && old.ID == now.ID && old.Addr == now.Addr {
		return nil
	}
	var out []dnetEvent
	if now.State == slotLost || old.State == slotConnected {
		out = append(out, dnetEvent{"outbound_slot_disconnected", map[string]any{"slot": now.Slot, "err": now.Why}})
	}
	switch now.State {
	case slotSleeping:
		out = append(out, dnetEvent{"outbound_slot_sleeping", map[string]any{"slot": now.Slot}})
	case slotConnecting:
		out = append(out, dnetEvent{"outbound_slot_connecting", map[string]any{"slot": now.Slot, "addr": now.Addr}})
	case slotConnected:
		info := map[string]any{"slot": now.Slot, "addr": now.Addr, "channel_id": uint32(0)}
		if who, err := id.Parse(now.ID); err == nil {
			info["channel_id"] = dnetID(who)
		}
		out = append(out, dnetEvent{"outbound_slot_connected", info})
	}
	return out
}

// discovery tells of a round of asking for hosts. A node without slots asks for those
// who dial on demand.
func (t *teller) discovery(state string) []dnetEvent {
	if t.attempt++; state == "wait" {
		t.attempt = 0
	}
	name := "outbound_peer_discovery"
	if len(t.slots) == 0 {
		name = "direct_peer_discovery"
	}
	return []dnetEvent{{name, map[string]any{"attempt": t.attempt, "state": state}}}
}

// rest tells that discovery waits again, if it did not.
func (t *teller) rest() []dnetEvent {
	if t.attempt == 0 {
		return nil
	}
	return t.discovery("wait")
}
