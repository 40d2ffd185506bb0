package score

import (
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// Board holds the scores of all peers. One goroutine owns it.
type Board struct{}

// Key names a message: the router's salted hash of its ID.
type Key [16]byte

// Verdict is how the checking of a message ended.
type Verdict uint8

const (
	// Accepted messages were delivered and forwarded.
	Accepted Verdict = iota
	// Rejected messages cost whoever sent them.
	Rejected
	// Ignored and throttled messages cost nobody.
	Ignored
)

// Peer is one peer's standing; the router keeps the handle while the link lives.
type Peer struct{}

// Topic is one topic's standing; the router keeps the handle while it is joined.
type Topic struct{}

// New checks the configuration; an error names the field, or the pair that disagrees.
func New(cfg Config) (*Board, error) { return &Board{}, nil }

// Topic begins or changes the scoring of a topic. Changed parameters cut counters
// down to their new caps and reset nothing.
func (b *Board) Topic(now time.Time, name string, p *TopicParams) (*Topic, error) {
	return &Topic{}, nil
}

// Forget ends the scoring of a topic.
func (b *Board) Forget(t *Topic) {}

// Up begins or resumes the scoring of a peer. ip is invalid when it says nothing
// about where the peer is.
func (b *Board) Up(now time.Time, who id.ID, ip netip.Addr) *Peer { return &Peer{} }

// Down ends it; a score of zero or less is retained.
func (b *Board) Down(now time.Time, p *Peer) {}

// Graft says that p is in the mesh of t from now on.
func (b *Board) Graft(now time.Time, p *Peer, t *Topic) {}

// Prune says that it is no more.
func (b *Board) Prune(now time.Time, p *Peer, t *Topic) {}

// Copy says that p sent a copy of a message, the first one or a later one.
func (b *Board) Copy(now time.Time, p *Peer, t *Topic, k Key) {}

// Judge says how the checking of a message ended, for all who sent it so far.
func (b *Board) Judge(now time.Time, t *Topic, k Key, v Verdict) {}

// Invalid charges p for a message that was refused before it had an ID, or was not
// recorded.
func (b *Board) Invalid(now time.Time, p *Peer, t *Topic) {}

// Penalty charges p for n breaches of the protocol (P7).
func (b *Board) Penalty(now time.Time, p *Peer, n float64) {}

// Score is the score of p.
func (b *Board) Score(now time.Time, p *Peer) float64 { return 0 }

// Starves tells whether p, a mesh peer of t, has for long kept back what others
// delivered there, whatever its score is elsewhere.
func (b *Board) Starves(now time.Time, p *Peer, t *Topic) bool { return false }

// Advance decays the counters and forgets what is due.
func (b *Board) Advance(now time.Time) {}

// Deadline is when Advance wants to be called; zero when nothing is due.
func (b *Board) Deadline() time.Time { return time.Time{} }

// Thresholds in force.
func (b *Board) Thresholds() Thresholds { return Thresholds{} }

// Report describes every peer, connected or retained, by ID.
func (b *Board) Report(now time.Time) []Report { return nil }
