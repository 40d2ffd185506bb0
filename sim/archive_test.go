package sim

import (
	"math/rand/v2"
	"testing"

	"github.com/ropewalk/ropewalk/node"
	"github.com/ropewalk/ropewalk/scenario"
)

// Whole nodes whose logs have room for ten lines: sixty that one of them said are read by
// who comes when it is gone, out of the network of content; without an archive they are
// not. Every run of a seed goes the same way.
func TestChatArchive(t *testing.T) {
	const text = `nodes 10 seeds 1
wait all peers>=3 within 20s
join node2..node9 lobby
sleep 3s
load node2 lobby lines 60 over 60s
sleep 60s
kill node2
sleep 5s
join node10 lobby
expect node3..node10 lobby everything within 60s
`
	s, err := scenario.Parse("archive", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	run := func(archive bool) (Report, int) {
		w := newWorld(Options{Script: s, Seed: *seedFlag})
		w.stock()
		inner := w.configure
		w.configure = func(h *host, c *node.Config) {
			inner(h, c)
			if h.i != 9 {
				c.Chat.RoomLines = 10
			}
			if !archive {
				c.Archive = ""
			}
		}
		for i := range s.Nodes() {
			w.hosts = append(w.hosts, w.newHost(i, i < s.Seeds()))
		}
		play := scenario.NewPlay(s, stage{w}, rand.New(rand.NewPCG(w.opt.Seed, 1)))
		if err := w.play(play); err != nil {
			t.Fatal(err)
		}
		return w.report(play), len(w.hosts[9].seen)
	}
	r, lines := run(true)
	if !r.OK || lines != 60 {
		t.Errorf("%d lines of 60, %+v", lines, r.Steps[len(r.Steps)-1])
	}
	if again, _ := run(true); again.Hash != r.Hash {
		t.Errorf("one seed ends in %s and %s", r.Hash, again.Hash)
	}
	if r, lines := run(false); r.OK || lines != 10 {
		t.Errorf("without an archive: %d lines, ok %t", lines, r.OK)
	}
}
