package streams

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/anacrolix/utp"

	"github.com/ropewalk/ropewalk/id"
	ours "github.com/ropewalk/ropewalk/utp"
)

// patience is far more than any of these streams takes.
const patience = time.Minute

// TestUTPWithAnacrolix: streams of 1 MiB between an endpoint of ours and
// github.com/anacrolix/utp over real sockets, whichever dials and whichever writes.
func TestUTPWithAnacrolix(t *testing.T) {
	data := make([]byte, 1<<20)
	for i := range data {
		data[i] = byte(i * i >> 7)
	}
	for _, dial := range []bool{true, false} {
		for _, write := range []bool{true, false} {
			for _, size := range []int{1, 3000, len(data)} {
				t.Run(fmt.Sprintf("dial=%v write=%v %d", dial, write, size), func(t *testing.T) {
					carry(t, dial, write, data[:size])
				})
			}
		}
	}
}

// carry takes data through one stream; dial and write say what our end does.
func carry(t *testing.T, dial, write bool, data []byte) {
	theirs, err := utp.NewSocket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.CloseNow()
	r := newRopeUTP(t)
	over := make(chan error, 1)
	var got []byte
	user := func(v ours.Event) {
		switch v.Kind {
		case ours.Data:
			got = append(got, v.Data...)
		case ours.End, ours.Failed:
			over <- v.Err
		}
	}
	use := func(x id.Ticket) {
		r.users[x] = user
		if write {
			r.e.Write(time.Now(), x, data)
			r.e.Finish(time.Now(), x)
		}
	}

	var conn net.Conn
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if dial {
		r.mu.Lock()
		x := r.tick.Next()
		r.e.Dial(time.Now(), x, remote(netip.MustParseAddrPort(theirs.Addr().String())), 4711)
		use(x)
		r.news(ours.News{})
		r.mu.Unlock()
		conn, err = theirs.Accept()
	} else {
		r.mu.Lock()
		r.on = func(_ ours.Remote, _ uint16, x id.Ticket) { use(x) }
		r.mu.Unlock()
		conn, err = theirs.DialContext(ctx, "udp4", r.at().String())
	}
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetDeadline(time.Now().Add(patience))
	if write {
		b, err := io.ReadAll(conn)
		if err != nil || !bytes.Equal(b, data) {
			t.Fatalf("they read %d bytes of %d: %v", len(b), len(data), err)
		}
		conn.Close()
	} else {
		if n, err := conn.Write(data); err != nil {
			t.Fatalf("they wrote %d bytes of %d: %v", n, len(data), err)
		}
		conn.Close()
	}
	select {
	case err := <-over:
		if err != nil {
			t.Fatal(err)
		}
	case <-ctx.Done():
		t.Fatal("no end")
	}
	if !write && !bytes.Equal(got, data) {
		t.Fatalf("we read %d bytes of %d", len(got), len(data))
	}
	r.mu.Lock()
	t.Logf("%+v", r.e.Stats())
	r.mu.Unlock()
}
