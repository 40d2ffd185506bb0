package ropewalk

import (
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/link/mem"
	"github.com/ropewalk/ropewalk/trace"
)

// What the session manager and the host book tell is counted under words of few.
// Rule: O4
func TestSessionsAreCounted(t *testing.T) {
	n := started(t, memConfig(mem.NewNetwork(), "a"))
	if _, err := ask(t.Context(), n, func(now time.Time, reply func(struct{}, error)) {
		for _, e := range []trace.Event{
			{Strand: "session", Kind: "slot_failed", Topic: "outbound"}, {Strand: "session", Kind: "slot_connected", Topic: "manual"},
			{Strand: "session", Kind: "slot_handed_over", Topic: "outbound"}, {Strand: "session", Kind: "direct_failed", Topic: "direct"},
			{Strand: "session", Kind: "refine_ok", Topic: "refine"}, {Strand: "session", Kind: "refine_failed", Topic: "refine"},
			{Strand: "session", Kind: "refused"}, {Strand: "session", Kind: "admitted", Topic: "inbound"}, {Strand: "session", Kind: "inbound_evicted"},
			{Strand: "session", Kind: "seed_contact"}, {Strand: "session", Kind: "seed_answered"}, {Strand: "session", Kind: "find"},
			{Strand: "hosts", Kind: "host_moved", Topic: "grey→white"}, {Strand: "hosts", Kind: "contest", Topic: "replaced"},
		} {
			n.onEvent(now, e)
		}
		reply(struct{}{}, nil)
	}); err != nil {
		t.Fatal(err)
	}
	if err := n.Ban(t.Context(), "192.0.2.1", time.Hour); err != nil {
		t.Fatal(err)
	}
	if _, err := n.SetPlaces(t.Context(), 3, 20); err != nil {
		t.Fatal(err)
	}
	text := exposition(t, n)
	for _, want := range []string{
		`ropewalk_session_dial_total{result="failed",session="outbound"} 1`, `ropewalk_session_dial_total{result="connected",session="manual"} 1`,
		`ropewalk_session_dial_total{result="slow",session="outbound"} 1`, `ropewalk_session_dial_total{result="failed",session="direct"} 1`,
		`ropewalk_refine_total{result="ok"} 1`, `ropewalk_refine_total{result="failed"} 1`,
		`ropewalk_session_link_total{result="refused",session="none"} 1`, `ropewalk_session_link_total{result="admitted",session="inbound"} 1`,
		`ropewalk_inbound_evicted_total 1`, `ropewalk_seed_total{what="contact"} 1`, `ropewalk_seed_total{what="answer"} 1`, `ropewalk_find_total 1`,
		`ropewalk_hosts_moved_total{from="grey",to="white"} 1`, `ropewalk_hosts_contest_total{result="replaced"} 1`,
		`ropewalk_bans 1`, `ropewalk_places{direction="out"} 3`, `ropewalk_places{direction="in"} 20`,
		`ropewalk_slots{role="outbound",state="sleeping",use="known"} `,
	} {
		if !strings.Contains(text, "\n"+want) {
			t.Errorf("no %s", want)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

// A minute of a rate moves on, whatever the gaps.
func TestMeter(t *testing.T) {
	var m meter
	now := time.Unix(1_700_000_000, 0)
	for range 120 {
		m.add(now, 1)
		now = now.Add(time.Second)
	}
	if r := m.rate(now); r.Total != 120 || r.PerMinute < 55 || r.PerMinute > 60 {
		t.Errorf("steady: %+v", r)
	}
	if r := m.rate(now.Add(30 * time.Second)); r.PerMinute < 25 || r.PerMinute > 35 {
		t.Errorf("half a minute later: %+v", r)
	}
	if r := m.rate(now.Add(time.Hour)); r.Total != 120 || r.PerMinute != 0 {
		t.Errorf("an hour later: %+v", r)
	}
	m.add(now, 1) // a clock that was set back
	if r := m.rate(now); r.Total != 121 || r.PerMinute != 1 {
		t.Errorf("set back: %+v", r)
	}
}
