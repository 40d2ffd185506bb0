package score

import (
	"fmt"
	"math"
	"time"
)

// field is a number of the configuration with its name.
type field struct {
	name string
	v    float64
}

func bad(name, format string, args ...any) error {
	return fmt.Errorf("score: %s: %s", name, fmt.Sprintf(format, args...))
}

// fill sets defaults and refuses what cannot work.
func (c *Config) fill() error {
	if c.DecayInterval == 0 {
		c.DecayInterval = defaultDecayInterval
	}
	if c.DecayToZero == 0 {
		c.DecayToZero = defaultDecayToZero
	}
	if c.RecordTTL == 0 {
		c.RecordTTL = defaultRecordTTL
	}
	return c.check()
}

// check names the first field, or the pair, that cannot work.
func (c *Config) check() error {
	for _, step := range []func() error{c.checkNumbers, c.checkTimes, c.Thresholds.check, c.checkTerms, c.checkReach} {
		if err := step(); err != nil {
			return err
		}
	}
	return c.Topic.check("Topic.")
}

func checkNumbers(fields []field) error {
	for _, f := range fields {
		if math.IsNaN(f.v) || math.Abs(f.v) > numberMax {
			return bad(f.name, "%v is not a number between -1e12 and 1e12", f.v)
		}
	}
	return nil
}

func (c *Config) checkNumbers() error {
	return checkNumbers([]field{
		{"Gossip", c.Gossip}, {"Publish", c.Publish}, {"Graylist", c.Graylist},
		{"AcceptPX", c.AcceptPX}, {"OpportunisticGraft", c.OpportunisticGraft},
		{"AppSpecificWeight", c.AppSpecificWeight},
		{"IPColocationFactorWeight", c.IPColocationFactorWeight},
		{"BehaviourPenaltyWeight", c.BehaviourPenaltyWeight},
		{"BehaviourPenaltyThreshold", c.BehaviourPenaltyThreshold},
		{"BehaviourPenaltyDecay", c.BehaviourPenaltyDecay},
		{"TopicScoreCap", c.TopicScoreCap}, {"DecayToZero", c.DecayToZero},
	})
}

func (c *Config) checkTimes() error {
	switch {
	case c.DecayInterval < time.Second || c.DecayInterval > durationMax:
		return bad("DecayInterval", "%v is not between 1s and %v", c.DecayInterval, durationMax)
	case c.DecayToZero <= 0 || c.DecayToZero >= 1:
		return bad("DecayToZero", "%v is not between 0 and 1", c.DecayToZero)
	case c.RetainScore < 0 || c.RetainScore > durationMax:
		return bad("RetainScore", "%v is not between 0 and %v", c.RetainScore, durationMax)
	case c.RecordTTL < starveWindow || c.RecordTTL > recordTTLMax:
		return bad("RecordTTL", "%v is not between %v and %v", c.RecordTTL, starveWindow, recordTTLMax)
	}
	return nil
}

func (t Thresholds) check() error {
	switch {
	case t.Gossip > 0:
		return bad("Gossip", "%v is above zero", t.Gossip)
	case t.Publish > t.Gossip:
		return bad("Publish and Gossip", "%v is above %v", t.Publish, t.Gossip)
	case t.Graylist > t.Publish:
		return bad("Graylist and Publish", "%v is above %v", t.Graylist, t.Publish)
	case t.AcceptPX < 0:
		return bad("AcceptPX", "%v is below zero", t.AcceptPX)
	case t.OpportunisticGraft < 0:
		return bad("OpportunisticGraft", "%v is below zero", t.OpportunisticGraft)
	}
	return nil
}

