package scope

import "github.com/ropewalk/ropewalk/id"

// Link is what one link holds. Nil holds nothing and is refused nothing.
type Link struct {
	set     *Set
	who     id.ID
	peer    *counter
	session *counter
	total   Cost // its own and that of its shares
	own     Cost
	closed  bool
}

// Link takes what a new link costs, in the session Transient. The error wraps
// ErrLimit, and then nothing is held.
func (s *Set) Link(who id.ID, cost Cost) (*Link, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := &Link{set: s, who: who, session: s.session(Transient)}
	l.peer = enter(s.peers, who, Peer, who.String(), s.limits.Peer)
	if err := l.take(nil, cost); err != nil {
		leave(s.peers, who)
		return nil, err
	}
	l.own = cost
	return l, nil
}

// take is Take for the link and a protocol's counter, or nil. Under Set.mu.
func (l *Link) take(protocol *counter, more Cost) error {
	all := [4]*counter{l.set.system, l.session, l.peer, protocol}
	in := all[:4]
	if protocol == nil {
		in = all[:3]
	}
	if err := take(in, more); err != nil {
		return err
	}
	l.total = l.total.Plus(more)
	return nil
}

// add adds without a look at limits. Under Set.mu.
func (l *Link) add(protocol *counter, more Cost) {
	all := [4]*counter{l.set.system, l.session, l.peer, protocol}
	in := all[:4]
	if protocol == nil {
		in = all[:3]
	}
	add(in, more)
	l.total = l.total.Plus(more)
}

// Take takes more for the link itself; the error wraps ErrLimit.
func (l *Link) Take(more Cost) error {
	if l == nil {
		return nil
	}
	l.set.mu.Lock()
	defer l.set.mu.Unlock()
	if l.closed {
		return ErrLimit
	}
	if err := l.take(nil, more); err != nil {
		return err
	}
	l.own = l.own.Plus(more)
	return nil
}

// Give gives some of it back.
func (l *Link) Give(less Cost) {
	if l == nil {
		return
	}
	l.set.mu.Lock()
	defer l.set.mu.Unlock()
	if !l.closed {
		l.add(nil, Cost{}.Minus(less))
		l.own = l.own.Minus(less)
	}
}

// Move makes the link, with all of its shares, one of another session. It is not
// refused: who moves it has judged it by limits of its own.
func (l *Link) Move(session string) {
	if l == nil || session == "" {
		return
	}
	l.set.mu.Lock()
	defer l.set.mu.Unlock()
	to := l.set.session(session)
	if l.closed || to == l.session {
		return
	}
	add([]*counter{l.session}, Cost{}.Minus(l.total))
	add([]*counter{to}, l.total)
	l.session = to
}

// Close gives back what the link itself holds. Its shares live on until they are
// closed. Closing twice does nothing.
func (l *Link) Close() {
	if l == nil {
		return
	}
	l.set.mu.Lock()
	defer l.set.mu.Unlock()
	if l.closed {
		return
	}
	l.add(nil, Cost{}.Minus(l.own))
	l.own, l.closed = Cost{}, true
	leave(l.set.peers, l.who)
}

// Share is what one protocol holds on a link. Nil holds nothing and is never tight.
type Share struct {
	link     *Link
	name     string
	protocol *counter
	held     Cost
	closed   bool
}

// Share takes what a protocol's work on the link costs from the start. The error
// wraps ErrLimit, and then nothing is held.
func (l *Link) Share(protocol string, cost Cost) (*Share, error) {
	if l == nil {
		return nil, nil
	}
	s := l.set
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.closed {
		return nil, ErrLimit
	}
	c := enter(s.protocols, protocol, Protocol, protocol, s.limits.Protocol)
	if err := l.take(c, cost); err != nil {
		leave(s.protocols, protocol)
		return nil, err
	}
	l.peer.holders++
	return &Share{link: l, name: protocol, protocol: c, held: cost}, nil
}

// Add adds what is there already, such as messages that came, whatever the limits say;
// negative amounts give back. See Tight.
func (h *Share) Add(more Cost) {
	if h == nil || more.IsZero() {
		return
	}
	s := h.link.set
	s.mu.Lock()
	defer s.mu.Unlock()
	if !h.closed {
		h.link.add(h.protocol, more)
		h.held = h.held.Plus(more)
	}
}

// Tight tells whether no more bytes should be added: those of the protocol, of the
// peer or of the system are used up.
func (h *Share) Tight() bool {
	return h != nil && (h.protocol.tight.Load() || h.link.peer.tight.Load() || h.link.set.system.tight.Load())
}

// Close gives everything back. Closing twice does nothing.
func (h *Share) Close() {
	if h == nil {
		return
	}
	s := h.link.set
	s.mu.Lock()
	defer s.mu.Unlock()
	if h.closed {
		return
	}
	h.closed = true
	h.link.add(h.protocol, Cost{}.Minus(h.held))
	h.held = Cost{}
	leave(s.protocols, h.name)
	leave(s.peers, h.link.who)
}
