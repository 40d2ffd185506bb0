//go:build !nopebble

package store

import (
	"crypto/rand"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
)

// BenchmarkPut puts values of 1 KiB of class Cache, from eight goroutines.
func BenchmarkPut(b *testing.B) {
	benchPut(b, Config{Networks: []content.Network{blobs}, Capacity: 8 << 30})
}

// BenchmarkPutAtTheCap does so with a store that is full.
func BenchmarkPutAtTheCap(b *testing.B) {
	benchPut(b, Config{Networks: []content.Network{blobs}, Capacity: 64 << 20})
}

const putters = 8

func benchPut(b *testing.B, c Config) {
	s, err := Open(b.TempDir(), c)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	ids, value := benchIDs(b.N), make([]byte, 1024)
	rand.Read(value)
	b.SetBytes(1024)
	b.ResetTimer()
	var all sync.WaitGroup
	worst := make([]time.Duration, putters)
	for w := range putters {
		all.Go(func() {
			for i := w; i < b.N; i += putters {
				since := time.Now()
				err := s.Do(content.Ask{Network: "blob", Verb: content.Put, Item: content.Item{ID: ids[i], Key: ids[i][:], Value: value}}).Err
				if worst[w] = max(worst[w], time.Since(since)); err != nil && !errors.Is(err, content.ErrOutside) {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "puts/s")
	b.ReportMetric(float64(slices.Max(worst).Microseconds())/1000, "worst-ms")
}

func benchIDs(n int) []id.ID {
	ids := make([]id.ID, n)
	for i := range ids {
		rand.Read(ids[i][:])
	}
	return ids
}

// BenchmarkGet gets values of 1 KiB from a store of 100,000.
func BenchmarkGet(b *testing.B) {
	s, err := Open(b.TempDir(), Config{Networks: []content.Network{blobs}})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	ids, value := benchIDs(100_000), make([]byte, 1024)
	rand.Read(value)
	for _, p := range ids {
		if err := s.Do(content.Ask{Network: "blob", Verb: content.Put, Item: content.Item{ID: p, Key: p[:], Value: value}}).Err; err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	var all sync.WaitGroup
	for w := range putters {
		all.Go(func() {
			for i := w; i < b.N; i += putters {
				if err := s.Do(content.Ask{Network: "blob", Verb: content.Get, IDs: ids[i*7919%len(ids):][:1]}).Err; err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "gets/s")
}
