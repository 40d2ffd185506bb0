//go:build unix

package rlpx

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/linktest"
)

// cpu is the processor time this process has used.
func cpu() time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkOneWay is WriteAll of batches at one end and Feed at the other, over a
// loopback socket.
func BenchmarkOneWay(b *testing.B) {
	for _, size := range []int{64, 1 << 10, 64 << 10, 1 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			x, y := listening(b, Config{}), listening(b, Config{Key: linktest.Key("b")})
			l, err := x.Dial(b.Context(), ticket, y.Addrs()[0])
			if err != nil {
				b.Fatal(err)
			}
			ours, theirs := l.(*Link), accepted(b, y)
			done := make(chan struct{})
			go func() {
				n := 0
				_ = theirs.Feed(func(m link.Msg) bool {
					if n++; n == b.N {
						close(done)
					}
					theirs.Reuse(m.Data)
					return true
				})
			}()
			all := make([]link.Msg, max(1, min(64, 256<<10/size)))
			data := make([]byte, size)
			for i := range data {
				data[i] = byte(i * i >> 3)
			}
			for i := range all {
				all[i].Data = data
			}
			b.SetBytes(int64(size))
			b.ReportAllocs()
			b.ResetTimer()
			begun := cpu()
			for n := 0; n < b.N; n += len(all) {
				if err := ours.WriteAll(all[:min(len(all), b.N-n)]); err != nil {
					b.Fatal(err)
				}
			}
			<-done
			b.StopTimer()
			b.ReportMetric(float64(b.N)/(cpu()-begun).Seconds(), "msgs/cpu-s")
		})
	}
}
