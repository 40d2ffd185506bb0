package score

import (
	"fmt"
	"math"
	"net/netip"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// model is the score function as the specification writes it, with nothing done
// for speed: every counter of every peer is looked at for every question.
type model struct {
	cfg    Config
	params map[string]TopicParams
	peers  map[int]*modelPeer
	msgs   map[Key]*modelMsg
	at     time.Duration
}

type modelPeer struct {
	n         int
	connected bool
	since     time.Duration
	ip        string
	until     time.Duration
	breaches  float64
	in        map[string]*modelStat
}

type modelStat struct {
	mesh, active                        bool
	grafted, meshTime                   time.Duration
	first, delivered, failures, invalid float64
}

type modelMsg struct {
	made, judged time.Duration
	state        string       // "", valid, invalid
	from         []*modelPeer // one that is forgotten and comes back is another
}

func (m *model) stat(p int, t string) *modelStat {
	if m.peers[p].in[t] == nil {
		m.peers[p].in[t] = &modelStat{}
	}
	return m.peers[p].in[t]
}

func (m *model) deficit(t string, s *modelStat) float64 {
	if w := m.params[t]; s.active && s.delivered < w.MeshMessageDeliveriesThreshold {
		return w.MeshMessageDeliveriesThreshold - s.delivered
	}
	return 0
}

func (m *model) score(p int) float64 {
	var earned, lost float64
	for t, s := range m.peers[p].in {
		w := m.params[t]
		var p1 float64
		if s.mesh && w.TimeInMeshWeight > 0 {
			p1 = min(math.Floor(float64(s.meshTime)/float64(w.TimeInMeshQuantum)), w.TimeInMeshCap)
		}
		d := m.deficit(t, s)
		v := w.TopicWeight * (w.TimeInMeshWeight*p1 + w.FirstMessageDeliveriesWeight*s.first +
			w.MeshMessageDeliveriesWeight*d*d + w.MeshFailurePenaltyWeight*s.failures +
			w.InvalidMessageDeliveriesWeight*s.invalid*s.invalid)
		if v > 0 {
			earned += v
		} else {
			lost += v
		}
	}
	if m.cfg.TopicScoreCap > 0 {
		earned = min(earned, m.cfg.TopicScoreCap)
	}
	sum := earned + lost
	if m.cfg.App != nil {
		sum += m.cfg.AppSpecificWeight * m.cfg.App(name(p))
	}
	if c := m.peers[p].breaches - m.cfg.BehaviourPenaltyThreshold; c > 0 {
		sum += m.cfg.BehaviourPenaltyWeight * c * c
	}
	return sum + m.cfg.IPColocationFactorWeight*m.crowd(p)
}

func (m *model) crowd(p int) (sum float64) {
	for _, bits := range []int{-1, 64} {
		ip := netip.MustParseAddr(m.peers[p].ip)
		if ip.IsLoopback() || bits == 64 && !ip.Is6() {
			continue
		}
		if bits < 0 {
			bits = ip.BitLen()
		}
		n := 0
		for _, q := range m.peers {
			if netip.PrefixFrom(ip, bits).Masked().Contains(netip.MustParseAddr(q.ip)) {
				n++
			}
		}
		if over := float64(n - m.cfg.IPColocationFactorThreshold); over > 0 {
			sum += over * over
		}
	}
	return sum
}

// wait lets whole decay intervals and ends of retention pass, in order.
func (m *model) wait(d time.Duration) {
	for end := m.at + d; m.at < end; {
		m.at = min(end, (m.at/m.cfg.DecayInterval+1)*m.cfg.DecayInterval)
		if m.at%m.cfg.DecayInterval == 0 {
			for p := range m.peers {
				m.decay(p)
			}
		}
		for n, p := range m.peers {
			if !p.connected && p.until <= m.at {
				delete(m.peers, n)
			}
		}
	}
}

func (m *model) decay(n int) {
	p := m.peers[n]
	if !p.connected {
		return
	}
	fade := func(v *float64, d float64) {
		if *v *= d; *v < m.cfg.DecayToZero {
			*v = 0
		}
	}
	fade(&p.breaches, m.cfg.BehaviourPenaltyDecay)
	for t, s := range p.in {
		w := m.params[t]
		fade(&s.first, w.FirstMessageDeliveriesDecay)
		fade(&s.delivered, w.MeshMessageDeliveriesDecay)
		fade(&s.failures, w.MeshFailurePenaltyDecay)
		fade(&s.invalid, w.InvalidMessageDeliveriesDecay)
		if s.mesh {
			s.meshTime = m.at - s.grafted
			s.active = w.deficits() && s.meshTime > w.MeshMessageDeliveriesActivation
		}
	}
}

func (m *model) up(p int, ip string) {
	if m.peers[p] == nil {
		m.peers[p] = &modelPeer{n: p, in: map[string]*modelStat{}}
	}
	m.peers[p].connected, m.peers[p].ip, m.peers[p].since = true, ip, m.at
}

func (m *model) prune(p int, t string) {
	s := m.stat(p, t)
	if d := m.deficit(t, s); s.mesh && m.params[t].MeshFailurePenaltyWeight != 0 {
		s.failures += d * d
	}
	s.mesh, s.active = false, false
}

func (m *model) down(n int) {
	p := m.peers[n]
	keep := m.score(n) <= 0 && m.cfg.RetainScore > 0
	for t := range m.params {
		m.prune(n, t)
		m.stat(n, t).first = 0
	}
	p.connected, p.until = false, m.at+m.cfg.RetainScore
	if !keep {
		delete(m.peers, n)
	}
}

func (m *model) bad(p int, t string) {
	if w := m.params[t]; m.peers[p] != nil && w.invalids() {
		m.stat(p, t).invalid++
	}
}

func (m *model) counted(p int, t string, age time.Duration) {
	w := m.params[t]
	if s := m.stat(p, t); s.mesh && w.deficits() && age <= w.MeshMessageDeliveriesWindow {
		s.delivered = min(s.delivered+1, w.MeshMessageDeliveriesCap)
	}
}

func (m *model) copy(p int, t string, k Key) {
	r := m.msgs[k]
	if r == nil || m.at-r.made >= m.cfg.RecordTTL {
		r = &modelMsg{made: m.at}
		m.msgs[k] = r
	}
	if r.state == "invalid" {
		m.bad(p, t)
		return
	}
	for _, q := range r.from {
		if q == m.peers[p] {
			return
		}
	}
	if r.state == "" && m.at-r.made > verdictWait {
		return
	}
	r.from = append(r.from, m.peers[p])
	if r.state == "valid" {
		m.counted(p, t, m.at-r.judged)
	}
}

func (m *model) judge(t string, k Key, v Verdict) {
	r := m.msgs[k]
	if r == nil || r.state != "" || m.at-r.made >= m.cfg.RecordTTL {
		return
	}
	if m.at-r.made > verdictWait {
		r.from = nil
	}
	switch v {
	case Accepted:
		r.state, r.judged = "valid", m.at
		for i, q := range r.from {
			p := q.n
			if m.peers[p] != q || !q.connected || r.made < q.since {
				continue
			}
			if w := m.params[t]; i == 0 && w.firsts() {
				s := m.stat(p, t)
				s.first = min(s.first+1, w.FirstMessageDeliveriesCap)
			}
			m.counted(p, t, 0)
		}
	case Rejected:
		r.state = "invalid"
		for _, q := range r.from {
			if m.peers[q.n] == q {
				m.bad(q.n, t)
			}
		}
	case Ignored:
		r.from = nil
	}
}

// drawTopic makes parameters of which any term may be off.
func drawTopic(rt *rapid.T) (w TopicParams) {
	on := rapid.IntRange(0, 31).Draw(rt, "terms")
	num := func(lo, hi float64) float64 { return rapid.Float64Range(lo, hi).Draw(rt, "v") }
	dur := func(lo, hi int) time.Duration {
		return time.Duration(rapid.IntRange(lo, hi).Draw(rt, "ms")) * time.Millisecond
	}
	w.TopicWeight = num(0, 3)
	if on&1 != 0 {
		w.TimeInMeshWeight, w.TimeInMeshQuantum, w.TimeInMeshCap = num(0.001, 1), dur(100, 5000), num(0.5, 100)
	}
	if on&2 != 0 {
		w.FirstMessageDeliveriesWeight, w.FirstMessageDeliveriesDecay, w.FirstMessageDeliveriesCap = num(0.1, 2), num(0.5, 0.99), num(0.5, 20)
	}
	if on&4 != 0 {
		w.MeshMessageDeliveriesWeight = -num(0.1, 2)
	}
	if on&8 != 0 {
		w.MeshFailurePenaltyWeight, w.MeshFailurePenaltyDecay = -num(0.1, 2), num(0.5, 0.99)
	}
	if on&12 != 0 {
		w.MeshMessageDeliveriesDecay, w.MeshMessageDeliveriesThreshold = num(0.5, 0.99), num(0.5, 10)
		w.MeshMessageDeliveriesCap = w.MeshMessageDeliveriesThreshold + num(0, 10)
		w.MeshMessageDeliveriesWindow, w.MeshMessageDeliveriesActivation = dur(0, 3000), dur(1000, 5000)
	}
	if on&16 != 0 {
		w.InvalidMessageDeliveriesWeight, w.InvalidMessageDeliveriesDecay = -num(0.1, 3), num(0.5, 0.99)
	}
	return w
}

func drawConfig(rt *rapid.T) Config {
	cfg := Config{
		DecayInterval: time.Duration(rapid.IntRange(1000, 3000).Draw(rt, "interval")) * time.Millisecond,
		DecayToZero:   rapid.Float64Range(0.001, 0.1).Draw(rt, "toZero"),
		RetainScore:   time.Duration(rapid.IntRange(0, 20).Draw(rt, "retain")) * time.Second,
		TopicScoreCap: rapid.SampledFrom([]float64{0, 1, 10}).Draw(rt, "cap"),
		Topic:         drawTopic(rt),
	}
	if rapid.Bool().Draw(rt, "p6") {
		cfg.IPColocationFactorWeight, cfg.IPColocationFactorThreshold = -1, rapid.IntRange(1, 3).Draw(rt, "crowd")
	}
	if rapid.Bool().Draw(rt, "p7") {
		cfg.BehaviourPenaltyWeight, cfg.BehaviourPenaltyThreshold, cfg.BehaviourPenaltyDecay = -2, rapid.Float64Range(0, 3).Draw(rt, "free"), 0.9
	}
	if rapid.Bool().Draw(rt, "p5") {
		cfg.AppSpecificWeight, cfg.App = 0.5, fixedApp
	}
	return cfg
}

// TestAgainstModel: random parameters, random histories, the same scores.
// Rule: C1, C2, C3, C4, C5, C10
func TestAgainstModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		cfg := drawConfig(rt)
		g := newRig(t, cfg)
		m := &model{cfg: g.b.cfg, params: map[string]TopicParams{}, peers: map[int]*modelPeer{}, msgs: map[Key]*modelMsg{}}
		var topics []*Topic
		for i := range 2 {
			topics = append(topics, g.topic(fmt.Sprint(i), nil))
			m.params[fmt.Sprint(i)] = cfg.Topic
		}
		up := map[int]*Peer{}
		ips := []string{"192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2", "127.0.0.1"}
		for range rapid.IntRange(1, 120).Draw(rt, "steps") {
			n, tn := rapid.IntRange(0, 4).Draw(rt, "peer"), rapid.IntRange(0, 1).Draw(rt, "topic")
			tp, tname := topics[tn], fmt.Sprint(tn)
			k := Key{byte(rapid.IntRange(0, 5).Draw(rt, "key")), 1}
			p := up[n]
			op := rapid.IntRange(0, 9).Draw(rt, "op")
			switch {
			case op == 0:
				d := time.Duration(rapid.IntRange(1, 8000).Draw(rt, "wait")) * time.Millisecond
				g.wait(d)
				m.wait(d)
			case op == 1:
				v := Verdict(rapid.IntRange(0, 2).Draw(rt, "verdict"))
				g.b.Judge(g.now, tp, k, v)
				m.judge(tname, k, v)
			case p == nil:
				ip := rapid.SampledFrom(ips).Draw(rt, "ip")
				up[n] = g.up(n, ip)
				m.up(n, ip)
			case op == 2:
				g.b.Down(g.now, p)
				m.down(n)
				delete(up, n)
			case op == 3:
				g.b.Prune(g.now, p, tp)
				m.prune(n, tname)
			case op == 4:
				g.b.Graft(g.now, p, tp)
				if s := m.stat(n, tname); !s.mesh {
					*s = modelStat{mesh: true, grafted: m.at, first: s.first, delivered: s.delivered, failures: s.failures, invalid: s.invalid}
				}
			case op == 5:
				g.b.Penalty(g.now, p, 1)
				if cfg.BehaviourPenaltyWeight != 0 {
					m.peers[n].breaches++
				}
			default:
				g.b.Copy(g.now, p, tp, k)
				m.copy(n, tname, k)
			}
			for n, p := range up {
				got, want := g.b.Score(g.now, p), m.score(n)
				if math.Abs(got-want) > 1e-9*(1+math.Abs(want)) {
					rt.Fatalf("op %d at %v: peer %d scores %v, want %v", op, m.at, n, got, want)
				}
			}
			if len(g.b.peers) != len(m.peers) {
				rt.Fatalf("op %d at %v: %d peers known, want %d", op, m.at, len(g.b.peers), len(m.peers))
			}
			sound(rt, g.b)
		}
	})
}
