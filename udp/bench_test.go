package udp

import (
	"fmt"
	"testing"
)

// BenchmarkLoopback sends datagrams over loopback and reads them, in one goroutine, so
// that the time is what both ends cost together. "one" goes to one address, "each" to
// another each time, which cannot be joined.
func BenchmarkLoopback(b *testing.B) {
	for _, size := range []int{100, 1200} {
		for _, to := range []int{1, 32} {
			for _, way := range []string{"many", "many apart", "single"} {
				b.Run(fmt.Sprintf("%dB/%dto/%s", size, to, way), func(b *testing.B) { benchLoopback(b, ways[way], size, to) })
			}
		}
	}
}

func benchLoopback(b *testing.B, cfg Config, size, to int) {
	const burst = 64
	from := listen(b, "127.0.0.1:0", cfg)
	var sinks []*Socket
	for range to {
		sinks = append(sinks, listen(b, "127.0.0.1:0", cfg))
	}
	var out []Packet
	for n := range burst {
		out = append(out, Packet{sinks[n%to].LocalAddr(), make([]byte, size)})
	}
	b.ReportAllocs()
	for b.Loop() {
		if sent, err := from.Write(out); sent != burst {
			b.Fatal(sent, err)
		}
		for _, s := range sinks {
			for n := 0; n < burst/to; {
				batch, err := s.Read()
				if err != nil {
					b.Fatal(err)
				}
				n += len(batch.Packets())
				batch.Release()
			}
		}
	}
	b.ReportMetric(float64(b.N)*burst/b.Elapsed().Seconds(), "packets/s")
}
