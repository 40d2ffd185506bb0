package ropewalk

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ropewalk/ropewalk/gossipsub/score"
	"github.com/ropewalk/ropewalk/link/mem"
)

// Scoring is on by default; who delivers first earns, and what it earned is
// remembered nowhere once it leaves.
// Rule: C20
func TestScores(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wire := mem.NewNetwork()
		a, b := started(t, memConfig(wire, "a")), started(t, memConfig(wire, "b"))
		follow(t, a, "news")
		follow(t, b, "news")
		join(t, a, b)
		meshed(t, a, "news", 1)
		for range 5 {
			if _, err := a.Publish(t.Context(), "news", []byte("x"), 1); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(3 * time.Second)
		all, err := b.Scores(t.Context())
		if err != nil || len(all) != 1 {
			t.Fatalf("%+v %v", all, err)
		}
		p := all[0]
		if p.ID != a.Info().ID || p.PeerID != a.Info().PeerID || !p.Connected || p.Standing != "good" || p.Score <= 0 || len(p.Topics) != 1 {
			t.Fatalf("%+v", p)
		}
		x := p.Topics[0]
		if x.Topic != "news" || x.FirstDeliveries <= 0 || x.TimeInMesh <= 0 || x.InMesh < 2000 || x.Invalid != 0 || x.Starves {
			t.Errorf("%+v", x)
		}
		s, err := b.GossipStats(t.Context())
		if err != nil || !s.Scoring || s.Thresholds != ScoreThresholds(score.DefaultConfig().Thresholds) {
			t.Errorf("%+v %v", s.Thresholds, err)
		}
		if text := exposition(t, b); !strings.Contains(text, `ropewalk_gossipsub_peer_score_bucket{le="0"} 0`) || !strings.Contains(text, "ropewalk_gossipsub_peer_score_count 1") {
			t.Error("no histogram of scores")
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		if all, err = b.Scores(t.Context()); err != nil || len(all) != 0 {
			t.Errorf("after it left: %+v %v", all, err)
		}
	})
}

func TestStanding(t *testing.T) {
	bars := score.DefaultConfig().Thresholds
	for s, want := range map[float64]string{1: "good", 0: "good", -1: "no mesh", -10: "no mesh", -11: "no gossip", -51: "no publish", -81: "graylisted"} {
		if got := standingOf(s, bars); got != want {
			t.Errorf("%v: %s, want %s", s, got, want)
		}
	}
}

// Peers that are gone are not in the histogram; the rest stand in cumulative buckets.
func TestScoreHistogram(t *testing.T) {
	reg := prometheus.NewRegistry()
	reg.MustRegister(collect(func(c chan<- prometheus.Metric) {
		c <- scoreHistogram([]PeerScore{{Score: -100, Connected: true}, {Score: 3, Connected: true}, {Score: 5000, Connected: true}, {Score: -3}})
	}))
	all, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	h := all[0].Metric[0].Histogram
	if h.GetSampleCount() != 3 || h.GetSampleSum() != 4903 {
		t.Errorf("%v", h)
	}
	for _, b := range h.Bucket {
		want := map[bool]uint64{true: 1, false: 0}[b.GetUpperBound() >= -100]
		if b.GetUpperBound() >= 5 {
			want = 2
		}
		if b.GetCumulativeCount() != want {
			t.Errorf("up to %v: %d, want %d", b.GetUpperBound(), b.GetCumulativeCount(), want)
		}
	}
}

type collect func(c chan<- prometheus.Metric)

func (collect) Describe(c chan<- *prometheus.Desc) { c <- descScores }

func (f collect) Collect(c chan<- prometheus.Metric) { f(c) }
