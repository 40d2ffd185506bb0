package linktest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// Transport is what every kind offers a world.
type Transport interface {
	Kind() link.Kind
	Listen() error
	Addrs() []link.Addr
	Accept() (link.Link, error)
	Dial(context.Context, id.Ticket, link.Addr) (link.Link, error)
	Close() error
}

// Pair is where the transports of one test live.
type Pair struct {
	// Make makes a transport that can reach the others of this Pair. The suite
	// closes it.
	Make func(key *id.Key, protocols []link.Protocol) Transport
	// Nobody is an address, naming a peer, where nobody listens.
	Nobody link.Addr
	// NoHalfClose is set by kinds that cannot tell the remote that a lane is shut.
	NoHalfClose bool
	// ReasonsLost is set by kinds that send the reason of a close as best they can;
	// for them a tenth of the reasons may reach the remote as a bare loss.
	ReasonsLost bool
}

// patience bounds every wait of the suite; it is met only by failures.
const patience = 60 * time.Second

// Key makes a key that depends on nothing but the name.
func Key(name string) *id.Key {
	h := sha256.Sum256([]byte("linktest " + name))
	k, err := id.KeyFromBytes(h[:])
	if err != nil {
		panic(err) // one name in 2^128
	}
	return k
}

// Protocols of the tests that do not care which: two lanes with codes, one Bare.
func Protocols() []link.Protocol {
	return []link.Protocol{
		{Name: "one", Version: 1, Length: 8},
		{Name: "two", Version: 1, Length: 4, BytesMax: 300 << 10},
		{Name: "bare", Version: 1, Length: 1, Bare: true},
	}
}

// made makes a listening transport.
func made(t *testing.T, p Pair, name string, protocols []link.Protocol) Transport {
	t.Helper()
	tr := p.Make(Key(name), protocols)
	t.Cleanup(func() {
		if err := tr.Close(); err != nil {
			t.Errorf("close %s: %v", name, err)
		}
	})
	if err := tr.Listen(); err != nil {
		t.Fatalf("listen %s: %v", name, err)
	}
	return tr
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// joined makes both ends of a link that a dials.
func joined(t *testing.T, a, b Transport) (ours, theirs link.Link) {
	t.Helper()
	ours, err := a.Dial(soon(t), id.Ticket{Owner: "linktest", N: 7}, b.Addrs()[0])
	if err != nil {
		t.Fatalf("dial: %v", err)
	}
	return ours, accepted(t, b)
}

func accepted(t *testing.T, tr Transport) link.Link {
	t.Helper()
	l, err := within(t, "accept", tr.Accept)
	if err != nil {
		t.Fatalf("accept: %v", err)
	}
	return l
}

// both makes two transports with the suite's protocols and a link between them.
func both(t *testing.T, p Pair) (ours, theirs link.Link) {
	t.Helper()
	return joined(t, made(t, p, "a", Protocols()), made(t, p, "b", Protocols()))
}

// within runs f, which must return within patience.
func within[T any](t *testing.T, what string, f func() (T, error)) (T, error) {
	t.Helper()
	type result struct {
		v   T
		err error
	}
	done := make(chan result, 1)
	go func() {
		v, err := f()
		done <- result{v, err}
	}()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case r := <-done:
		return r.v, r.err
	case <-timer.C:
		t.Fatalf("%s: nothing happened in %v", what, patience)
		panic("unreachable")
	}
}

// read returns the next message of kind op; Freed and Timed, which come when they
// please, and nothing else are skipped.
func read(t *testing.T, l link.Link, op link.Op) link.Msg {
	t.Helper()
	for {
		m, err := within(t, "read "+op.String(), l.Read)
		switch {
		case err != nil:
			t.Fatalf("read %s: %v", op, err)
		case m.Op == op:
			return m
		case !anyTime(m.Op):
			t.Fatalf("read %s: got %s on lane %d", op, m.Op, m.Lane)
		}
	}
}

// anyTime tells whether an event may come at any time.
func anyTime(op link.Op) bool { return op == link.Freed || op == link.Timed }

// readEnd reads until the link's error.
func readEnd(t *testing.T, l link.Link) error {
	t.Helper()
	for {
		if _, err := within(t, "read the end", l.Read); err != nil {
			return err
		}
	}
}

func write(t *testing.T, l link.Link, m link.Msg) {
	t.Helper()
	if _, err := within(t, "write", func() (struct{}, error) { return struct{}{}, l.Write(m) }); err != nil {
		t.Fatalf("write: %v", err)
	}
}

// fill makes a message body that says its number, cannot be mistaken and cannot be
// compressed, so that what a link holds back is what was written.
func fill(n, size int) []byte {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, max(size, 8)), uint64(n))
	stream := rand.NewChaCha8(sha256.Sum256(b))
	rest := b[len(b):cap(b)]
	_, _ = stream.Read(rest) // never fails
	return b[:cap(b)]
}

// same tells how a body differs from fill.
func same(b []byte, n, size int) error {
	if !bytes.Equal(b, fill(n, size)) {
		return fmt.Errorf("message %d of %d bytes came as %d other bytes", n, size, len(b))
	}
	return nil
}
