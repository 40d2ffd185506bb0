package ropewalk

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
	"github.com/ropewalk/ropewalk/link/rlpx"
	"github.com/ropewalk/ropewalk/node"
)

// seedConfig is a seed of a local network that listens for RLPx only.
func seedConfig() Config {
	return Config{Localnet: true, Profile: "seed", Listen: ListenConfig{LibP2P: []string{}, RLPx: []string{"127.0.0.1:0"}}}
}

// askFor is a request for 250 hosts, as the protocol pex/1 has it: [1, 250].
var askFor = []byte{0xc3, 0x01, 0x81, 0xfa}

const (
	codeAsk    = 1
	codeAnswer = 2
)

// askSeed asks a seed for hosts, as somebody nobody has heard of. Whoever is hasty leaves
// without the answer. It tells how long the answer is in bytes.
func askSeed(ctx context.Context, name string, seed link.Addr, hasty bool) (bytes int, err error) {
	table := node.Protocols("ropewalk", nil)
	t, err := rlpx.New(rlpx.Config{Key: linktest.Key(name), Protocols: table, Network: "ropewalk", Localnet: true})
	if err != nil {
		return 0, err
	}
	defer t.Close()
	l, err := t.Dial(ctx, id.Ticket{Owner: "visitor", N: 1}, seed)
	if err != nil {
		return 0, err
	}
	defer l.Close(link.Requested)
	lane := link.Lane(slices.IndexFunc(table, func(p link.Protocol) bool { return p.Name == "pex" }))
	if err := l.Write(link.Msg{Lane: lane, Code: codeAsk, Data: askFor}); err != nil || hasty {
		return 0, err
	}
	stop := context.AfterFunc(ctx, func() { l.Close(link.Timeout) })
	defer stop()
	for {
		m, err := l.Read()
		if err != nil {
			return 0, err
		}
		if m.Op == link.Data && m.Lane == lane && m.Code == codeAnswer {
			return len(m.Data), nil
		}
	}
}

// Two thousand visitors that come, ask and go, most of them without waiting for the
// answer, leave nothing in a seed, and whoever comes during the flood or after it is
// answered with the hosts that are there.
func TestSeedUnderFlood(t *testing.T) {
	visitors := 2000
	if testing.Short() {
		visitors = 400
	}
	seed := started(t, seedConfig())
	at := link.MustAddr(seed.Info().Enode)
	for range 3 {
		cfg := seedConfig()
		cfg.Profile = "desktop"
		cfg.Session.Seeds = []string{seed.Info().Enode}
		started(t, cfg)
	}
	until(t, "the seed knows three hosts", func() bool {
		page, err := seed.Hosts(t.Context(), "", 0, 1)
		return err == nil && page.Total == 3
	})
	flood := func(from, to int) (answered int64) {
		var next, all atomic.Int64
		next.Store(int64(from))
		var group sync.WaitGroup
		for range 16 {
			group.Go(func() {
				for i := next.Add(1) - 1; i < int64(to); i = next.Add(1) - 1 {
					if n, err := askSeed(t.Context(), fmt.Sprint("visitor ", i), at, i%8 != 0); err == nil && n > 0 {
						all.Add(1)
					}
				}
			})
		}
		group.Wait()
		return all.Load()
	}
	honest := func(when string, i int) {
		t.Helper()
		until(t, "an honest visitor "+when, func() bool {
			n, err := askSeed(soon(t), fmt.Sprint("honest ", i), at, false)
			if err != nil {
				return false
			}
			if n < 300 { // three records of more than a hundred bytes each
				t.Fatalf("answered with %d bytes", n)
			}
			return true
		})
	}
	flood(0, visitors/8) // whatever is made once is made
	until(t, "they are gone", func() bool { return peers(t, seed) <= 3 })
	before, goroutines := heap(), runtime.NumGoroutine()

	done := make(chan int64)
	go func() { done <- flood(visitors/8, visitors) }()
	honest("during the flood", 0)
	answered := <-done
	if answered < int64(visitors)/8/2 {
		t.Errorf("%d of about %d that waited were answered", answered, visitors/8)
	}
	for i := range 20 {
		honest("after the flood", 1+i)
	}
	until(t, "they are gone", func() bool { return peers(t, seed) <= 3 })
	until(t, "as many goroutines as before", func() bool { return runtime.NumGoroutine() <= goroutines+16 })
	if after := heap(); after > before+8<<20 {
		t.Errorf("the heap grew from %d to %d KiB", before>>10, after>>10)
	}
	traffic, err := seed.Traffic(t.Context())
	if err != nil || traffic.Visitors.Total < uint64(visitors)/2 || traffic.Answers.Total < uint64(answered) || traffic.Visitors.PerMinute == 0 {
		t.Errorf("%+v %v", traffic, err)
	}
	if page, err := seed.Hosts(t.Context(), "", 0, 1); err != nil || page.Counts["white"]+page.Counts["gold"]+page.Counts["grey"] < 3 || page.Total > 3+20+1 {
		t.Errorf("%+v %v", page.Counts, err)
	}
}
