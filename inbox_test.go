package ropewalk

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/ropewalk/ropewalk/link"
)

// Messages of links wait for room, calls do not, and what was put comes out in order.
func TestInboxBounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newInbox()
		for i := range inboxMsgsMax {
			q.put(input{conn: link.Conn(i), msg: link.Msg{Data: []byte("x")}})
		}
		done := make(chan bool)
		go func() { done <- q.put(input{conn: inboxMsgsMax}) }()
		synctest.Wait()
		if !q.put(input{fn: func(time.Time) {}}) {
			t.Fatal("a call was refused")
		}
		select {
		case <-done:
			t.Fatal("one message more than there is room for")
		default:
		}
		all := q.take(nil)
		if len(all) != inboxMsgsMax+1 || all[inboxMsgsMax].fn == nil {
			t.Fatalf("%d inputs", len(all))
		}
		for i := range inboxMsgsMax {
			if all[i].conn != link.Conn(i) {
				t.Fatalf("input %d is of link %d", i, all[i].conn)
			}
		}
		if !<-done {
			t.Fatal("the waiting message was refused though there is room")
		}
		if all = q.take(all); len(all) != 1 || all[0].conn != inboxMsgsMax {
			t.Fatalf("then came %v", all)
		}
	})
}

// Many bytes fill an inbox too, but one message always fits, and the end lets
// everybody go.
func TestInboxBytesAndEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := newInbox()
		if !q.put(input{msg: link.Msg{Data: make([]byte, inboxBytesMax+1)}}) {
			t.Fatal("a large message found no room in an empty inbox")
		}
		done := make(chan bool)
		go func() { done <- q.put(input{msg: link.Msg{Data: []byte("x")}}) }()
		synctest.Wait()
		select {
		case <-done:
			t.Fatal("more bytes than there is room for")
		default:
		}
		q.close()
		if <-done {
			t.Fatal("the loop is gone, and a message was taken")
		}
		if q.put(input{fn: func(time.Time) {}}) {
			t.Fatal("the loop is gone, and a call was taken")
		}
	})
}
