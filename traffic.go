package ropewalk

import (
	"context"
	"time"

	"github.com/ropewalk/ropewalk/trace"
)

// Rate is how often something happened: since the start, and in the last minute.
type Rate struct {
	Total     uint64 `json:"total"`
	PerMinute uint64 `json:"per_minute"`
}

// Traffic is what a node does for others who look for hosts, and what comes of it.
type Traffic struct {
	Visitors Rate `json:"visitors"` // links taken in
	Refused  Rate `json:"refused"`  // and not taken in
	Evicted  Rate `json:"evicted"`  // and given up for others
	Answers  Rate `json:"answers"`  // to requests for hosts
	Told     Rate `json:"told"`     // hosts in them
	Heard    Rate `json:"heard"`    // hosts others told of
	Found    Rate `json:"found"`    // probes that found their host
	Missed   Rate `json:"missed"`   // and that did not
}

// The minute of a Rate moves on in steps.
const (
	meterSteps = 12
	meterStep  = time.Minute / meterSteps
)

// meter counts one thing. Owner: the loop.
type meter struct {
	total uint64
	steps [meterSteps]uint64 // of the last minute, a ring
	at    int64              // the step that is being counted
}

func (t *meter) add(now time.Time, n uint64) {
	t.move(now)
	t.total += n
	t.steps[t.at%meterSteps] += n
}

// move empties the steps that are a minute old.
func (t *meter) move(now time.Time) {
	at := max(now.UnixNano()/int64(meterStep), t.at)
	for i := max(t.at+1, at-meterSteps+1); i <= at; i++ {
		t.steps[i%meterSteps] = 0
	}
	t.at = at
}

func (t *meter) rate(now time.Time) Rate {
	t.move(now)
	r := Rate{Total: t.total}
	for _, n := range t.steps {
		r.PerMinute += n
	}
	return r
}

// meters are what Traffic reports. Owner: the loop.
type meters struct {
	visitors, refused, evicted, answers, told, heard, found, missed meter
}

// note counts what an event says of the traffic.
func (t *meters) note(now time.Time, e trace.Event) {
	switch e.Strand {
	case "pex":
		switch e.Kind {
		case "answer":
			t.answers.add(now, 1)
			t.told.add(now, uint64(max(e.N, 0)))
		case "heard":
			t.heard.add(now, uint64(max(e.N, 0)))
		}
	case "session":
		switch {
		case e.Kind == "admitted" && e.Topic == "inbound":
			t.visitors.add(now, 1)
		case e.Kind == "refused" && e.Topic == "inbound":
			t.refused.add(now, 1)
		case e.Kind == "inbound_evicted":
			t.evicted.add(now, 1)
		case e.Kind == "refine_ok":
			t.found.add(now, 1)
		case e.Kind == "refine_failed":
			t.missed.add(now, 1)
		}
	}
}

// Traffic reports what the node does for others who look for hosts.
func (n *Node) Traffic(ctx context.Context) (Traffic, error) {
	return ask(ctx, n, func(now time.Time, reply func(Traffic, error)) {
		t := &n.meters
		reply(Traffic{
			Visitors: t.visitors.rate(now), Refused: t.refused.rate(now), Evicted: t.evicted.rate(now),
			Answers: t.answers.rate(now), Told: t.told.rate(now), Heard: t.heard.rate(now),
			Found: t.found.rate(now), Missed: t.missed.rate(now),
		}, nil)
	})
}
