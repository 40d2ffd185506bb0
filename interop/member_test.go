package interop

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/interop/rig"
)

// heartbeat of both kinds of node where a test does not say otherwise.
const heartbeat = 250 * time.Millisecond

// How long messages can be fetched and are advertised, in heartbeats: longer than
// the defaults, because the heartbeats are shorter, and the machine may be so busy that
// messages of 600 KiB take longer than the 3 s of twelve of them.
const (
	historyLength = 64
	historyGossip = 48
)

// member is a node of either kind that follows one topic.
type member interface {
	name() string
	peer() id.PeerID
	addr(transport string) string // full multiaddr, "tcp" or "quic-v1"
	dial(t *testing.T, addr string)
	publish(t *testing.T, data string)
	inbox() *mailbox
	topicPeers() int
	mesh() []id.ID
}

// mailbox counts what a member received, by payload.
type mailbox struct {
	mu  sync.Mutex
	got map[string]int
	all []letter
}

// letter is one delivery.
type letter struct {
	from id.PeerID
	data string
}

func newMailbox() *mailbox { return &mailbox{got: map[string]int{}} }

func (m *mailbox) add(from id.PeerID, data string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.got[data]++
	m.all = append(m.all, letter{from, data})
}

func (m *mailbox) count(data string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.got[data]
}

// author of the first delivery of data.
func (m *mailbox) author(data string) id.PeerID {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, l := range m.all {
		if l.data == data {
			return l.from
		}
	}
	return ""
}

// wrong compares with what should have come, each exactly once.
func (m *mailbox) wrong(want []string) (missing, excess []string) {
	m.mu.Lock()
	got := maps.Clone(m.got)
	m.mu.Unlock()
	for _, w := range want {
		if got[w] == 0 {
			missing = append(missing, w)
		}
		if got[w] > 1 {
			excess = append(excess, fmt.Sprintf("%.40q %d times", w, got[w]))
		}
		delete(got, w)
	}
	for _, w := range slices.Sorted(maps.Keys(got)) {
		excess = append(excess, fmt.Sprintf("%.40q, which nobody sent", w))
	}
	return missing, excess
}

// receiveAll waits until all members have all of want and fails on a second copy.
func receiveAll[M member](t *testing.T, all []M, want []string) {
	t.Helper()
	rig.Until(t, fmt.Sprintf("%d messages at %d nodes", len(want), len(all)), func() string {
		var out []string
		for _, m := range all {
			missing, excess := m.inbox().wrong(want)
			if len(excess) > 0 {
				t.Fatalf("%s received %s", m.name(), few(excess))
			}
			if len(missing) > 0 {
				out = append(out, fmt.Sprintf("%s lacks %d: %.40q", m.name(), len(missing), missing[0]))
			}
		}
		return few(out)
	})
}

// hears waits until one member has data, once.
func hears(t *testing.T, m member, data string) {
	t.Helper()
	rig.Until(t, fmt.Sprintf("%s hears %.40q", m.name(), data), func() string {
		switch n := m.inbox().count(data); n {
		case 0:
			return "nothing came"
		case 1:
			return ""
		default:
			t.Fatalf("%s received %.40q %d times", m.name(), data, n)
			return ""
		}
	})
}

// inMesh tells whether m has other in its mesh.
func inMesh(m, other member) bool { return slices.Contains(m.mesh(), other.peer().ID()) }

// meshed waits until two members have each other in their meshes.
func meshed(t *testing.T, a, b member) {
	t.Helper()
	rig.Until(t, a.name()+" and "+b.name()+" in one mesh", func() string {
		if x, y := inMesh(a, b), inMesh(b, a); !x || !y {
			return fmt.Sprintf("%v in one, %v in the other", x, y)
		}
		return ""
	})
}

// both tells that a message goes each way between two members.
func both(t *testing.T, a, b member, tag string) {
	t.Helper()
	there, back := tag+" from "+a.name(), tag+" from "+b.name()
	a.publish(t, there)
	hears(t, b, there)
	b.publish(t, back)
	hears(t, a, back)
}

// keysOf are the payloads that came.
func keysOf(m *mailbox) func(func(string) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Keys(maps.Clone(m.got))
}
