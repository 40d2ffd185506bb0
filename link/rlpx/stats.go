package rlpx

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ropewalk/ropewalk/link"
)

// cause is how the making of a link ended, as metrics tell it.
type cause uint8

const (
	madeOK cause = iota
	madeGated
	madeThrottled
	madeEvicted
	madeRefused
	madeTimedOut
	madeHungUp
	madeBadHandshake
	madeBreach
	madeUseless
	madeIdentity // a Hello of another key, of none, or of ourselves
	madeVersion
	madeDisconnected // the remote said why
	madeGiven        // up by us: closed, or the context ended
	madeNetwork
	causes // how many there are
)

var causeNames = [causes]string{"ok", "gated", "throttled", "evicted", "refused", "timeout", "hung_up", "bad_handshake",
	"breach", "useless", "identity", "version", "disconnected", "given_up", "network"}

// causeOf sorts the error of a setup or dial.
func causeOf(err error) cause {
	var closed *link.Closed
	for _, c := range []struct {
		is    error
		cause cause
	}{
		{ErrGated, madeGated}, {errEvicted, madeEvicted}, {ErrRefused, madeRefused}, {ErrTimeout, madeTimedOut}, {context.DeadlineExceeded, madeTimedOut},
		{ErrWrongKey, madeHungUp}, {errHandshake, madeBadHandshake}, {link.Breach, madeBreach}, {link.Useless, madeUseless},
		{link.WrongIdentity, madeIdentity}, {link.BadIdentity, madeIdentity}, {link.Self, madeIdentity}, {link.BadVersion, madeVersion},
		{ErrClosed, madeGiven}, {context.Canceled, madeGiven},
	} {
		if errors.Is(err, c.is) {
			return c.cause
		}
	}
	switch {
	case err == nil:
		return madeOK
	case errors.As(err, &closed):
		return madeDisconnected
	}
	return madeNetwork
}

// Traffic counts what crossed on one lane, over all links. Bytes are of payloads,
// decompressed.
type Traffic struct {
	Protocol string // NAME/VERSION
	MsgsIn   uint64
	BytesIn  uint64
	MsgsOut  uint64
	BytesOut uint64
}

// Stats are the transport's counters.
type Stats struct {
	// In and Out count how the making of links ended, by cause: "ok", "refused",
	// "timeout" and so on.
	In, Out map[string]uint64
	// Closed and Told count the reasons links ended with: ours, and the remotes'.
	// Lost counts links that ended without anybody's word.
	Closed, Told map[link.Reason]uint64
	Lost         uint64

	AcceptErrors  uint64
	PingsSent     uint64
	PingsAnswered uint64    // of the remotes'
	Ignored       uint64    // messages that mean nothing here: reserved codes, other networks' protocols, pongs nobody asked for
	Traffic       []Traffic // by lane
}

// stats are the counters. Nothing is looked up while messages flow.
type stats struct {
	made         [2][causes]atomic.Uint64 // inbound, outbound
	closed, told [256]atomic.Uint64
	lost         atomic.Uint64
	acceptErrors atomic.Uint64
	pings, pongs atomic.Uint64
	ignored      atomic.Uint64
	lanes        []laneStats

	seconds  [2]prometheus.Histogram
	registry prometheus.Registerer
}

type laneStats struct {
	name, version string
	in, out       tally
}

// tally is shared by all links; each counts on its own and adds now and then.
type tally struct{ msgs, bytes atomic.Uint64 }

func (t *tally) add(msgs, bytes uint64) {
	t.msgs.Add(msgs)
	t.bytes.Add(bytes)
}

func newStats(c *Config) (*stats, error) {
	s := &stats{lanes: make([]laneStats, len(c.Protocols)), registry: c.Registry}
	for i, p := range c.Protocols {
		s.lanes[i].name, s.lanes[i].version = p.Name, strconv.FormatUint(uint64(p.Version), 10)
	}
	for i, dir := range []link.Direction{link.In, link.Out} {
		s.seconds[i] = prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "ropewalk_rlpx_handshake_seconds", Help: "Time from the connected socket to both keys proven.",
			ConstLabels: prometheus.Labels{"direction": string(dir)},
			Buckets:     []float64{1e-3, 2e-3, 5e-3, 1e-2, 2e-2, 5e-2, 1e-1, 2e-1, 5e-1, 1, 2, 5},
		})
	}
	if s.registry == nil {
		return s, nil
	}
	if err := s.registry.Register(s); err != nil {
		return nil, fmt.Errorf("rlpx: metrics: %w", err)
	}
	return s, nil
}

func (s *stats) unregister() {
	if s.registry != nil {
		s.registry.Unregister(s)
	}
}

func sideOf(dir link.Direction) int {
	if dir == link.Out {
		return 1
	}
	return 0
}

func (s *stats) count(dir link.Direction, c cause) { s.made[sideOf(dir)][c].Add(1) }

func (s *stats) handshake(dir link.Direction, took time.Duration) {
	s.seconds[sideOf(dir)].Observe(took.Seconds())
}

// ended counts how a link ended.
func (s *stats) ended(err error) {
	var c *link.Closed
	switch {
	case !errors.As(err, &c):
		s.lost.Add(1)
	case c.Remote:
		s.told[c.Reason].Add(1)
	default:
		s.closed[c.Reason].Add(1)
	}
}

// Stats reads the counters.
func (t *Transport) Stats() Stats {
	s := t.stats
	made := func(side int) map[string]uint64 {
		out := make(map[string]uint64)
		for c := range causes {
			if n := s.made[side][c].Load(); n > 0 {
				out[causeNames[c]] = n
			}
		}
		return out
	}
	reasons := func(all *[256]atomic.Uint64) map[link.Reason]uint64 {
		out := make(map[link.Reason]uint64)
		for r := range all {
			if n := all[r].Load(); n > 0 {
				out[link.Reason(r)] = n
			}
		}
		return out
	}
	out := Stats{
		In: made(0), Out: made(1), Closed: reasons(&s.closed), Told: reasons(&s.told), Lost: s.lost.Load(),
		AcceptErrors: s.acceptErrors.Load(), PingsSent: s.pings.Load(), PingsAnswered: s.pongs.Load(), Ignored: s.ignored.Load(),
	}
	for i := range s.lanes {
		l := &s.lanes[i]
		out.Traffic = append(out.Traffic, Traffic{
			Protocol: l.name + "/" + l.version,
			MsgsIn:   l.in.msgs.Load(), BytesIn: l.in.bytes.Load(), MsgsOut: l.out.msgs.Load(), BytesOut: l.out.bytes.Load(),
		})
	}
	return out
}
