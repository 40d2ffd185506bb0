package gossipsub_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub"
	"github.com/ropewalk/ropewalk/id"
)

// holder is an application that has some of the two halves of a message. Its
// metadata is a bitmap of what it has; parts are written as their number and bytes.
type holder struct {
	name   string
	self   id.ID
	peer   id.PeerID
	router *gossipsub.Router
	out    []gossipsub.Frame
	halves [2]string
}

func (h *holder) Send(_ id.ID, f gossipsub.Frame) bool { h.out = append(h.out, f); return true }
func (h *holder) Cancel(id.ID, uint64) bool            { return false }
func (h *holder) Drop(id.ID, error)                    {}

func (h *holder) metadata() (bits byte) {
	for i, s := range h.halves {
		if s != "" {
			bits |= 1 << i
		}
	}
	return bits
}

// lacks writes what a peer with that metadata does not have.
func (h *holder) lacks(_ id.ID, theirs []byte) (parts, after []byte) {
	if theirs == nil {
		return nil, nil // it has said nothing yet
	}
	for i, s := range h.halves {
		if s != "" && theirs[0]&(1<<i) == 0 {
			parts = append(append(append(parts, byte(i)), byte(len(s))), s...)
		}
	}
	return parts, []byte{theirs[0] | h.metadata()}
}

// tell publishes what h has, to the mesh or to one peer.
func (h *holder) tell(now time.Time, to ...id.ID) {
	_, err := h.router.PublishPartial(now, "blocks", gossipsub.Parts{
		Group: []byte("block 7"), Metadata: []byte{h.metadata()}, For: h.lacks, To: to,
	})
	if err != nil {
		panic(err)
	}
}

// hear takes in what came, and answers.
func (h *holder) hear(now time.Time, n gossipsub.News) {
	for _, m := range n.Partials {
		for b := m.Parts; len(b) > 2; b = b[2+int(b[1]):] {
			h.halves[b[0]] = string(b[2 : 2+int(b[1])])
			fmt.Printf("%s got half %d of %s: %q\n", h.name, b[0], m.Group, h.halves[b[0]])
		}
		h.tell(now, m.Via)
	}
}

// Two routers, each with one half of a message, complete it from each other.
func ExampleRouter_PublishPartial() {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	both := [2]*holder{{name: "ann"}, {name: "bob"}}
	for i, h := range both {
		key, _ := id.KeyFromBytes(append(make([]byte, 31), byte(i+1)))
		h.self, h.peer = key.ID(), key.Public().PeerID()
		h.router, _ = gossipsub.New(gossipsub.Config{Self: h.self, PeerID: h.peer, Sign: gossipsub.StrictNoSign},
			rand.New(rand.NewPCG(1, uint64(i))), h)
		_ = h.router.Join(now, "blocks", gossipsub.TopicConfig{Partial: &gossipsub.Partial{Request: true}})
	}
	ann, bob := both[0], both[1]
	ann.halves[0], bob.halves[1] = "to be or ", "not to be"

	deliver := func() {
		for len(ann.out)+len(bob.out) > 0 {
			for i, h := range both {
				other, frames := both[1-i], h.out
				h.out = nil
				for _, f := range frames {
					n, err := other.router.Recv(now, h.self, f.Data)
					if err != nil {
						panic(err)
					}
					other.hear(now, n)
				}
			}
		}
	}
	ann.router.Up(now, bob.self, gossipsub.Remote{PeerID: bob.peer, Stream: gossipsub.Meshsub13})
	bob.router.Up(now, ann.self, gossipsub.Remote{PeerID: ann.peer, Stream: gossipsub.Meshsub13})
	deliver()
	ann.tell(now)
	deliver()
	fmt.Println(ann.halves == bob.halves)
	// Output:
	// ann got half 1 of block 7: "not to be"
	// bob got half 0 of block 7: "to be or "
	// true
}
