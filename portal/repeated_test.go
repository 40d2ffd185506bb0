package portal

import (
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/portal/wire"
)

// An offer whose answer was lost comes again and is answered as before: its sender is not
// told to wait for itself.
func TestOfferAgain(t *testing.T) {
	w := village(t, 70, 3)
	a, b, c := w.nodes[0], w.nodes[1], w.nodes[2]
	key, value := w.blob(5000)
	body := message(t, wire.Offer{Keys: [][]byte{key}})
	first, err := wire.DecodeAccept(a.reply(b, body), 2, 1)
	if err != nil || first.Codes[0] != wire.Accepted {
		t.Fatalf("%+v %v", first, err)
	}
	for range 2 * offersBurst { // it costs none of the offers that the node may make
		again, err := wire.DecodeAccept(a.reply(b, body), 2, 1)
		if err != nil || again.Conn != first.Conn || again.Codes[0] != wire.Accepted {
			t.Fatalf("%+v, before %+v; %v", again, first, err)
		}
	}
	if n := a.o.peer(b.id, nil).receives; n != 1 {
		t.Errorf("%d streams are waited for", n)
	}
	if m, err := wire.DecodeAccept(a.reply(c, body), 2, 1); err != nil || m.Codes[0] != wire.InProgress {
		t.Errorf("another's offer of the same: %+v %v", m, err)
	}
	// Once the stream is open, it is what the item comes by.
	tick := id.Ticket{Owner: "x", N: 1}
	b.Open(w.now, tick, a.record, first.Conn)
	w.run(time.Second)
	if m, err := wire.DecodeAccept(a.reply(b, body), 2, 1); err != nil || m.Codes[0] != wire.InProgress {
		t.Errorf("while the item comes: %+v %v", m, err)
	}
	b.Write(w.now, tick, wire.AppendLength(nil, len(value)), value)
	b.Finish(w.now, tick)
	w.settle()
	if m, err := wire.DecodeAccept(a.reply(b, body), 2, 1); err != nil || m.Codes[0] != wire.Stored {
		t.Errorf("when it has come: %+v %v", m, err)
	}
	if p := a.o.peer(b.id, nil); len(p.offered) != 0 {
		t.Errorf("%d offers are remembered", len(p.offered))
	}
}

// Offers that say the same while the store is asked are answered together; more of them
// than discv5 makes are not kept.
func TestOfferAgainAtOnce(t *testing.T) {
	w := village(t, 71, 2)
	a, b := w.nodes[0], w.nodes[1]
	key, _ := w.blob(5000)
	codes := map[wire.Code]int{}
	for range repeatsMax + 1 {
		a.request(b, message(t, wire.Offer{Keys: [][]byte{key}}), func(body []byte) {
			m, err := wire.DecodeAccept(body, 2, 1)
			if err != nil {
				t.Fatal(err)
			}
			codes[m.Codes[0]]++
		})
	}
	w.run(time.Second)
	if codes[wire.Accepted] != repeatsMax || codes[wire.InProgress] != 1 || a.o.peer(b.id, nil).receives != 1 {
		t.Errorf("%v, %d streams", codes, a.o.peer(b.id, nil).receives)
	}
	w.settle()
	// A store that does not answer leaves nothing behind.
	a.slow = true
	key, _ = w.blob(5000)
	answered := 0
	for range 2 {
		a.request(b, message(t, wire.Offer{Keys: [][]byte{key}}), func([]byte) { answered++ })
	}
	w.run(time.Second)
	if p := a.o.peer(b.id, nil); answered != 2 || len(p.offered) != 0 {
		t.Errorf("%d answers, %d offers remembered", answered, len(p.offered))
	}
}

// A Put is as quick as its second try where the first answer is lost, as discv5 asks again.
func TestPutWhoseAcceptIsLost(t *testing.T) {
	w := village(t, 72, 2)
	a := w.nodes[0]
	key, value := w.blob(5000)
	lost := 0
	w.meddle = func(_, _ *host, request, answer []byte) ([]byte, bool) {
		if kind, _ := wire.KindOf(request); kind == wire.KindOffer && lost == 0 {
			lost++
			return nil, false
		}
		return answer, true
	}
	w.resend = 500 * time.Millisecond
	from := w.now
	got := a.ask(func(t id.Ticket) News { return a.o.Put(w.now, t, key, value, content.Durable) })
	if took := w.now.Sub(from); lost != 1 || got.Err != nil || got.Put.Replicas() != 1 || took > time.Second {
		t.Errorf("%+v after %v, %d lost", got.Put, took, lost)
	}
	w.settle()
}

// Where nobody else is to be had, a node is offered the item again that did not answer, and
// one that missed a ping all the same.
func TestPutTriesTheOnlyOneTwice(t *testing.T) {
	w := village(t, 73, 2)
	a, b := w.nodes[0], w.nodes[1]
	lost, most := 0, 1
	w.meddle = func(_, _ *host, request, answer []byte) ([]byte, bool) {
		if kind, _ := wire.KindOf(request); kind == wire.KindOffer && lost < most {
			lost++
			return nil, false
		}
		return answer, true
	}
	key, value := w.blob(5000)
	if got := a.put(key, value); lost != 1 || got.Put.Replicas() != 1 {
		t.Errorf("%+v, %d lost", got.Put, lost)
	}
	w.meddle = nil
	w.settle()
	key, value = w.blob(5000)
	for a.o.table.Live() > 0 {
		a.o.table.Failed(w.now, b.id)
	}
	if !a.o.table.Has(b.id) {
		t.Fatal("it is forgotten")
	}
	if got := a.put(key, value); got.Put.Replicas() != 1 {
		t.Errorf("%+v", got.Put)
	}
	// One that is gone is waited for twice, not for ever.
	b.down = true
	key, value = w.blob(5000)
	from := w.now
	if got, took := a.put(key, value), w.now.Sub(from); got.Put.Replicas() != 0 || took > 2*callTimeout+2*retryAfter {
		t.Errorf("%+v after %v", got.Put, took)
	}
}
