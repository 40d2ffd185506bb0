package main

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/id"
)

// router is a router of either side without a network.
type router interface {
	// up connects peers that follow topics. The first mesh of them have us in
	// their meshes.
	up(peers, mesh int, topics []string) error
	// feed hands in frames of one peer, in order, and waits until the router has
	// sent so many frames because of them.
	feed(peer int, frames [][]byte, sent int) error
	// beat lets one heartbeat pass and says what it cost, and its longest step.
	beat() (took, step time.Duration)
	// calm lets time pass until what was asked for is forgotten.
	calm()
}

// history is how many heartbeats the routers keep and advertise messages where
// heartbeats are measured: as long as the measurement.
const history = 120

// setting is how a router is made.
type setting struct {
	topics  []string
	history int  // heartbeats messages are kept and advertised; 0: the defaults
	still   bool // no heartbeat while frames are fed
}

func newRouter(s side, seed uint64, set setting) (router, error) {
	if s == ours {
		return newOurRouter(seed, set)
	}
	return newTheirRouter(set)
}

// peerName is the peer ID of a remote that is not there.
func peerName(i int) id.PeerID {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(i))
	sum := sha256.Sum256(b[:])
	return id.PeerID("\x12\x20" + string(sum[:]))
}

func topicNames(n int) (out []string) {
	for i := range n {
		out = append(out, fmt.Sprintf("topic-%03d", i))
	}
	return out
}

// message is an unsigned message of 256 bytes, as a frame.
func message(topic string, n uint64) []byte {
	data := make([]byte, 256)
	binary.BigEndian.PutUint64(data, n)
	return rpc.AppendPublish(nil, rpc.AppendMessage(nil, &rpc.Message{Data: data, Topic: []byte(topic)}, false))
}

// hello is the frame that announces topics, and grafts them when wanted.
func hello(topics []string, graft bool) (frame []byte) {
	var entries []byte
	for _, t := range topics {
		frame = rpc.AppendSub(frame, true, t)
		if graft {
			entries = rpc.AppendGraft(entries, t)
		}
	}
	if graft {
		frame = rpc.AppendControl(frame, entries)
	}
	return frame
}

// ihave advertises so many messages that nobody has.
func ihave(topic string, from uint64, n int) []byte {
	ids := make([]string, n)
	for i := range ids {
		var b [8]byte
		binary.BigEndian.PutUint64(b[:], from+uint64(i))
		sum := sha256.Sum256(b[:])
		ids[i] = string(sum[:])
	}
	return rpc.AppendControl(nil, rpc.AppendIHave(nil, topic, ids))
}

// forwarded is how many mesh peers a new message goes to: a mesh of twelve, less
// the one it came from.
const forwarded = 11

// meshRoom is Dhi of the routers alone: a heartbeat must not cut the mesh of twelve.
const meshRoom = 16

// runForward measures what a new message costs with so many subscribers.
func runForward(s side, seed uint64, peers int) (values, error) {
	const warm, measured = 2000, 40000
	topics := topicNames(1)
	r, err := newRouter(s, seed, setting{topics: topics, still: true})
	if err != nil {
		return nil, err
	}
	if err := r.up(peers, forwarded+1, topics); err != nil {
		return nil, err
	}
	frames := make([][]byte, warm+measured)
	for i := range frames {
		frames[i] = message(topics[0], uint64(i)<<16|seed)
	}
	if err := r.feed(0, frames[:warm], warm*forwarded); err != nil {
		return nil, err
	}
	m := read(true)
	stop := profile()
	if err := r.feed(0, frames[warm:], measured*forwarded); err != nil {
		return nil, err
	}
	used := m.used()
	stop()
	return used.per(measured), nil
}

// per divides what was used by how often something was done.
func (m meter) per(n int) values {
	return values{"cpu": float64(m.cpu) / float64(n), "mallocs": float64(m.mallocs) / float64(n), "bytes": float64(m.bytes) / float64(n)}
}

// runDuplicate measures a message that comes again.
func runDuplicate(s side, seed uint64) (values, error) {
	const measured = 100000
	topics := topicNames(1)
	r, err := newRouter(s, seed, setting{topics: topics})
	if err != nil {
		return nil, err
	}
	if err := r.up(forwarded+1, forwarded+1, topics); err != nil {
		return nil, err
	}
	first, last := message(topics[0], seed), message(topics[0], seed+1<<32)
	if err := r.feed(0, [][]byte{first}, forwarded); err != nil {
		return nil, err
	}
	frames := make([][]byte, measured, measured+1)
	for i := range frames {
		frames[i] = first
	}
	m := read(true)
	stop := profile()
	// The last one is new, so that it is seen when all before it are done with.
	if err := r.feed(1, append(frames, last), forwarded); err != nil {
		return nil, err
	}
	used := m.used()
	stop()
	out := used.per(measured)
	out["mallocs"] = float64(int(out["mallocs"]*100)) / 100 // less what the new one took
	return out, nil
}

// runIHave measures an advertisement of 5,000 messages that nobody has seen, by a
// peer from which none was heard lately.
func runIHave(s side, seed uint64) (values, error) {
	const ids, warm, measured = 5000, 5, 40
	topics := topicNames(1)
	r, err := newRouter(s, seed, setting{topics: topics})
	if err != nil {
		return nil, err
	}
	if err := r.up(warm+measured, forwarded+1, topics); err != nil {
		return nil, err
	}
	var sum meter
	stop := func() {}
	for i := range warm + measured {
		frame := ihave(topics[0], seed<<40|uint64(i)<<20, ids)
		if i == warm {
			stop = profile()
		}
		m := read(i == warm)
		if err := r.feed(i, [][]byte{frame}, 1); err != nil {
			return nil, err
		}
		if used := m.used(); i >= warm {
			sum.cpu, sum.mallocs, sum.bytes = sum.cpu+used.cpu, sum.mallocs+used.mallocs, sum.bytes+used.bytes
		}
		r.calm()
	}
	stop()
	return sum.per(measured), nil
}

// runHeartbeat measures the heartbeat of a busy router: 1,000 peers that all
// follow 100 topics, in each of which 20 messages are advertised.
func runHeartbeat(s side, seed uint64) (values, error) {
	const peers, count, messages, warm, measured = 1000, 100, 20, 3, 10
	topics := topicNames(count)
	r, err := newRouter(s, seed, setting{topics: topics, history: history})
	if err != nil {
		return nil, err
	}
	if err := r.up(peers, forwarded+1, topics); err != nil {
		return nil, err
	}
	for t, name := range topics {
		var frames [][]byte
		for i := range messages {
			frames = append(frames, message(name, seed<<32|uint64(t)<<16|uint64(i)))
		}
		if err := r.feed(0, frames, messages); err != nil {
			return nil, err
		}
	}
	var took, longest time.Duration
	stop := func() {}
	for i := range warm + measured {
		if i == warm {
			stop = profile()
		}
		sum, step := r.beat()
		if i >= warm {
			took, longest = took+sum, max(longest, step)
		}
	}
	stop()
	return values{"cpu": float64(took) / measured, "step": float64(longest)}, nil
}
