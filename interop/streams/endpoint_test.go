package streams

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/utp"
)

// ropeUTP is an endpoint of ours on a bare UDP socket, for remotes that know no discv5.
// A remote's identity is its address. Who dials us chooses the connection ID, where ours
// is agreed before, so its IDs are moved by the difference.
type ropeUTP struct {
	conn  *net.UDPConn
	mu    sync.Mutex
	e     *utp.Endpoint
	tick  id.Tickets
	users map[id.Ticket]func(utp.Event)
	moved map[netip.AddrPort]uint16 // what is added to IDs of packets from there
	on    func(from utp.Remote, conn uint16, t id.Ticket)
	timer *time.Timer
	ended sync.WaitGroup
}

func newRopeUTP(t *testing.T) *ropeUTP {
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	_ = conn.SetReadBuffer(4 << 20)
	r := &ropeUTP{conn: conn, tick: id.Tickets{Owner: "interop"}, users: map[id.Ticket]func(utp.Event){}, moved: map[netip.AddrPort]uint16{}}
	r.e = utp.New(utp.Config{}, rand.New(rand.NewPCG(rand.Uint64(), 0)), r)
	r.timer = time.AfterFunc(time.Hour, r.wake)
	r.ended.Go(r.read)
	t.Cleanup(func() {
		r.timer.Stop()
		conn.Close()
		r.ended.Wait()
	})
	return r
}

func (r *ropeUTP) at() netip.AddrPort { return r.conn.LocalAddr().(*net.UDPAddr).AddrPort() }

// remote is a remote by its address.
func remote(at netip.AddrPort) utp.Remote {
	var who id.ID
	ip := at.Addr().As16()
	copy(who[:], ip[:])
	binary.BigEndian.PutUint16(who[16:], at.Port())
	return utp.Remote{ID: who, At: at}
}

// Send writes a packet to the socket. The caller holds the lock.
func (r *ropeUTP) Send(_ time.Time, to utp.Remote, packet []byte) {
	b := append([]byte(nil), packet...)
	shift(b, -r.moved[to.At])
	_, _ = r.conn.WriteToUDPAddrPort(b, to.At) // what is not sent is lost
}

// shift adds to the connection ID of a packet.
func shift(b []byte, by uint16) {
	binary.BigEndian.PutUint16(b[2:], binary.BigEndian.Uint16(b[2:])+by)
}

func (r *ropeUTP) read() {
	buf := make([]byte, 2048)
	for {
		n, from, err := r.conn.ReadFromUDPAddrPort(buf)
		if err != nil {
			return // closed
		}
		if n < 20 {
			continue
		}
		r.mu.Lock()
		r.packet(remote(netip.AddrPortFrom(from.Addr().Unmap(), from.Port())), buf[:n])
		r.mu.Unlock()
	}
}

func (r *ropeUTP) packet(from utp.Remote, b []byte) {
	now := time.Now()
	if _, known := r.moved[from.At]; b[0]>>4 == 4 && !known && r.on != nil {
		t := r.tick.Next()
		if conn, ok := r.e.Reserve(now, t, from.ID); ok {
			r.moved[from.At] = conn - binary.BigEndian.Uint16(b[2:])
			r.on(from, conn, t)
		}
	}
	shift(b, r.moved[from.At])
	r.news(r.e.Packet(now, from, b))
}

func (r *ropeUTP) wake() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.news(r.e.Advance(time.Now()))
}

// news tells the users, and sets the timer.
func (r *ropeUTP) news(n utp.News) {
	for _, v := range n.Events {
		if f := r.users[v.Ticket]; f != nil {
			f(v)
		}
	}
	if d := r.e.Deadline(); !d.IsZero() {
		r.timer.Reset(time.Until(d))
	}
}
