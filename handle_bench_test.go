package ropewalk

import (
	"bytes"
	"fmt"
	"syscall"
	"testing"
	"time"
)

// pairOf is two joined nodes and the conversation at the first.
func pairOf(b *testing.B, cfg func(string) Config, theirs Protocol) conversation {
	ours := newAsker()
	x, y := protocolled(b, cfg("a"), ours.protocol(theirs.Name)), protocolled(b, cfg("b"), theirs)
	join(b, x, y)
	return ours.wait(b)
}

// cpu is the processor time that the process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// Messages one way, both ends in this process: cpu-ns/op is what one costs both.
func BenchmarkOneWay(b *testing.B) {
	each(b, []int{64, 1 << 10, 64 << 10, 1 << 20}, func(b *testing.B, cfg func(string) Config, size int) {
		got := make(chan struct{})
		c := pairOf(b, cfg, Protocol{Name: "sink", Version: 1, Length: 8, Limits: Limits{PayloadBytes: 16<<20 - 1}, Run: func(_ *Peer, rw MsgReadWriter) error {
			for {
				m, err := rw.ReadMsg()
				if err != nil {
					return err
				}
				if m.Code == 1 {
					got <- struct{}{}
				}
				m.Discard()
			}
		}})
		data := make([]byte, size)
		r := bytes.NewReader(data)
		b.SetBytes(int64(size))
		b.ReportAllocs()
		b.ResetTimer()
		begun := cpu()
		for range b.N {
			r.Reset(data)
			if err := c.rw.WriteMsg(Msg{Size: uint32(size), Payload: r}); err != nil {
				b.Fatal(err)
			}
		}
		if err := SendBytes(c.rw, 1, nil); err != nil {
			b.Fatal(err)
		}
		<-got
		b.ReportMetric(float64(cpu()-begun)/float64(b.N), "cpu-ns/op")
	})
}

// each runs a benchmark on every kind of link.
func each(b *testing.B, with []int, f func(b *testing.B, cfg func(string) Config, v int)) {
	for _, kind := range kinds {
		for _, v := range with {
			b.Run(fmt.Sprint(kind.name, "/", v), func(b *testing.B) { f(b, kind.make(), v) })
		}
	}
}

// Echoes of 64 bytes, some in flight.
func BenchmarkEcho(b *testing.B) {
	each(b, []int{1, 64}, func(b *testing.B, cfg func(string) Config, flight int) {
		c := pairOf(b, cfg, echoer("echo"))
		data := make([]byte, 64)
		b.ReportAllocs()
		b.ResetTimer()
		begun := cpu()
		sent := 0
		for got := 0; got < b.N; got++ {
			for ; sent < b.N && sent-got < flight; sent++ {
				if err := SendBytes(c.rw, 0, data); err != nil {
					b.Fatal(err)
				}
			}
			m, err := c.rw.ReadMsg()
			if err != nil {
				b.Fatal(err)
			}
			m.Discard()
		}
		b.ReportMetric(float64(cpu()-begun)/float64(b.N), "cpu-ns/op")
	})
}
