package sim

import (
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/scenario"
)

// A megabyte at 8 Mbit/s takes a second to leave; two at once take two seconds both,
// because they share the uplink.
func TestUplink(t *testing.T) {
	for _, c := range []struct {
		nodes string
		want  time.Duration
	}{{"2 links 2", time.Second}, {"3 links 4", 2 * time.Second}} {
		s, err := scenario.Parse("up.txt", []byte("nodes "+c.nodes+"\nlatency 10ms±0s\nuplink 8Mbit\nsub all t\nsleep 3s\nload node1 topic:t lines 1 over 1s of 976KiB\nexpect all topic:t everything within 20s\n"))
		if err != nil {
			t.Fatal(err)
		}
		g := play(t, Options{Script: s, Seed: 1, Version: "1.1"}).Gossip
		for _, took := range []time.Duration{g.P50, g.Max} {
			if took < c.want-50*time.Millisecond || took > c.want+100*time.Millisecond {
				t.Errorf("%s: p50 %v, max %v, want about %v", c.nodes, g.P50, g.Max, c.want)
			}
		}
	}
}

func TestMessagesIn(t *testing.T) {
	frame := []byte{0x12, 2, 0x22, 0, 0x0a, 1, 0, 0x12, 0}
	if n := messagesIn(frame); n != 2 {
		t.Errorf("%d messages, want 2", n)
	}
	for i := range frame { // cut short: no panic, never more
		if n := messagesIn(frame[:i]); n > 2 {
			t.Errorf("%d of %d bytes: %d messages", i, len(frame), n)
		}
	}
}
