package ropewalk

import (
	"context"
	"errors"
	"os"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ropewalk/ropewalk/link"
)

// lastedFor is how long a link has to live to count as one that was of use.
const lastedFor = time.Minute

// linkMetrics count what became of dials and links. All labels are words of the program.
type linkMetrics struct {
	dials  *prometheus.CounterVec
	begun  *prometheus.CounterVec
	lasted *prometheus.CounterVec
	ends   *prometheus.CounterVec
}

func newLinkMetrics() linkMetrics {
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	return linkMetrics{
		dials:  vec("ropewalk_dial_total", "Dials that are over, by result: ok, or why there was no link.", "result"),
		begun:  vec("ropewalk_link_total", "Links that were finished, kept or not, by who dialled.", "direction"),
		lasted: vec("ropewalk_link_lasted_total", "Links that lived for a minute at least, by who dialled; counted at their end.", "direction"),
		ends:   vec("ropewalk_link_end_total", "Ends of links, by the side that ended them and its reason.", "by", "reason"),
	}
}

func (m linkMetrics) all() []prometheus.Collector {
	return []prometheus.Collector{m.dials, m.begun, m.lasted, m.ends}
}

func (m linkMetrics) dialled(err error) { m.dials.WithLabelValues(dialResult(err)).Inc() }

func (m linkMetrics) up(d link.Direction) { m.begun.WithLabelValues(string(d)).Inc() }

func (m linkMetrics) down(d link.Direction, lived time.Duration, err error) {
	if lived >= lastedFor {
		m.lasted.WithLabelValues(string(d)).Inc()
	}
	by, reason := "nobody", link.NetworkError
	if c := new(link.Closed); errors.As(err, &c) {
		if by, reason = "us", c.Reason; c.Remote {
			by = "remote"
		}
	}
	m.ends.WithLabelValues(by, wordOf(reason)).Inc()
}

// dialResult is a dial's outcome in one word of few.
func dialResult(err error) string {
	var reason link.Reason
	var closed *link.Closed
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &reason):
		return wordOf(reason)
	case errors.As(err, &closed):
		return wordOf(closed.Reason)
	case errors.Is(err, context.DeadlineExceeded), os.IsTimeout(err):
		return link.Timeout.String()
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH):
		return "unreachable"
	case errors.Is(err, errNoTransport):
		return "no link of that kind"
	}
	return "other"
}

// wordOf is a reason as a label: a remote may say numbers that mean nothing.
func wordOf(r link.Reason) string {
	if r > link.Timeout && r != link.Subprotocol {
		return "other"
	}
	return r.String()
}
