package session

import (
	"errors"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// Who dials a host that says it has a link with us already is told of that link when it
// shows, and that there is none when it does not.
func TestLinkOfARaceAnswers(t *testing.T) {
	for i, shows := range []bool{true, false, true, false} {
		w := newNetwork(t)
		host := w.stranger("8.1.1.1")
		host.mode = "link closed by remote: " + link.AlreadyConnected.String()
		if i > 1 {
			host.mode = "connection lost: " + link.NetworkError.String()
		}
		me := w.join("8.200.1.1", Config{Outbound: -1})
		me.start()
		for n := range 2 {
			if err := me.k.Connect(w.now, id.Ticket{Owner: "user", N: uint64(n)}, host.addr); err != nil {
				t.Fatal(err)
			}
		}
		w.run(time.Second)
		if len(me.news.Answers) != 0 {
			t.Fatalf("answered early: %+v", me.news.Answers)
		}
		if shows {
			if err := host.k.Connect(w.now, host.k.tickets.Next(), me.addr); err != nil {
				t.Fatal(err)
			}
		}
		w.run(2 * time.Second)
		if len(me.news.Answers) != 2 || me.k.lates.Len() != 0 || me.k.waiting() != 0 {
			t.Fatalf("shows %v: answers %+v", shows, me.news.Answers)
		}
		for _, a := range me.news.Answers {
			var de *DialError
			if shows && (a.Err != nil || a.ID != host.key.ID()) || !shows && !errors.As(a.Err, &de) {
				t.Errorf("shows %v: %+v", shows, a)
			}
		}
	}
}

// Who still waits when the node stops is told so, and counts until then.
func TestLateAtStop(t *testing.T) {
	w := newNetwork(t)
	host := w.stranger("8.1.1.1")
	host.mode = link.AlreadyConnected.String()
	me := w.join("8.200.1.1", Config{Outbound: -1})
	me.start()
	n := 0
	for ; me.k.Connect(w.now, id.Ticket{Owner: "user", N: uint64(n)}, host.addr) == nil; n++ {
		w.run(time.Millisecond)
	}
	if n != directsMax {
		t.Errorf("%d may wait", n)
	}
	me.stop()
	if len(me.news.Answers) != n || !errors.Is(me.news.Answers[0].Err, ErrStopped) {
		t.Errorf("%d answers", len(me.news.Answers))
	}
}
