package chat

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// One line from gossip that is new, with the world answering its save.
func BenchmarkDelivered(b *testing.B) {
	topic := Topic(testNetwork, "lobby")
	authors := make([]*Author, 20)
	for i := range authors {
		authors[i] = testAuthor(b, byte(i+1))
	}
	lines := make([][]byte, 1000)
	for i := range lines {
		lines[i] = lineAt(authors[i%20], testNetwork, "lobby", fmt.Sprint("line ", i), uint64(i), epoch.Add(time.Duration(i)*time.Second))
	}
	b.ReportAllocs()
	var p *puppet
	for i := 0; b.Loop(); i++ {
		if i%len(lines) == 0 {
			b.StopTimer()
			p = newPuppet(b)
			b.StartTimer()
		}
		p.take(p.hall.Delivered(epoch.Add(time.Duration(i%len(lines))*time.Second), topic, lines[i%len(lines)], id.ID{9}))
	}
}

func BenchmarkCheck(b *testing.B) {
	topic, line := Topic(testNetwork, "lobby"), lineAt(testAuthor(b, 1), testNetwork, "lobby", "hello", 1, epoch)
	b.ReportAllocs()
	for b.Loop() {
		if !Check(topic, line) {
			b.Fatal("refused")
		}
	}
}

// The memory of a hall with 100 lines, as a simulation has thousands of.
func BenchmarkHallMemory(b *testing.B) {
	topic := Topic(testNetwork, "lobby")
	lines := make([][]byte, 100)
	for i := range lines {
		lines[i] = lineAt(testAuthor(b, byte(i%8+1)), testNetwork, "lobby", fmt.Sprint("line ", i), uint64(i), epoch)
	}
	author := testAuthor(b, 99)
	var before, idle, after runtime.MemStats
	for b.Loop() {
		const n = 200
		runtime.GC()
		runtime.ReadMemStats(&before)
		halls := make([]*Hall, n)
		for i := range halls {
			p := &puppet{t: b, now: epoch}
			p.hall = New(Config{Network: testNetwork, Author: author}, nowhere{}, nowhere{})
			p.take(p.hall.Join(epoch, id.Ticket{}, "lobby", 0))
			halls[i] = p.hall
		}
		runtime.GC()
		runtime.ReadMemStats(&idle)
		for _, h := range halls {
			p := &puppet{t: b, now: epoch, hall: h}
			for _, l := range lines {
				n := h.Delivered(epoch, topic, l, id.ID{9})
				p.take(n)
			}
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(idle.HeapAlloc-before.HeapAlloc)/n, "B/idle-hall")
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "B/hall")
		runtime.KeepAlive(halls)
	}
}
