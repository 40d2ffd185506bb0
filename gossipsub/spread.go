package gossipsub

// spreading is one message on its way out.
type spreading struct {
	r       *Router
	frame   Frame
	id      string
	author  []byte
	via     *peer      // who sent it to us first
	senders []*peer    // and who else
	k       key        // of its ID among those unwanted; zero until it is needed
	parts   bool       // some get the topic's messages in parts
	to      *Published // of our own message: counts those who get it
}

// spread sends one buffer to everybody who should have the message: not to its
// author, nor to who sent it to us, nor to who said that he has it.
func (r *Router) spread(t *topic, s *spreading, all bool) {
	s.parts = t.parts != nil && t.partial() != nil
	var main []*peer
	switch {
	case all:
		main = r.collect(t.peers.list, func(p *peer) bool { return p.direct || r.mayPublish(p) })
	case t.own == nil:
		main = t.fanout.peers.list
	case t.own.mesh.len() == 0:
		// No mesh yet: better random topic peers than nobody. Who keeps no mesh at all
		// does so for own messages only.
		n := t.own.degrees.D
		if s.via == nil {
			n = t.own.degrees.reach()
		}
		main = r.sample(t.peers.list, n, func(p *peer) bool { return p.meshable() && !p.direct && r.mayPublish(p) })
	default:
		main = t.own.mesh.list
	}
	for _, p := range main {
		s.hand(t, p)
	}
	if all && t.own != nil {
		for _, p := range t.own.mesh.list { // who was grafted before it announced
			if !t.peers.has(p) {
				s.hand(t, p)
			}
		}
	}
	if !all {
		for _, p := range t.always.list {
			if p.direct || r.mayPublish(p) {
				s.hand(t, p)
			}
		}
	}
}

func (s *spreading) hand(t *topic, p *peer) {
	if !p.writable || p == s.via || len(s.author) > 0 && string(s.author) == string(p.pid) {
		return
	}
	for _, q := range s.senders {
		if q == p {
			return
		}
	}
	if s.parts && t.says(p).requests {
		return
	}
	if p.unwanted.len() > 0 && s.unwanted(p) {
		s.r.stats.Withheld.add(len(s.frame.Data))
		return
	}
	sent := s.r.send(p, s.frame)
	if sent {
		s.r.stats.Sent.add(len(s.frame.Data))
	}
	if s.to != nil {
		s.to.count(t, p, sent)
	}
}

// unwanted tells whether p said it has the message. The ID is hashed once for all.
func (s *spreading) unwanted(p *peer) bool {
	if s.k == (key{}) {
		s.k = makeKey(s.r.salt, []byte(s.id))
	}
	return p.unwanted.has(s.k)
}

// count enters one peer.
func (out *Published) count(t *topic, p *peer, sent bool) {
	if !sent {
		out.Dropped++
		return
	}
	out.Peers++
	switch {
	case p.direct:
		out.Direct++
	case t.own != nil && t.own.mesh.has(p):
		out.Mesh++
	case t.own == nil && t.fanout.peers.has(p):
		out.Fanout++
	default:
		out.Flood++
	}
}
