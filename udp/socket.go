package udp

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"syscall"
)

// Packet is a datagram, and who it is from or for. An IPv4 address is IPv4, also on a
// socket of both kinds.
type Packet struct {
	Addr netip.AddrPort
	Data []byte
}

// Config is how a socket is made. The zero Config is good.
type Config struct {
	// Max is the longest datagram that is read, 1280 bytes unless set; longer ones are
	// counted and dropped. Writing is bounded by the system alone.
	Max int
	// Buffer is how many bytes of buffer the system is asked for in either direction,
	// 4 MiB unless set. Stats says what it gave.
	Buffer int
	// Single leaves out batches, and Apart leaves out joining and cutting. For tests,
	// and for systems that get it wrong.
	Single, Apart bool
}

func (c Config) fill() Config {
	if c.Max <= 0 {
		c.Max = datagramMax
	}
	if c.Buffer <= 0 {
		c.Buffer = bufferBytes
	}
	return c
}

// Socket is a bound UDP socket.
type Socket struct {
	cfg   Config
	conn  *net.UDPConn
	local netip.AddrPort
	v6    bool  // the system's socket takes IPv6 addresses
	many  *many // nil: one datagram at a time

	free   chan *Batch
	made   int // batches; the reader's
	errors int // of reading, one after another; the reader's
	closed chan struct{}
	once   sync.Once

	writing sync.Mutex
	counts  counts
}

// Listen binds a socket. The unspecified IPv6 address stands for both kinds.
func Listen(at netip.AddrPort, cfg Config) (*Socket, error) {
	cfg = cfg.fill()
	network := "udp4"
	if at.Addr().Is6() {
		network = "udp"
	}
	conn, err := net.ListenUDP(network, net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, err // names the address
	}
	s := &Socket{cfg: cfg, conn: conn, v6: at.Addr().Is6(), free: make(chan *Batch, batchesMax), closed: make(chan struct{})}
	local := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	s.local = netip.AddrPortFrom(local.Addr().Unmap(), local.Port())
	raw, err := conn.SyscallConn()
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("udp: %w", err)
	}
	s.counts.readBuffer, s.counts.writeBuffer = setBuffers(conn, raw, cfg.Buffer)
	if !cfg.Single {
		s.many = newMany(s, raw)
	}
	return s, nil
}

// LocalAddr is what the socket is bound to.
func (s *Socket) LocalAddr() netip.AddrPort { return s.local }

// SyscallConn gives out the system's socket, to set options of it.
func (s *Socket) SyscallConn() (syscall.RawConn, error) { return s.conn.SyscallConn() }

// Close ends the socket and with it Read. Batches that are out stay good.
func (s *Socket) Close() error {
	s.once.Do(func() { close(s.closed) })
	return s.conn.Close()
}

// Stats is what a socket did, since it was made.
type Stats struct {
	PacketsIn, BytesIn, ReadCalls    uint64
	PacketsOut, BytesOut, WriteCalls uint64
	// ReadErrors and WriteErrors are calls that failed. What was not written is
	// WriteErrors and Full: datagrams that found no room in the system's buffer.
	ReadErrors, WriteErrors, Full uint64
	// TooLong are datagrams above Config.Max. Lost is what the system dropped because
	// nobody read, where it tells (Linux).
	TooLong, Lost uint64
	// JoinedIn and JoinedOut are datagrams that crossed to and from the system as parts
	// of longer ones.
	JoinedIn, JoinedOut uint64
	// ReadBuffer and WriteBuffer are the bytes that the system gave, 0 where it does
	// not tell.
	ReadBuffer, WriteBuffer int
	// Batches, Joins and Cuts tell what works here: many datagrams in a call, taking
	// apart what was joined, having the system cut.
	Batches, Joins, Cuts bool
}

// counts are Stats while they are counted, from any goroutine.
type counts struct {
	packetsIn, bytesIn, readCalls      atomic.Uint64
	packetsOut, bytesOut, writeCalls   atomic.Uint64
	readErrors, writeErrors, full      atomic.Uint64
	tooLong, lost, joinedIn, joinedOut atomic.Uint64
	readBuffer, writeBuffer            int
}

// Stats may be asked for at any time.
func (s *Socket) Stats() Stats {
	c := &s.counts
	out := Stats{
		PacketsIn: c.packetsIn.Load(), BytesIn: c.bytesIn.Load(), ReadCalls: c.readCalls.Load(),
		PacketsOut: c.packetsOut.Load(), BytesOut: c.bytesOut.Load(), WriteCalls: c.writeCalls.Load(),
		ReadErrors: c.readErrors.Load(), WriteErrors: c.writeErrors.Load(), Full: c.full.Load(),
		TooLong: c.tooLong.Load(), Lost: c.lost.Load(), JoinedIn: c.joinedIn.Load(), JoinedOut: c.joinedOut.Load(),
		ReadBuffer: c.readBuffer, WriteBuffer: c.writeBuffer,
	}
	if s.many != nil {
		out.Batches = true
		out.Joins, out.Cuts = s.many.means()
	}
	return out
}
