package score

import (
	"fmt"
	"math"
	"time"
)

// Expect is what an operator knows of a topic. It makes P2, P3 and P3b out of it.
type Expect struct {
	Rate float64 // messages per second, as a lasting average
	Mesh int     // mesh degree D

	// Share of the messages that an honest mesh peer delivers in time at the very
	// least, in (0, 0.5]; below it P3 begins [0.1].
	Share float64
	// Window in which a copy counts after the first one was accepted. Shorter than
	// the round trip to a peer it cannot score by echoing, but then slow links lose
	// too [1 s].
	Window time.Duration
	// Loss is what a silent mesh peer loses. It must be more than TopicScoreCap, or
	// a peer that is good elsewhere does not go below zero for it [40].
	Loss float64

	Interval time.Duration // Config.DecayInterval [1 s]
	ToZero   float64       // Config.DecayToZero [0.01]
}

// Our choice.
const (
	expectShare   = 0.1
	expectWindow  = time.Second
	expectLoss    = 40.0
	expectLeast   = 5.0 // messages the P3 threshold stands for: fewer are noise
	expectLifeMin = 30 * time.Second
	expectLifeMax = time.Hour
	failureFade   = time.Hour
	lifeMargin    = 1.5 // of the activation
)

// Expect derives P2, P3 and P3b of a topic from its message rate; the other fields
// are those of w. With m = Rate·Interval messages per interval, a counter that grows
// by x per interval and fades by d settles at x·d/(1−d):
//
//	P2   cap        2 · (m/Mesh) / (1−d2)      twice an equal share of first deliveries
//	     weight     such that the cap is worth what it is worth in w
//	P3   lifetime   max(30 s, 5 / (Share·Rate)) so that the threshold is five messages or more
//	     d3         1 − Interval/lifetime
//	     threshold  Share · m·d3/(1−d3)
//	     cap        m·d3/(1−d3)                who delivered all can be silent for some lifetimes
//	     weight     −Loss / threshold²
//	     activation 1.5 · ln 2 · lifetime      a peer at twice Share is above the threshold by then
//	P3b  weight     as P3, forgotten in an hour
//
// A topic too quiet for that within an hour is refused: leave P3 off, the guard
// works without it. Leave it off too where messages are so large that peers are
// asked not to send second copies (IDONTWANT): obedience would look like silence.
func (w TopicParams) Expect(e Expect) (TopicParams, error) {
	if err := e.fill(); err != nil {
		return TopicParams{}, err
	}
	perInterval := e.Rate * e.Interval.Seconds()
	if w.firsts() {
		worth := w.FirstMessageDeliveriesWeight * w.FirstMessageDeliveriesCap
		w.FirstMessageDeliveriesCap = max(1, 2*perInterval/float64(e.Mesh)/(1-w.FirstMessageDeliveriesDecay))
		w.FirstMessageDeliveriesWeight = worth / w.FirstMessageDeliveriesCap
	}
	life := max(expectLifeMin.Seconds(), expectLeast/(e.Share*e.Rate), 2*e.Interval.Seconds())
	if life > expectLifeMax.Seconds() {
		return TopicParams{}, fmt.Errorf("score: Expect.Rate and Expect.Share: %v messages per second are too few to tell a peer that sends %v of them from one that sends none within %v", e.Rate, e.Share, expectLifeMax)
	}
	d := 1 - e.Interval.Seconds()/life
	all := perInterval * d / (1 - d)
	w.MeshMessageDeliveriesDecay = d
	w.MeshMessageDeliveriesThreshold, w.MeshMessageDeliveriesCap = e.Share*all, all
	w.MeshMessageDeliveriesWeight = -e.Loss / (e.Share * all * e.Share * all)
	w.MeshMessageDeliveriesWindow = e.Window
	w.MeshMessageDeliveriesActivation = time.Duration(lifeMargin * math.Ln2 * life * float64(time.Second))
	w.MeshFailurePenaltyWeight = w.MeshMessageDeliveriesWeight
	w.MeshFailurePenaltyDecay = Decay(failureFade, e.Interval, e.ToZero)
	return w, w.check("Expect: ")
}

func (e *Expect) fill() error {
	for _, f := range []struct {
		v   *float64
		std float64
	}{{&e.Share, expectShare}, {&e.Loss, expectLoss}, {&e.ToZero, defaultDecayToZero}} {
		if *f.v == 0 {
			*f.v = f.std
		}
	}
	if e.Window == 0 {
		e.Window = expectWindow
	}
	if e.Interval == 0 {
		e.Interval = defaultDecayInterval
	}
	switch {
	case !(e.Rate > 0 && e.Rate <= numberMax):
		return bad("Expect.Rate", "%v is not above zero", e.Rate)
	case e.Mesh < 1:
		return bad("Expect.Mesh", "%d is below 1", e.Mesh)
	case !(e.Share > 0 && e.Share <= 0.5):
		return bad("Expect.Share", "%v is not between 0 and 0.5", e.Share)
	case !(e.Loss > 0 && e.Loss <= numberMax):
		return bad("Expect.Loss", "%v is not above zero", e.Loss)
	case e.Interval < time.Second || e.Interval > expectLifeMin:
		return bad("Expect.Interval", "%v is not between 1s and %v", e.Interval, expectLifeMin)
	case !fraction(e.ToZero):
		return bad("Expect.ToZero", "%v is not between 0 and 1", e.ToZero)
	}
	return nil
}
