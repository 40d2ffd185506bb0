package node

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/link"
)

// again makes a node as the world's a, of a network, with files; it carries out what the
// node asks to have saved.
func again(t *testing.T, network string, files map[string][]byte) *Node {
	t.Helper()
	w := newWorld(t)
	h := w.add("a", nil)
	cfg := h.n.cfg
	cfg.Network, cfg.Handlers = network, nil
	n, err := New(w.now, cfg, rand.New(rand.NewPCG(1, 1)), func(name string) ([]byte, bool) { data, ok := files[name]; return data, ok })
	if err != nil {
		t.Fatal(err)
	}
	keep(n, files)
	return n
}

func keep(n *Node, files map[string][]byte) {
	for _, s := range n.Take().Saves {
		if s.From != "" {
			files[s.File] = files[s.From]
			delete(files, s.From)
			continue
		}
		if old, ok := files[s.File]; ok && s.Keep {
			files[s.File+".old"] = old
		}
		files[s.File] = s.Data
	}
}

func knows(n *Node, name string) bool {
	_, ok := n.book.Get(addr(name).ID())
	return ok
}

// A book that was torn while it was written is put aside, and the one before it is read.
func TestTrap28TornBook(t *testing.T) {
	files := map[string][]byte{}
	n := again(t, "test", files)
	n.Start(start)
	_ = n.book.HearAddr(start, "", addr("b"))
	n.SaveHosts()
	keep(n, files)
	_ = n.book.HearAddr(start, "", addr("c"))
	n.SaveHosts()
	keep(n, files)
	torn := files[hostsFile][:len(files[hostsFile])/2]
	files[hostsFile] = torn
	n = again(t, "test", files)
	if !knows(n, "b") {
		t.Error("what was saved before is lost")
	}
	if got := files[damagedHosts]; string(got) != string(torn) {
		t.Errorf("the damaged book is not put aside, but %q", got)
	}
	n.Start(start)
	keep(n, files)
	if n = again(t, "test", files); !knows(n, "b") {
		t.Error("what was saved before is lost with the next save")
	}
}

// A run says at its start that it has begun, and at its end that it ended well.
func TestRunsAreMarked(t *testing.T) {
	files := map[string][]byte{}
	n := again(t, "test", files)
	n.Start(start)
	keep(n, files)
	if !strings.Contains(string(files[hostsFile]), "\nexit\topen\n") {
		t.Errorf("after the start: %q", files[hostsFile])
	}
	n.SaveHosts()
	n.Stop(start)
	n.SaveHosts() // the world's ticker may be late
	keep(n, files)
	if !strings.Contains(string(files[hostsFile]), "\nexit\tclean\n") {
		t.Errorf("after the stop: %q", files[hostsFile])
	}
}

// Who changes the network and comes back has the books of both.
func TestTrap29NetworkChangesAndBack(t *testing.T) {
	files := map[string][]byte{}
	for i, network := range []string{"test", "other", "test", "other"} {
		n := again(t, network, files)
		mine, theirs := "of-"+network, map[string]string{"test": "of-other", "other": "of-test"}[network]
		if knows(n, theirs) || i > 1 && !knows(n, mine) {
			t.Errorf("%d: in %s, knows its own %v, the other's %v", i, network, knows(n, mine), knows(n, theirs))
		}
		n.Start(start)
		_ = n.book.HearAddr(start, "", addr(mine))
		n.Stop(start)
		keep(n, files)
	}
	if files[foreignHosts+hosts.Mark("test")] == nil {
		t.Errorf("files %v", len(files))
	}
}

// A peer that breaks a protocol again and again is let in no more; one that the user
// trusts is, and what a handler of the user says is held against nobody.
func TestBreachesBan(t *testing.T) {
	for _, c := range []struct {
		name    string
		lane    link.Lane
		err     error
		trusted bool
		banned  bool
	}{
		{"bad message", lanePex, nil, false, true},
		{"bad message of a trusted peer", lanePex, nil, true, false},
		{"a handler's error", LaneUser, link.Breach, false, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			a, b := w.add("a", nil), w.add("b", nil)
			if c.trusted {
				if err := a.n.Trust(w.now, b.key.ID()); err != nil {
					t.Fatal(err)
				}
			}
			for n := range 6 {
				if a.n.book.Banned(w.now, b.key.ID(), link.Addr{}) {
					if n < 2 {
						t.Errorf("banned for %d faults", n)
					}
					break
				}
				e := w.connect(a, b)
				a.handler.err = c.err
				a.n.LinkMsg(w.now, e.conn, link.Msg{Lane: c.lane, Data: []byte("nonsense")})
				a.handler.err = nil
				w.cut(e, link.Subprotocol)
				w.settle()
			}
			if got := a.n.book.Banned(w.now, b.key.ID(), link.Addr{}); got != c.banned {
				t.Errorf("banned %v", got)
			}
		})
	}
}
