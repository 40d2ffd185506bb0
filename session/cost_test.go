package session

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// BenchmarkFullBook is one second of a node whose book is full, with all slots filled and
// with one of them losing its host all the time.
func BenchmarkFullBook(b *testing.B) {
	for _, churn := range []bool{false, true} {
		b.Run(fmt.Sprintf("churn=%v", churn), func(b *testing.B) {
			c := &crowd{now: t0}
			rng := rand.New(rand.NewPCG(1, 7))
			book := hosts.New(hosts.Config{Self: testPeer(0).ID()}, rng)
			for i := range 6000 {
				a := link.MustAddr(fmt.Sprintf("/ip4/8.%d.%d.1/tcp/4001", 1+i%250, i/250)).WithPeer(testPeer(1000 + i))
				_ = book.HearAddr(t0, fmt.Sprint(i%100), a)
				if i%3 > 0 {
					_ = book.Move(t0, a.ID(), hosts.White)
				}
			}
			l := &loner{c: c, up: true, addr: map[id.Ticket]link.Addr{}}
			l.k = New(Config{Self: testPeer(0).ID()}, book, rng, l, l)
			l.k.Start(t0)
			c.all = append(c.all, l)
			c.run(time.Minute)
			for b.Loop() {
				if churn {
					for _, s := range l.k.outs {
						if s.State == Connected {
							x, _ := l.k.links.Get(s.ID)
							l.k.Down(c.now, s.ID, x.ticket, "connection reset", time.Minute)
							break
						}
					}
				}
				c.run(time.Second)
			}
			counts := book.Counts()
			b.ReportMetric(float64(counts.Grey), "grey")
			b.ReportMetric(float64(counts.White), "white")
		})
	}
}
