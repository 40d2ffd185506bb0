package discv5

import (
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/discv5/wire"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// session is what we share with a node at an endpoint, or are about to. It stays while
// requests wait on it.
type session struct {
	place
	prev, next *session // in sessions, by use

	// record is the node's, verified: the newest that we know.
	record *enr.Record
	mask   *wire.Mask // for packets outside keys; nil until needed
	keys   [keysKept]keys
	n      int // of keys, the newest first
	hot    int // of keys: what the other side used last, or the newest

	heard  time.Time     // last packet that opened
	rtt    time.Duration // smoothed; 0: not known
	greets time.Time     // when a new session last had us ping

	shake   shake
	lost    time.Time // since when what we sent was not readable, until new keys are in use
	waiting []*call   // for keys, in order; ≤ waitingEach
	calls   int       // ours, under way; ≤ callsEach
	open    int       // TALK requests with their protocols; ≤ talksEach
	queued  int       // and those that wait; ≤ queuedEach
	linked  bool      // in sessions
}

// keys are one generation.
type keys struct {
	*wire.Session
	since time.Time
	used  time.Time // when they last opened something, or were made
	dead  bool      // the other side cannot read what they seal
}

// shake is how far our own handshake is.
type shake struct {
	state shaking
	lead  *call // the request that is sent to be challenged
}

type shaking uint8

const (
	still   shaking = iota
	asked           // waits for WHOAREYOU
	working         // its job runs
)

// sealing returns the keys for requests of ours; nil when there are none, or they are
// due to be replaced: when they have sealed so many packets, or are old.
//
// They are the keys that the other side used last. When both sides began
// at once and each has taken the other's keys for the newest, they so come to agree.
func (s *session) sealing(now time.Time, worn uint32) *wire.Session {
	k := &s.keys[s.hot]
	if k.dead {
		k = &s.keys[0]
	}
	if s.n == 0 || k.dead || k.Sent() >= worn || now.Sub(k.since) >= keysFor {
		return nil
	}
	return k.Session
}

// answering returns the keys for answers: what the request was sealed with; nil when
// there are none.
func (s *session) answering() *wire.Session { return s.keys[s.hot].Session }

// push makes keys the newest. With those of our own initiative the older ones are no
// good for sealing any more: the other side challenged us because it had lost them. But
// what it sealed with them may still be on its way.
func (s *session) push(now time.Time, k *wire.Session, ours bool) {
	copy(s.keys[1:], s.keys[:])
	s.keys[0] = keys{Session: k, since: now, used: now}
	s.n, s.hot = min(s.n+1, keysKept), 0
	for i := 1; i < s.n && ours; i++ {
		s.keys[i].dead = true
	}
}

// read opens a packet with the keys it was sealed with, appending its text to b.
func (s *session) read(now time.Time, b []byte, p *wire.Packet) ([]byte, bool) {
	for i := range s.n {
		at := (s.hot + i) % s.n
		text, err := s.keys[at].Open(b, p)
		if err != nil {
			continue
		}
		s.hot, s.keys[at].used, s.heard = at, now, now
		if s.n > 1 {
			s.thin(now)
		}
		return text, true
	}
	return b, false
}

// thin drops keys that were not used for a while, but for those in use.
func (s *session) thin(now time.Time) {
	hot, n := s.keys[s.hot], 0
	for i := range s.n {
		if k := s.keys[i]; i == s.hot || now.Sub(k.used) <= keysOld {
			s.keys[n] = k
			if k.Session == hot.Session {
				s.hot = n
			}
			n++
		}
	}
	clear(s.keys[n:])
	s.n = n
}

// refused notes that the other side cannot read what we seal: only new keys will do.
func (s *session) refused() {
	for i := range s.n {
		s.keys[i].dead = true
	}
}

// forget drops all keys.
func (s *session) forget() {
	s.keys, s.n, s.hot = [keysKept]keys{}, 0, 0
}

// idle tells whether nobody waits on a session.
func (s *session) idle() bool {
	return s.calls+s.open+s.queued+len(s.waiting) == 0 && s.shake.state == still
}

// measured notes a round trip (RFC 6298: alpha 1/8).
func (s *session) measured(rtt time.Duration) {
	switch {
	case rtt <= 0:
	case s.rtt == 0:
		s.rtt = rtt
	default:
		s.rtt += (rtt - s.rtt) / 8
	}
}

// sessions are those with keys, or that somebody waits on, by place and by use.
type sessions struct {
	max         int
	by          map[place]*session
	newest      map[id.ID]*session // of a node the one used last, of those with keys if there are
	hosts       map[netip.Addr][]*session
	first, last *session // the least lately used, the latest
}

func newSessions(max int) sessions {
	return sessions{
		max: max, by: map[place]*session{}, newest: map[id.ID]*session{}, hosts: map[netip.Addr][]*session{},
	}
}

// get returns the session of a place, made if there is none.
func (l *sessions) get(p place) *session {
	s := l.by[p]
	if s == nil {
		s = &session{place: p}
		l.by[p] = s
		l.evict()
	}
	l.use(s)
	return s
}

// use makes a session the latest.
func (l *sessions) use(s *session) {
	if o := l.newest[s.who]; o == nil || o != s && (s.n > 0 || o.n == 0) {
		l.newest[s.who] = s
	}
	if l.last == s {
		return
	}
	l.unlink(s)
	s.prev, s.next, s.linked = l.last, nil, true
	if l.last == nil {
		l.first = s
	} else {
		l.last.next = s
	}
	l.last = s
}

func (l *sessions) unlink(s *session) {
	if !s.linked {
		return
	}
	if s.prev == nil {
		l.first = s.next
	} else {
		s.prev.next = s.next
	}
	if s.next == nil {
		l.last = s.prev
	} else {
		s.next.prev = s.prev
	}
	s.prev, s.next, s.linked = nil, nil, false
}

// evict makes room for one more, among those that nobody waits on. When all of the
// oldest are waited on there are more than max for a while: requests are bounded too.
func (l *sessions) evict() {
	s := l.first
	for i := 0; s != nil && i < evictSteps && len(l.by) > l.max; i++ {
		next := s.next
		if s.idle() {
			l.drop(s)
		}
		s = next
	}
}

// spent drops a session without keys that nobody waits on.
func (l *sessions) spent(s *session) {
	if s.n == 0 && s.linked && s.idle() {
		l.drop(s)
	}
}

// drop forgets a session.
func (l *sessions) drop(s *session) {
	l.leave(s)
	l.unlink(s)
	delete(l.by, s.place)
	if l.newest[s.who] == s {
		delete(l.newest, s.who)
	}
}
