package score

import (
	"math"
	"time"
)

// Decay is the factor that brings a counter of one down to toZero in d, applied
// once per interval: toZero^(interval/d). Times below one interval count as one.
func Decay(d, interval time.Duration, toZero float64) float64 {
	return math.Pow(toZero, 1/max(float64(d)/float64(interval), 1))
}

// DefaultConfig is what the product ships, our choice throughout: the specification
// names no weights. A peer that has done nothing stands at zero; good conduct earns
// 20 at most; seven invalid messages graylist it, eight one that has earned all.
// Six breaches of the protocol are forgiven, nine graylist.
func DefaultConfig() Config {
	return Config{
		Thresholds: Thresholds{
			Gossip: -10, Publish: -50, Graylist: -80,
			// More than time in a mesh alone can earn, so that silent peers never
			// reach either.
			AcceptPX: 10, OpportunisticGraft: 5,
		},
		AppSpecificWeight:           1,
		IPColocationFactorWeight:    -5,
		IPColocationFactorThreshold: 10, // households and test machines share addresses
		BehaviourPenaltyWeight:      -15,
		BehaviourPenaltyThreshold:   6,
		BehaviourPenaltyDecay:       Decay(10*time.Minute, defaultDecayInterval, defaultDecayToZero),
		TopicScoreCap:               20,
		DecayInterval:               defaultDecayInterval,
		DecayToZero:                 defaultDecayToZero,
		RetainScore:                 time.Hour,
		RecordTTL:                   defaultRecordTTL,
		Topic:                       DefaultTopic(),
	}
}

// DefaultTopic are the parameters of a topic of which nothing is known. P3 and P3b
// are off: any threshold punishes honest peers of a topic that is quieter than it
// supposes. Expect derives them where the rate is known; Starves needs none.
func DefaultTopic() TopicParams {
	within := func(d time.Duration) float64 { return Decay(d, defaultDecayInterval, defaultDecayToZero) }
	return TopicParams{
		TopicWeight: 1,
		// Up to 3 after five minutes: enough not to be pruned before a newcomer.
		TimeInMeshWeight: 0.01, TimeInMeshQuantum: time.Second, TimeInMeshCap: 300,
		// Up to 17. One first delivery in four seconds is worth the whole of it.
		FirstMessageDeliveriesWeight: 0.5, FirstMessageDeliveriesCap: 34, FirstMessageDeliveriesDecay: within(10 * time.Minute),
		// Eight cost 128.
		InvalidMessageDeliveriesWeight: -2, InvalidMessageDeliveriesDecay: within(time.Hour),
	}
}
