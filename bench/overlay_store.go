package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/content/store"
	"github.com/ropewalk/ropewalk/id"
)

// storeFigures are of the store of content alone, on disk; nobody else has one like it.
var storeFigures = []figure{
	{name: "store-put-1k", says: "store on disk: puts of 1 KiB, class Cache, per second", workload: "store", key: "put", kind: limit, bar: 130_000, atLeast: true, unit: perSecond},
	{name: "store-put-1k-cpu", says: "puts per second of CPU", workload: "store", key: "putcpu", kind: shown, unit: perCPU},
	{name: "store-get-1k", says: "gets of them, per second", workload: "store", key: "get", kind: limit, bar: 150_000, atLeast: true, unit: perSecond},
	{name: "store-get-1k-cpu", says: "gets per second of CPU", workload: "store", key: "getcpu", kind: shown, unit: perCPU},
	{name: "store-full-worst-put", says: "the longest of 200,000 puts into a full store", workload: "store-full", key: "worst", kind: limit, bar: 20e6, unit: nanos},
	{name: "store-full-put-1k", says: "puts into a full store, per second", workload: "store-full", key: "put", kind: shown, unit: perSecond},
}

var storeWorkloads = []workload{
	{name: "store", run: func(s side, _ uint64) (values, error) { return runStore(s, 1<<30, 200_000) }},
	{name: "store-full", run: func(s side, _ uint64) (values, error) { return runStore(s, 64<<20, 200_000) }},
}

// storeAskers ask at a time, as many as the node's workers.
const storeAskers = 8

// runStore puts items of 1 KiB into a store, class Cache, and gets them in another order.
func runStore(s side, capacity int64, items int) (values, error) {
	if s == rival {
		return values{}, nil
	}
	dir, err := os.MkdirTemp("", "bench-store")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	st, err := store.Open(dir, store.Config{Networks: []content.Network{{Name: "bench"}}, Capacity: capacity})
	if err != nil {
		return nil, err
	}
	defer st.Close()
	ids, value := make([]id.ID, items), make([]byte, 1024)
	rand.Read(value)
	for i := range ids {
		rand.Read(ids[i][:])
	}
	out := values{}
	worst, err := out.timed("put", items, func(i int) error {
		err := st.Do(content.Ask{Network: "bench", Verb: content.Put, Item: content.Item{ID: ids[i], Key: ids[i][:], Value: value}}).Err
		if errors.Is(err, content.ErrOutside) {
			return nil // full, and it would be the next to go
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out["worst"] = float64(worst)
	rest()
	_, err = out.timed("get", items, func(i int) error {
		a := st.Do(content.Ask{Network: "bench", Verb: content.Get, IDs: ids[i*7919%items:][:1]})
		if a.Err == nil && len(a.Item.Value) != len(value) {
			return fmt.Errorf("%d bytes came back", len(a.Item.Value))
		}
		if errors.Is(a.Err, content.ErrNotFound) {
			return nil // evicted
		}
		return a.Err
	})
	return out, err
}

// rest waits until the process has done next to nothing for as long as what was put may wait
// to be written, at most half a minute: it is merged behind the scenes for a while, and again
// when the last of it is written.
func rest() {
	const look, calm = 200 * time.Millisecond, 6 * time.Second
	quiet := time.Duration(0)
	for end := time.Now().Add(30 * time.Second); quiet < calm && time.Now().Before(end); {
		since := read(true)
		time.Sleep(look)
		if quiet += look; since.used().cpu >= look/20 {
			quiet = 0
		}
	}
}

// timed does something many times, from storeAskers goroutines, and notes how many were
// done in a second, and in one of CPU. It tells the longest that one took.
func (v values) timed(key string, times int, do func(i int) error) (time.Duration, error) {
	var group sync.WaitGroup
	worst, errs := make([]time.Duration, storeAskers), make([]error, storeAskers)
	start, since := read(true), time.Now()
	for w := range storeAskers {
		group.Go(func() {
			for i := w; i < times && errs[w] == nil; i += storeAskers {
				begun := time.Now()
				errs[w] = do(i)
				worst[w] = max(worst[w], time.Since(begun))
			}
		})
	}
	group.Wait()
	took := time.Since(since)
	v[key] = float64(times) / took.Seconds()
	v[key+"cpu"] = float64(times) / start.used().cpu.Seconds()
	return slices.Max(worst), errors.Join(errs...)
}
