package linktest

import (
	"sync"
	"testing"

	"github.com/ropewalk/ropewalk/link"
)

// A link that feeds gives what Read would have given, from the first message on and
// in order, and returns when it ends.
func testFeed(t *testing.T, p Pair) {
	ours, theirs := both(t, p)
	feeder, ok := theirs.(link.Feeder)
	if !ok {
		t.Skip("it is only read")
	}
	const early, all = 10, 200
	for n := range early { // these may have come before anybody feeds
		write(t, ours, link.Msg{Lane: 0, Data: fill(n, 100)})
	}
	var got sync.WaitGroup
	got.Add(all)
	ended := make(chan error, 1)
	n := 0
	go func() {
		ended <- feeder.Feed(func(m link.Msg) bool {
			if m.Op != link.Data {
				return true
			}
			if err := same(m.Data, n, 100); err != nil {
				t.Error(err)
			}
			n++
			got.Done()
			return true
		})
	}()
	for n := early; n < all; n++ {
		write(t, ours, link.Msg{Lane: 0, Data: fill(n, 100)})
	}
	gather(t, &got)
	if err := ours.Close(link.Quitting); err != nil {
		t.Error(err)
	}
	err, _ := within(t, "the end of the feed", func() (error, error) { return <-ended, nil })
	if err == nil {
		t.Error("the feed ended without a reason")
	}
}
