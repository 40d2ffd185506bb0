package utp

import (
	"testing"
	"time"
)

func TestTransfer(t *testing.T) {
	data := noise(1 << 20)
	for _, pull := range []bool{false, true} {
		w := newWorld(t, 1, line{trip: 20 * time.Millisecond})
		a, b := w.host(Config{}), w.host(Config{})
		x := w.send(a, b, data, pull)
		w.run(time.Minute, x.over)
		t.Log(x.check(t), a.packets, b.packets, a.e.Stats())
		w.run(time.Minute, nil)
		a.idle(t)
		b.idle(t)
	}
}
