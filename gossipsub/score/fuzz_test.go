package score

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// FuzzBoard: whatever is done in whatever order, nothing panics, scores are numbers,
// the invariants hold, and in the end nothing is left.
func FuzzBoard(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})
	f.Add([]byte{0, 0, 0, 1, 4, 0, 6, 0, 7, 1, 3, 0, 9, 200, 0, 0, 2, 0, 10, 3, 11, 0, 12, 0})
	f.Fuzz(func(t *testing.T, ops []byte) {
		cfg := full()
		cfg.RetainScore, cfg.RecordTTL = 20*time.Second, 10*time.Second
		g := newRig(t, cfg)
		ips := []string{"", "127.0.0.1", "198.51.100.7", "198.51.100.8", "2001:db8::1", "2001:db8::2"}
		var topics []*Topic
		for i := range 3 {
			topics = append(topics, g.topic(fmt.Sprint(i), nil))
		}
		var ps []*Peer // handles stay after their peer is gone
		for i := range 4 {
			ps = append(ps, g.up(i, ips[i]))
		}
		for len(ops) >= 2 && len(ops) < 4096 {
			op, arg := ops[0], int(ops[1])
			ops = ops[2:]
			n, tn := arg%len(ps), arg/4%len(topics)
			p, tp, k := ps[n], topics[tn], Key{byte(arg % 7), byte(arg % 3)}
			if arg == 255 {
				tp = nil
			}
			switch op % 15 {
			case 0:
				ps[n] = g.up(n, ips[arg%len(ips)])
			case 1:
				g.b.Down(g.now, p)
			case 2:
				g.b.Graft(g.now, p, tp)
			case 3:
				g.b.Prune(g.now, p, tp)
			case 4, 5, 6:
				g.b.Copy(g.now, p, tp, k)
			case 7:
				g.b.Judge(g.now, tp, k, Verdict(arg%5))
			case 8:
				g.b.Invalid(g.now, p, tp)
			case 9:
				g.wait(time.Duration(arg*arg) * time.Millisecond)
			case 10:
				g.b.Penalty(g.now, p, []float64{1, 0.1, -1, math.NaN(), math.Inf(1), 1e300}[arg%6])
			case 11:
				g.b.Starves(g.now, p, tp)
				g.b.Report(g.now)
			case 12:
				g.b.Forged(g.now, p, tp, k)
				g.b.Hush(g.now, k)
			case 13:
				if tp != nil {
					g.b.Forget(tp)
				}
			case 14:
				w := &cfg.Topic
				if arg%2 == 0 {
					w = &TopicParams{TopicWeight: 1, InvalidMessageDeliveriesWeight: -1, InvalidMessageDeliveriesDecay: 0.5}
				}
				topics[tn] = g.topic(fmt.Sprint(tn), w)
			}
			sound(t, g.b)
		}
		for _, p := range ps {
			g.b.Down(g.now, p)
		}
		for _, tp := range topics {
			g.b.Forget(tp)
		}
		g.wait(time.Minute)
		if b := g.b; b.peers != nil || b.groups.by != nil || b.topics != nil || b.records.chunks != nil || !b.Deadline().IsZero() {
			t.Errorf("left: %d peers, %d topics", len(b.peers), len(b.topics))
		}
	})
}
