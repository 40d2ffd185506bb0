package utp

// check holds the books of an endpoint to what they count.
func (e *Endpoint) check(t tester) {
	t.Helper()
	in, out, held, waiting := 0, 0, 0, 0
	for k, s := range e.streams {
		if k != (key{s.remote.ID, s.recv}) || s.place < 0 || e.timers.heap[s.place] != s {
			t.Fatalf("%v is out of place", k)
		}
		if d := s.due(); s.wake > d {
			t.Fatalf("looked at %v, due %v", s.wake, d)
		}
		if s.state == waiting_ {
			waiting++
			if s.peer != nil || s.reorder.count+len(s.early)+s.flight.len()+len(s.pieces.list) != 0 {
				t.Fatal("an ended stream holds something")
			}
			continue
		}
		if e.tickets[s.ticket] != s || e.peers[s.remote.ID] != s.peer {
			t.Fatal("a stream without its peer or ticket")
		}
		if s.inbound {
			in++
		} else {
			out++
		}
		s.check(t)
	}
	for _, p := range e.peers {
		held += p.held
		buffers, inbound, readers := 0, 0, 0
		for _, s := range p.streams {
			if s.reads {
				readers++
			}
			buffers += s.reorder.count + len(s.early)
			if s.inbound {
				inbound++
			}
		}
		if p.held != buffers*bufferBytes || p.held > heldPerPeer || len(p.streams) == 0 || p.inbound != inbound || p.readers != readers {
			t.Fatalf("a peer holds %d for %d buffers of %d streams", p.held, buffers, len(p.streams))
		}
		if max(inbound, len(p.streams)-inbound) > e.cfg.PerPeer {
			t.Fatalf("%d streams with a peer", len(p.streams))
		}
	}
	if in != e.inbound || out != e.outbound || in > e.cfg.Inbound || out > e.cfg.Outbound || in+out != len(e.tickets) {
		t.Fatalf("%d and %d streams, counted %d and %d, %d tickets", in, out, e.inbound, e.outbound, len(e.tickets))
	}
	if held != e.memory.held || held > heldTotal || len(e.memory.free) > freeMax {
		t.Fatalf("%d held, counted %d", held, e.memory.held)
	}
	if waiting != len(e.ended.list) || waiting > waitingMax || in+out+waiting != len(e.timers.heap) {
		t.Fatalf("%d waiting of %d, %d timers", waiting, len(e.ended.list), len(e.timers.heap))
	}
	for i := 1; i < len(e.timers.heap); i++ {
		if e.timers.heap[i].wake < e.timers.heap[(i-1)/2].wake {
			t.Fatal("the heap is none")
		}
	}
}

const waiting_ = waiting

// check holds the books of a stream to what they count.
func (s *stream) check(t tester) {
	t.Helper()
	f := &s.flight
	size, out, holes, lost := 0, 0, 0, 0
	for seq := f.base; seq != f.next; seq++ {
		switch p := f.at(seq); {
		case p.acked && p.lost:
			t.Fatal("arrived and lost")
		case p.acked:
			holes++
		case p.lost:
			lost++
		default:
			size += int(p.size)
			out++
		}
	}
	if size != f.bytes || out != f.out || holes != f.holes || lost != f.lost || f.len() > flightMax+1 {
		t.Fatalf("flight %d: %d/%d bytes, %d/%d out, %d/%d holes, %d/%d lost", f.len(), size, f.bytes, out, f.out, holes, f.holes, lost, f.lost)
	}
	if f.len() > 0 && f.at(f.base).acked {
		t.Fatal("the base has arrived")
	}
	if l := &s.ledbat; l.window > windowMax || l.window < l.packet || l.queue < 0 || l.queue > delayMax {
		t.Fatalf("window %d, queue %v", l.window, l.queue)
	}
	r := &s.reorder
	count, bytes := 0, 0
	for _, b := range r.ring {
		if b != nil {
			count++
			bytes += len(b)
		}
	}
	if count != r.count || bytes != r.bytes || r.count > 0 && *r.slot(r.next) != nil {
		t.Fatalf("%d/%d held, %d/%d bytes", count, r.count, bytes, r.bytes)
	}
	if r.count > segmentsFirst+(s.credit+s.delivered)>>10 || s.credit > heldMax || r.count > segmentsMax || r.bytes > heldFirst+s.credit+s.delivered || r.bytes > heldMax || len(r.ring) > segmentsMax || len(s.early) > earlyMax {
		t.Fatalf("%d segments, %d bytes held after %d", r.count, r.bytes, s.delivered)
	}
	if s.state == open && s.flight.len() > 0 && s.rtoAt == 0 && s.paceAt == 0 {
		t.Fatal("something is on its way, and no timer waits for it")
	}
}
