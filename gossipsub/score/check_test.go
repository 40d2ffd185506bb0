package score

import (
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// full is a configuration with every term on.
func full() Config {
	cfg := DefaultConfig()
	w, err := cfg.Topic.Expect(Expect{Rate: 10, Mesh: 8})
	if err != nil {
		panic(err)
	}
	cfg.Topic = w
	return cfg
}

// Every nonsense is refused with the name of the field, or of the pair.
// Rule: C12
func TestCheck(t *testing.T) {
	for _, tc := range []struct {
		name string
		set  func(*Config)
	}{
		{"Gossip:", func(c *Config) { c.Gossip = math.NaN() }},
		{"Gossip:", func(c *Config) { c.Gossip = 1 }},
		{"Publish and Gossip:", func(c *Config) { c.Publish = -5 }},
		{"Graylist and Publish:", func(c *Config) { c.Graylist = -40 }},
		{"Graylist:", func(c *Config) { c.Graylist = math.Inf(-1) }},
		{"AcceptPX:", func(c *Config) { c.AcceptPX = -1 }},
		{"AcceptPX and TopicScoreCap:", func(c *Config) { c.AcceptPX = 21 }},
		{"OpportunisticGraft:", func(c *Config) { c.OpportunisticGraft = -1 }},
		{"OpportunisticGraft and TopicScoreCap:", func(c *Config) { c.TopicScoreCap, c.AcceptPX = 4, 4 }},
		{"AcceptPX and Topic:", func(c *Config) { c.Topic.TimeInMeshWeight, c.Topic.FirstMessageDeliveriesWeight = 0, 0 }},
		{"AcceptPX and Topic:", func(c *Config) { c.Topic.TopicWeight = 0 }},
		{"AppSpecificWeight:", func(c *Config) { c.AppSpecificWeight = -1 }},
		{"App and AppSpecificWeight:", func(c *Config) { c.App, c.AppSpecificWeight = func(id.ID) float64 { return 0 }, 0 }},
		{"IPColocationFactorWeight:", func(c *Config) { c.IPColocationFactorWeight = 1 }},
		{"IPColocationFactorThreshold:", func(c *Config) { c.IPColocationFactorThreshold = 0 }},
		{"IPColocationAllow:", func(c *Config) { c.IPColocationAllow = []netip.Prefix{{}} }},
		{"BehaviourPenaltyWeight:", func(c *Config) { c.BehaviourPenaltyWeight = 1 }},
		{"BehaviourPenaltyThreshold:", func(c *Config) { c.BehaviourPenaltyThreshold = -1 }},
		{"BehaviourPenaltyDecay:", func(c *Config) { c.BehaviourPenaltyDecay = 1 }},
		{"BehaviourPenaltyDecay:", func(c *Config) { c.BehaviourPenaltyDecay = 0 }},
		{"TopicScoreCap:", func(c *Config) { c.TopicScoreCap = -1 }},
		{"TopicScoreCap:", func(c *Config) { c.TopicScoreCap = 1e13 }},
		{"DecayInterval:", func(c *Config) { c.DecayInterval = time.Millisecond }},
		{"DecayInterval:", func(c *Config) { c.DecayInterval = math.MaxInt64 }},
		{"DecayToZero:", func(c *Config) { c.DecayToZero = 1 }},
		{"DecayToZero:", func(c *Config) { c.DecayToZero = -1 }},
		{"RetainScore:", func(c *Config) { c.RetainScore = -1 }},
		{"RetainScore:", func(c *Config) { c.RetainScore = math.MaxInt64 }},
		{"RecordTTL:", func(c *Config) { c.RecordTTL = time.Millisecond }},
		{"Topic.TopicWeight:", func(c *Config) { c.Topic.TopicWeight = -1 }},
		{"Topic.TopicWeight:", func(c *Config) { c.Topic.TopicWeight = math.Inf(1) }},
		{"Topic.TimeInMeshWeight:", func(c *Config) { c.Topic.TimeInMeshWeight = -1 }},
		{"Topic.TimeInMeshQuantum:", func(c *Config) { c.Topic.TimeInMeshQuantum = 0 }},
		{"Topic.TimeInMeshCap:", func(c *Config) { c.Topic.TimeInMeshCap = -1 }},
		{"Topic.TimeInMeshCap:", func(c *Config) { c.Topic.TimeInMeshCap = math.NaN() }},
		{"Topic.FirstMessageDeliveriesWeight:", func(c *Config) { c.Topic.FirstMessageDeliveriesWeight = -1 }},
		{"Topic.FirstMessageDeliveriesDecay:", func(c *Config) { c.Topic.FirstMessageDeliveriesDecay = 1.5 }},
		{"Topic.FirstMessageDeliveriesCap:", func(c *Config) { c.Topic.FirstMessageDeliveriesCap = -1 }},
		{"Topic.MeshMessageDeliveriesWeight:", func(c *Config) { c.Topic.MeshMessageDeliveriesWeight = 1 }},
		{"Topic.MeshMessageDeliveriesThreshold:", func(c *Config) { c.Topic.MeshMessageDeliveriesThreshold = 0 }},
		{"Topic.MeshMessageDeliveriesThreshold:", func(c *Config) {
			c.Topic.MeshMessageDeliveriesWeight, c.Topic.MeshMessageDeliveriesThreshold = 0, 0 // P3b alone
		}},
		{"Topic.MeshMessageDeliveriesDecay:", func(c *Config) { c.Topic.MeshMessageDeliveriesDecay = 0 }},
		{"Topic.MeshMessageDeliveriesCap and MeshMessageDeliveriesThreshold:", func(c *Config) { c.Topic.MeshMessageDeliveriesCap = 1 }},
		{"Topic.MeshMessageDeliveriesWindow:", func(c *Config) { c.Topic.MeshMessageDeliveriesWindow = -1 }},
		{"Topic.MeshMessageDeliveriesWindow:", func(c *Config) { c.Topic.MeshMessageDeliveriesWindow = time.Hour }},
		{"Topic.MeshMessageDeliveriesActivation:", func(c *Config) { c.Topic.MeshMessageDeliveriesActivation = time.Millisecond }},
		{"Topic.MeshFailurePenaltyWeight:", func(c *Config) { c.Topic.MeshFailurePenaltyWeight = 1 }},
		{"Topic.MeshFailurePenaltyDecay:", func(c *Config) { c.Topic.MeshFailurePenaltyDecay = 1 }},
		{"Topic.InvalidMessageDeliveriesWeight:", func(c *Config) { c.Topic.InvalidMessageDeliveriesWeight = 1 }},
		{"Topic.InvalidMessageDeliveriesDecay:", func(c *Config) { c.Topic.InvalidMessageDeliveriesDecay = 0 }},
	} {
		cfg := full()
		if _, err := New(cfg); err != nil {
			t.Fatal(err)
		}
		tc.set(&cfg)
		if _, err := New(cfg); err == nil || !strings.HasPrefix(err.Error(), "score: "+tc.name) {
			t.Errorf("%s got %v", tc.name, err)
		}
	}
}

// A term without a weight is off, whatever its other fields say; a topic of its own
// is checked as the default one is, under its name.
// Rule: C12
func TestCheckOff(t *testing.T) {
	for name, cfg := range map[string]Config{
		"nothing": {},
		"no P1":   {Topic: TopicParams{TimeInMeshCap: -1}},
		"no P2":   {Topic: TopicParams{FirstMessageDeliveriesDecay: 7}},
		"no P4":   {Topic: TopicParams{InvalidMessageDeliveriesDecay: -7}},
		"no P6":   {IPColocationFactorThreshold: -3},
		// What the application says is not known.
		"P5": {Thresholds: Thresholds{AcceptPX: 1000}, AppSpecificWeight: 1, App: func(id.ID) float64 { return 0 }, TopicScoreCap: 1},
		// Nor is what topics with parameters of their own may earn.
		"own": {Thresholds: Thresholds{AcceptPX: 1000}},
	} {
		if _, err := New(cfg); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	g := newRig(t, Config{})
	_, err := g.b.Topic(g.now, "a\nb", &TopicParams{TopicWeight: math.NaN()})
	if err == nil || !strings.Contains(err.Error(), `topic "a\nb": TopicWeight`) {
		t.Error(err)
	}
	if len(g.b.topics) != 0 {
		t.Error("a refused topic was begun")
	}
}

// Rule: C10
func TestDecay(t *testing.T) {
	for _, d := range []time.Duration{0, time.Millisecond, time.Second, 10 * time.Second, time.Hour} {
		f := Decay(d, time.Second, 0.01)
		steps := max(1, int(d/time.Second))
		if got := math.Pow(f, float64(steps)); f <= 0 || f >= 1 || math.Abs(got-0.01) > 1e-9 {
			t.Errorf("%v: factor %v, after %d steps %v", d, f, steps, got)
		}
	}
}

// The formulas of Expect, with traffic as expected: a peer that delivers all, or
// twice the share, is never short once P3 is active; one that delivers nothing loses
// what was asked.
// Rule: C19
func TestExpect(t *testing.T) {
	for _, rate := range []float64{0.05, 1, 50, 1000} {
		w, err := DefaultTopic().Expect(Expect{Rate: rate, Mesh: 8})
		if err != nil {
			t.Fatalf("rate %v: %v", rate, err)
		}
		if w.MeshMessageDeliveriesThreshold < 4.5 {
			t.Errorf("rate %v: threshold of %v messages", rate, w.MeshMessageDeliveriesThreshold)
		}
		if got := w.FirstMessageDeliveriesWeight * w.FirstMessageDeliveriesCap; math.Abs(got-17) > 1e-9 {
			t.Errorf("rate %v: first deliveries are worth %v", rate, got)
		}
		var all, share, first float64
		for n := time.Duration(0); n < w.MeshMessageDeliveriesActivation; n += time.Second {
			all = min(all+rate, w.MeshMessageDeliveriesCap) * w.MeshMessageDeliveriesDecay
			share = min(share+0.2*rate, w.MeshMessageDeliveriesCap) * w.MeshMessageDeliveriesDecay
			first = (first + rate/8) * w.FirstMessageDeliveriesDecay
		}
		if all < w.MeshMessageDeliveriesThreshold || share < w.MeshMessageDeliveriesThreshold {
			t.Errorf("rate %v: %v and %v delivered by %v, threshold %v", rate, all, share, w.MeshMessageDeliveriesActivation, w.MeshMessageDeliveriesThreshold)
		}
		if first > w.FirstMessageDeliveriesCap {
			t.Errorf("rate %v: an equal share of first deliveries is capped", rate)
		}
		if loss := w.MeshMessageDeliveriesWeight * w.MeshMessageDeliveriesThreshold * w.MeshMessageDeliveriesThreshold; math.Abs(loss+40) > 1e-9 {
			t.Errorf("rate %v: a silent peer loses %v", rate, loss)
		}
	}
	for name, e := range map[string]Expect{
		"Rate and Expect.Share": {Rate: 0.001, Mesh: 8},
		"Rate":                  {Rate: math.NaN(), Mesh: 8},
		"Mesh":                  {Rate: 1},
		"Share":                 {Rate: 1, Mesh: 8, Share: 0.7},
		"Loss":                  {Rate: 1, Mesh: 8, Loss: -1},
		"Interval":              {Rate: 1, Mesh: 8, Interval: time.Hour},
		"ToZero":                {Rate: 1, Mesh: 8, ToZero: 2},
		"":                      {Rate: 1, Mesh: 8, Window: time.Hour},
	} {
		if _, err := DefaultTopic().Expect(e); err == nil || !strings.Contains(err.Error(), "Expect"+map[bool]string{true: ".", false: ": "}[name != ""]+name) {
			t.Errorf("%q: %v", name, err)
		}
	}
}