func (c *Config) checkTerms() error {
	switch {
	case c.AppSpecificWeight < 0:
		return bad("AppSpecificWeight", "%v is below zero", c.AppSpecificWeight)
	case c.App != nil && c.AppSpecificWeight == 0:
		return bad("App and AppSpecificWeight", "the score is asked for and has no weight")
	case c.IPColocationFactorWeight > 0:
		return bad("IPColocationFactorWeight", "%v is above zero", c.IPColocationFactorWeight)
	case c.IPColocationFactorWeight != 0 && c.IPColocationFactorThreshold < 1:
		return bad("IPColocationFactorThreshold", "%d is below 1", c.IPColocationFactorThreshold)
	case c.BehaviourPenaltyWeight > 0:
		return bad("BehaviourPenaltyWeight", "%v is above zero", c.BehaviourPenaltyWeight)
	case c.BehaviourPenaltyThreshold < 0:
		return bad("BehaviourPenaltyThreshold", "%v is below zero", c.BehaviourPenaltyThreshold)
	case c.BehaviourPenaltyWeight != 0 && !fraction(c.BehaviourPenaltyDecay):
		return bad("BehaviourPenaltyDecay", "%v is not between 0 and 1", c.BehaviourPenaltyDecay)
	case c.TopicScoreCap < 0:
		return bad("TopicScoreCap", "%v is below zero", c.TopicScoreCap)
	}
	for _, p := range c.IPColocationAllow {
		if !p.IsValid() {
			return bad("IPColocationAllow", "%v is no prefix", p)
		}
	}
	return nil
}

// checkReach refuses a threshold that no peer can ever come up to.
func (c *Config) checkReach() error {
	if c.App != nil {
		return nil // what it says is not known
	}
	for _, t := range []field{{"AcceptPX", c.AcceptPX}, {"OpportunisticGraft", c.OpportunisticGraft}} {
		switch most := c.Topic.most(); {
		case c.TopicScoreCap > 0 && t.v > c.TopicScoreCap:
			return bad(t.name+" and TopicScoreCap", "no peer can reach %v above a cap of %v", t.v, c.TopicScoreCap)
		case t.v > 0 && c.Topic != (TopicParams{}) && most == 0:
			return bad(t.name+" and Topic", "no peer can reach %v where topics earn nothing", t.v)
		}
	}
	return nil
}

// most is what one peer can earn in one topic.
func (w *TopicParams) most() float64 {
	return w.TopicWeight * (w.TimeInMeshWeight*w.TimeInMeshCap + w.FirstMessageDeliveriesWeight*w.FirstMessageDeliveriesCap)
}

// check names the first field, or the pair, that cannot work.
func (w *TopicParams) check(prefix string) error {
	if err := w.checkNumbers(prefix); err != nil {
		return err
	}
	if err := w.checkRewards(prefix); err != nil {
		return err
	}
	if err := w.checkDeliveries(prefix); err != nil {
		return err
	}
	switch {
	case w.InvalidMessageDeliveriesWeight > 0:
		return bad(prefix+"InvalidMessageDeliveriesWeight", "%v is above zero", w.InvalidMessageDeliveriesWeight)
	case w.invalids() && !fraction(w.InvalidMessageDeliveriesDecay):
		return bad(prefix+"InvalidMessageDeliveriesDecay", "%v is not between 0 and 1", w.InvalidMessageDeliveriesDecay)
	}
	return nil
}

func (w *TopicParams) checkNumbers(prefix string) error {
	return checkNumbers([]field{
		{prefix + "TopicWeight", w.TopicWeight},
		{prefix + "TimeInMeshWeight", w.TimeInMeshWeight},
		{prefix + "TimeInMeshCap", w.TimeInMeshCap},
		{prefix + "FirstMessageDeliveriesWeight", w.FirstMessageDeliveriesWeight},
		{prefix + "FirstMessageDeliveriesDecay", w.FirstMessageDeliveriesDecay},
		{prefix + "FirstMessageDeliveriesCap", w.FirstMessageDeliveriesCap},
		{prefix + "MeshMessageDeliveriesWeight", w.MeshMessageDeliveriesWeight},
		{prefix + "MeshMessageDeliveriesDecay", w.MeshMessageDeliveriesDecay},
		{prefix + "MeshMessageDeliveriesCap", w.MeshMessageDeliveriesCap},
		{prefix + "MeshMessageDeliveriesThreshold", w.MeshMessageDeliveriesThreshold},
		{prefix + "MeshFailurePenaltyWeight", w.MeshFailurePenaltyWeight},
		{prefix + "MeshFailurePenaltyDecay", w.MeshFailurePenaltyDecay},
		{prefix + "InvalidMessageDeliveriesWeight", w.InvalidMessageDeliveriesWeight},
		{prefix + "InvalidMessageDeliveriesDecay", w.InvalidMessageDeliveriesDecay},
	})
}

