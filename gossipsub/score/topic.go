package score

import (
	"strconv"
	"time"
)

// Topic is one topic's standing; the router keeps the handle while it is joined.
type Topic struct {
	name   string
	number int
	params TopicParams
	left   bool // not joined; kept for what peers did in it
	gone   bool // forgotten; its number may be another's
	stats  []*stat
	mesh   int // how many of them are in the mesh
	flow   flow
}

// Topic begins or changes the scoring of a topic; nil takes Config.Topic. Changed
// parameters cut counters down to their new caps and reset nothing.
func (b *Board) Topic(now time.Time, name string, p *TopicParams) (*Topic, error) {
	b.clock(now)
	params := b.cfg.Topic
	if p != nil {
		params = *p
		if err := params.check("topic " + strconv.Quote(name) + ": "); err != nil {
			return nil, err
		}
	}
	t := b.topics[name]
	if t == nil {
		t = b.addTopic(name)
	}
	t.params, t.left = params, false
	for i := len(t.stats) - 1; i >= 0; i-- {
		s := t.stats[i]
		p := s.peer // touch may let go of s
		s.recap()
		b.touch(s)
		b.weigh(p)
	}
	return t, nil
}

func (b *Board) addTopic(name string) *Topic {
	t := &Topic{name: name, number: len(b.numbered)}
	for i, other := range b.numbered {
		if other == nil {
			t.number = i
			break
		}
	}
	if t.number == len(b.numbered) {
		b.numbered = append(b.numbered, nil)
	}
	if b.topics == nil {
		b.topics = make(map[string]*Topic)
	}
	b.numbered[t.number], b.topics[name] = t, t
	return t
}

func (b *Board) removeTopic(t *Topic) {
	t.gone = true
	delete(b.topics, t.name)
	b.numbered[t.number] = nil
	for n := len(b.numbered); n > 0 && b.numbered[n-1] == nil; n-- {
		b.numbered = b.numbered[:n-1]
	}
	if len(b.topics) == 0 {
		b.topics, b.numbered = nil, nil
	}
}

// Forget ends the scoring of a topic: nothing more is earned in it. What peers lost
// in it stays with them until it fades, and is there if the topic is begun again.
func (b *Board) Forget(t *Topic) {
	if t.left {
		return
	}
	t.left, t.mesh, t.flow = true, 0, flow{}
	for i := len(t.stats) - 1; i >= 0; i-- {
		s := t.stats[i]
		s.inMesh, s.active, s.inMeshFor, s.watch = false, false, 0, watch{}
		s.first, s.delivered = 0, 0
		p := s.peer
		b.touch(s)
		b.weigh(p)
	}
	if len(t.stats) == 0 && !t.gone {
		b.removeTopic(t)
	}
}

// recap cuts counters down to what the parameters allow.
func (s *stat) recap() {
	w := &s.topic.params
	s.first, s.delivered = min(s.first, capOf(w.firsts(), w.FirstMessageDeliveriesCap)), min(s.delivered, capOf(w.deficits(), w.MeshMessageDeliveriesCap))
	s.active = s.active && w.deficits() && s.inMeshFor > w.MeshMessageDeliveriesActivation
	if w.MeshFailurePenaltyWeight == 0 {
		s.failures = 0
	}
	if !w.invalids() {
		s.invalid = 0
	}
}

func capOf(on bool, most float64) float64 {
	if !on {
		return 0
	}
	return most
}

// Graft says that p is in the mesh of t from now on.
func (b *Board) Graft(now time.Time, p *Peer, t *Topic) {
	if t == nil || t.left || !p.connected {
		return
	}
	at := b.clock(now)
	s := b.stat(at, p, t)
	if s.inMesh {
		return
	}
	s.inMesh, s.active, s.grafted, s.inMeshFor = true, false, at, 0
	t.mesh++
	s.watch = t.flow.watch(at)
	b.touch(s)
}

// Prune says that it is no more.
func (b *Board) Prune(_ time.Time, p *Peer, t *Topic) {
	if t == nil {
		return
	}
	if s := p.in(t); s != nil && s.inMesh {
		s.leaveMesh()
		b.touch(s)
	}
}
