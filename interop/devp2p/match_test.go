package devp2p

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/p2p"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/interop/rig"
)

// runs notes which protocols began.
type runs struct {
	mu   sync.Mutex
	list []string
}

func (r *runs) note(name string, version uint) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.list = append(r.list, fmt.Sprintf("%s/%d", name, version))
	slices.Sort(r.list)
}

func (r *runs) is(want ...string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !slices.Equal(r.list, want) {
		return fmt.Sprintf("%v began, want %v", r.list, want)
	}
	return ""
}

// version is a protocol that each end has in some versions, with that many codes.
type version struct {
	name    string
	version uint
	length  uint64
}

// TestMatching: two names, several versions each: the highest shared one of each runs,
// and its window of codes lies where the other end looks for it. The probe is a message
// on the last code of each, which a wrong offset would put elsewhere.
func TestMatching(t *testing.T) {
	mine := []version{{"zeta", 1, 3}, {"zeta", 2, 5}, {"zeta", 4, 9}, {"alpha", 7, 4}, {"alpha", 8, 6}, {"only", 1, 2}, {"none", 1, 0}}
	other := []version{{"zeta", 1, 3}, {"zeta", 2, 5}, {"zeta", 3, 7}, {"alpha", 6, 2}, {"alpha", 7, 4}, {"alpha", 8, 6}, {"their", 1, 2}, {"none", 1, 0}}
	want := []string{"alpha/8", "none/1", "zeta/2"}

	for _, weDial := range []bool{true, false} {
		t.Run(fmt.Sprintf("dial=%v", weDial), func(t *testing.T) {
			var ours, theirs, heard runs
			var rope []ropewalk.Protocol
			for _, v := range mine {
				rope = append(rope, ropewalk.Protocol{Name: v.name, Version: v.version, Length: v.length, Run: func(_ *ropewalk.Peer, rw ropewalk.MsgReadWriter) error {
					ours.note(v.name, v.version)
					if v.length > 0 {
						if err := rw.WriteMsg(ropewalk.Msg{Code: v.length - 1, Size: 1, Payload: reader([]byte{0xc0})}); err != nil {
							return err
						}
					}
					_, err := rw.ReadMsg()
					return err
				}})
			}
			var geth []p2p.Protocol
			for _, v := range other {
				geth = append(geth, p2p.Protocol{Name: v.name, Version: v.version, Length: v.length, Run: func(_ *p2p.Peer, rw p2p.MsgReadWriter) error {
					theirs.note(v.name, v.version)
					for {
						m, err := rw.ReadMsg()
						if err != nil {
							return err
						}
						heard.note(fmt.Sprint(v.name, " code ", m.Code), v.version)
						if err := m.Discard(); err != nil {
							return err
						}
					}
				}})
			}
			n, s := startRope(t, rope...), startGeth(t, geth...)
			if weDial {
				if _, err := n.Connect(rig.Within(t), enodeOf(s)); err != nil {
					t.Fatal(err)
				}
			} else {
				s.AddPeer(parsed(t, n))
			}
			rig.Until(t, "our runs", func() string { return ours.is(want...) })
			rig.Until(t, "their runs", func() string { return theirs.is(want...) })
			rig.Until(t, "messages", func() string { return heard.is("alpha code 5/8", "zeta code 4/2") })
		})
	}
}
