package main

import (
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/ropewalk/ropewalk/discv5/wire"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// floodSources are the addresses that the flood comes from: as many of 127.0.0.0/8, which
// is how a loopback can have a forged source.
const floodSources = 500

// runFlood sends one node packets of strangers, each with a node ID of its own, at a
// rate, and meanwhile has another, whom it knows, ping it 100 times a second.
func runFlood(s side, rate int, during time.Duration) (values, error) {
	victim, err := newTalker(s, anyPort, netip.AddrPort{})
	if err != nil {
		return nil, err
	}
	defer victim.close()
	honest, err := newTalker(s, anyPort, netip.AddrPort{})
	if err != nil {
		return nil, err
	}
	defer honest.close()
	if _, err := honest.ping(victim.record()); err != nil {
		return nil, err
	}
	at, err := portOf(victim)
	if err != nil {
		return nil, err
	}
	r, err := enr.Parse(victim.record())
	if err != nil {
		return nil, err
	}
	packets, sources, err := floodOf(r.ID(), rate)
	if err != nil {
		return nil, err
	}
	defer func() {
		for _, c := range sources {
			c.Close()
		}
	}()
	start := read(true)
	stop := profile()
	defer stop()
	end := time.Now().Add(during)
	var group sync.WaitGroup
	sent := 0
	group.Go(func() {
		began := time.Now()
		for time.Now().Before(end) {
			for due := int(time.Since(began).Seconds() * float64(rate)); sent < due; sent++ {
				_, _ = sources[sent%len(sources)].WriteToUDPAddrPort(packets[sent%len(packets)], at)
			}
			time.Sleep(time.Millisecond)
		}
	})
	times, lost := pingUnder(honest, victim.record(), end)
	group.Wait()
	used := start.used()
	slices.Sort(times)
	v := values{"loss": 100, "p99": never, "cpu": float64(used.cpu) / float64(max(sent, 1)), "sent": float64(sent) / during.Seconds()}
	if len(times) > 0 {
		v["p99"] = float64(times[len(times)*99/100])
		v["loss"] = 100 * float64(lost) / float64(lost+len(times))
	}
	return v, nil
}

// floodOf makes packets of as many strangers, and the sockets they come from.
func floodOf(to id.ID, count int) (packets [][]byte, sources []*net.UDPConn, err error) {
	rng := rand.New(rand.NewPCG(1, 2))
	mask := wire.Real.Mask(to)
	for range count {
		var from id.ID
		for i := range from {
			from[i] = byte(rng.Uint32())
		}
		p, _ := wire.AppendRandom(nil, rng, from, mask)
		packets = append(packets, p)
	}
	for i := range floodSources {
		ip := netip.AddrFrom4([4]byte{127, byte(1 + i/250), byte(i % 250), 1})
		c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, 0)))
		if err != nil {
			return nil, nil, err
		}
		sources = append(sources, c)
	}
	return packets, sources, nil
}

// pingUnder pings every 10 ms, each in its own time, until the end.
func pingUnder(from talker, record string, end time.Time) (times []time.Duration, lost int) {
	var mu sync.Mutex
	var group sync.WaitGroup
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for now := range tick.C {
		if now.After(end) {
			break
		}
		group.Go(func() {
			took, err := from.ping(record)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				lost++
			} else {
				times = append(times, took)
			}
		})
	}
	group.Wait()
	return times, lost
}
