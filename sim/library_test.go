package sim

import (
	"math/rand/v2"
	"testing"

	"github.com/ropewalk/ropewalk/content/blob"
	"github.com/ropewalk/ropewalk/portal"
	"github.com/ropewalk/ropewalk/scenario"
)

// A file goes as it goes in the program: a few chunks at a time, and the manifest alone,
// after them or before.
func TestLibraryGoesAsTheProgram(t *testing.T) {
	const text = "nodes 2 seeds 1\nwait all peers>=1 within 20s\nsleep 10s\nput node1 20MiB as f within 60s\nget node2 $f within 60s\n"
	s, err := scenario.Parse("library", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(Options{Script: s, Seed: 1})
	w.stock()
	most, hear := 0, w.answered
	w.answered = func(h *host, a portal.Answer) {
		hear(h, a)
		put := w.library.files["f"]
		for _, p := range []*parcel{put, w.library.gets[shelved{1, "f"}]} {
			if p == nil {
				continue
			}
			most = max(most, len(p.left))
			for _, k := range p.left {
				if k == p.manifest && len(p.left) > 1 {
					t.Errorf("%d pieces are under way beside the manifest", len(p.left)-1)
				}
			}
		}
	}
	for i := range s.Nodes() {
		w.hosts = append(w.hosts, w.newHost(i, i < s.Seeds()))
	}
	play := scenario.NewPlay(s, stage{w}, rand.New(rand.NewPCG(1, 1)))
	if err := w.play(play); err != nil || !w.report(play).OK {
		t.Fatalf("%v %+v", err, w.report(play).Steps)
	}
	if most != blob.ChunksUnderWay {
		t.Errorf("%d pieces at a time, want %d", most, blob.ChunksUnderWay)
	}
	put, got := w.library.files["f"], w.library.gets[shelved{1, "f"}]
	if len(put.pieces) != 21 || put.manifest != 20 || got.manifest != 0 || got.next != 21 {
		t.Errorf("%d pieces, manifest %d and %d, %d got", len(put.pieces), put.manifest, got.manifest, got.next)
	}
}