func (w *TopicParams) checkRewards(prefix string) error {
	switch {
	case w.TopicWeight < 0:
		return bad(prefix+"TopicWeight", "%v is below zero", w.TopicWeight)
	case w.TimeInMeshWeight < 0:
		return bad(prefix+"TimeInMeshWeight", "%v is below zero", w.TimeInMeshWeight)
	case w.TimeInMeshWeight != 0 && (w.TimeInMeshQuantum <= 0 || w.TimeInMeshQuantum > durationMax):
		return bad(prefix+"TimeInMeshQuantum", "%v is not between 0 and %v", w.TimeInMeshQuantum, durationMax)
	case w.TimeInMeshWeight != 0 && w.TimeInMeshCap <= 0:
		return bad(prefix+"TimeInMeshCap", "%v is not above zero", w.TimeInMeshCap)
	case w.FirstMessageDeliveriesWeight < 0:
		return bad(prefix+"FirstMessageDeliveriesWeight", "%v is below zero", w.FirstMessageDeliveriesWeight)
	case w.firsts() && !fraction(w.FirstMessageDeliveriesDecay):
		return bad(prefix+"FirstMessageDeliveriesDecay", "%v is not between 0 and 1", w.FirstMessageDeliveriesDecay)
	case w.firsts() && w.FirstMessageDeliveriesCap <= 0:
		return bad(prefix+"FirstMessageDeliveriesCap", "%v is not above zero", w.FirstMessageDeliveriesCap)
	}
	return nil
}

// checkDeliveries looks at P3 and P3b. P3b is the deficit of P3, so it needs its
// threshold even where P3 itself has no weight.
func (w *TopicParams) checkDeliveries(prefix string) error {
	p3 := prefix + "MeshMessageDeliveries"
	switch {
	case w.MeshMessageDeliveriesWeight > 0:
		return bad(p3+"Weight", "%v is above zero", w.MeshMessageDeliveriesWeight)
	case w.MeshFailurePenaltyWeight > 0:
		return bad(prefix+"MeshFailurePenaltyWeight", "%v is above zero", w.MeshFailurePenaltyWeight)
	case !w.deficits():
		return nil
	case w.MeshMessageDeliveriesThreshold <= 0:
		return bad(p3+"Threshold", "%v is not above zero, and MeshMessageDeliveriesWeight or MeshFailurePenaltyWeight needs it", w.MeshMessageDeliveriesThreshold)
	case !fraction(w.MeshMessageDeliveriesDecay):
		return bad(p3+"Decay", "%v is not between 0 and 1", w.MeshMessageDeliveriesDecay)
	case w.MeshMessageDeliveriesCap < w.MeshMessageDeliveriesThreshold:
		return bad(p3+"Cap and MeshMessageDeliveriesThreshold", "%v is below %v", w.MeshMessageDeliveriesCap, w.MeshMessageDeliveriesThreshold)
	case w.MeshMessageDeliveriesWindow < 0 || w.MeshMessageDeliveriesWindow > starveWindow:
		return bad(p3+"Window", "%v is not between 0 and %v", w.MeshMessageDeliveriesWindow, starveWindow)
	case w.MeshMessageDeliveriesActivation < time.Second || w.MeshMessageDeliveriesActivation > durationMax:
		return bad(p3+"Activation", "%v is not between 1s and %v", w.MeshMessageDeliveriesActivation, durationMax)
	case w.MeshFailurePenaltyWeight != 0 && !fraction(w.MeshFailurePenaltyDecay):
		return bad(prefix+"MeshFailurePenaltyDecay", "%v is not between 0 and 1", w.MeshFailurePenaltyDecay)
	}
	return nil
}

func fraction(v float64) bool { return v > 0 && v < 1 }
