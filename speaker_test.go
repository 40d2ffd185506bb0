package ropewalk_test

import (
	"context"
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/discv5/wire"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	portal "github.com/ropewalk/ropewalk/portal/wire"
)

// speaker speaks discv5 over a socket of its own and says whatever it is told to, in
// packets that are right.
type speaker struct {
	t       *testing.T
	conn    *net.UDPConn
	key     *id.Key
	record  *enr.Record
	to      *enr.Record
	at      netip.AddrPort
	rng     *rand.Rand
	mask    *wire.Mask
	session *wire.Session
	asked   uint64
	in      wire.Packet
	buffer  [wire.PacketMax]byte
}

// speaks makes a speaker that has a session with a node.
func speaks(t *testing.T, name string, n *ropewalk.Node) *speaker {
	t.Helper()
	key, err := id.NewKey(strings.NewReader(strings.Repeat(name, 32)))
	if err != nil {
		t.Fatal(err)
	}
	to, err := enr.Parse(n.Record())
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.MustParseAddrPort("127.0.0.1:0")))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	s := &speaker{t: t, conn: conn, key: key, to: to, at: netip.AddrPortFrom(to.IP(), to.UDP(false)), rng: rand.New(rand.NewPCG(1, 2)), mask: wire.Real.Mask(key.ID())}
	us := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	s.record, err = enr.Builder{Seq: 1, IP: us.Addr(), UDP: us.Port(), Extra: portal.Entries(portal.Mainnet)}.Sign(key)
	if err != nil {
		t.Fatal(err)
	}
	s.shake()
	return s
}

func (s *speaker) send(b []byte) {
	s.t.Helper()
	if _, err := s.conn.WriteToUDPAddrPort(b, s.at); err != nil {
		s.t.Fatal(err)
	}
}

// next reads the next packet; false when none comes.
func (s *speaker) next() bool {
	s.t.Helper()
	if err := s.conn.SetReadDeadline(time.Now().Add(2 * time.Second)); err != nil {
		s.t.Fatal(err)
	}
	n, _, err := s.conn.ReadFromUDPAddrPort(s.buffer[:])
	return err == nil && s.in.Decode(s.buffer[:n], s.mask) == nil
}

// shake has the node challenge us, and answers.
func (s *speaker) shake() {
	s.t.Helper()
	for range 5 {
		random, nonce := wire.AppendRandom(nil, s.rng, s.key.ID(), wire.Real.Mask(s.to.ID()))
		s.send(random)
		if !s.next() || s.in.Flag != wire.FlagWhoareyou || s.in.Nonce != nonce {
			continue
		}
		var entropy [32]byte
		for i := range entropy {
			entropy[i] = byte(s.rng.Uint32())
		}
		in, err := wire.Real.Initiate(s.key, s.to.ID(), s.to.Public(), s.in.Challenge(), entropy)
		if err != nil {
			s.t.Fatal(err)
		}
		s.session = wire.Real.Session(in.Keys, s.key.ID(), s.to.ID(), true)
		s.asked++
		packet, _, err := s.session.SealHandshake(nil, s.rng, in, s.record.Bytes(), wire.AppendPing(nil, wire.NumberedID(s.asked), 1))
		if err != nil {
			s.t.Fatal(err)
		}
		s.send(packet)
		if m := s.answer(); m != nil && m.Kind == wire.Pong {
			return
		}
	}
	s.t.Fatal("no handshake")
}

// say sends any text, sealed.
func (s *speaker) say(text []byte) {
	s.t.Helper()
	packet, _, err := s.session.Seal(nil, s.rng, text)
	if err != nil {
		s.t.Fatal(err)
	}
	s.send(packet)
}

// answer waits for the answer to what was asked last; nil when there is none. What the
// node asks of us is passed over.
func (s *speaker) answer() *wire.Message {
	s.t.Helper()
	for s.next() {
		text, err := s.session.Open(nil, &s.in)
		if err != nil {
			continue
		}
		m := new(wire.Message)
		if err := m.Decode(text); err != nil {
			s.t.Fatalf("%x: %v", text, err)
		}
		if m.Kind.Request() {
			continue
		}
		switch n, ok := m.ID.Number(); {
		case ok && n == s.asked:
			return m
		case !ok || n > s.asked: // others are late
			s.t.Errorf("an answer nobody asked for: %+v", m)
		}
	}
	return nil
}

// alive checks that the node answers a ping, and nothing before.
func (s *speaker) alive() {
	s.t.Helper()
	s.asked++
	s.say(wire.AppendPing(nil, wire.NumberedID(s.asked), 1))
	if m := s.answer(); m == nil || m.Kind != wire.Pong {
		s.t.Errorf("no PONG: %+v", m)
	}
}

// talk sends a TALKREQ and returns what it is answered with.
func (s *speaker) talk(proto string, body []byte) []byte {
	s.t.Helper()
	for range 3 {
		s.asked++
		s.say(wire.AppendTalkReq(nil, wire.NumberedID(s.asked), []byte(proto), body))
		if m := s.answer(); m != nil && m.Kind == wire.TalkResp {
			return m.Body
		}
	}
	s.t.Fatalf("%q, %x: no answer", proto, body)
	return nil
}

// pings tells whether the network answers a ping with a pong.
func (s *speaker) pings(proto string) bool {
	s.t.Helper()
	payload, err := portal.Payload{Type: portal.TypeClient}.Append(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	body, err := portal.Ping{Seq: 1, Payload: payload}.AppendPing(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	m, err := portal.DecodePong(s.talk(proto, body))
	return err == nil && m.Type == portal.TypeClient
}

// oddities are texts of discv5 that a node passes over without a word.
func oddities() [][]byte {
	nine := append([]byte{byte(wire.TalkReq), 0xcd, 0x89}, make([]byte, 12)...)
	good := wire.AppendTalkReq(nil, wire.NumberedID(7), []byte("utp"), []byte("body"))
	more := append([]byte(nil), good...)
	more[1]++ // the list is a byte longer
	return [][]byte{
		{0}, {7}, {0xff, 0xc0}, {1}, {1, 0xc0}, {3, 0xc1, 0x80}, {5, 0xc0}, {5, 0xc1, 0x80}, {5, 0xc2, 0x80, 0x80},
		good[:len(good)-1], append(more, 0x80), nine,
		wire.AppendTalkResp(nil, wire.NumberedID(7), []byte("for nobody")),
		wire.AppendPong(nil, wire.NumberedID(7), 1, netip.MustParseAddrPort("1.2.3.4:5")),
		wire.AppendNodes(nil, wire.NumberedID(7), 200, nil),
	}
}

// spoilt are bodies of a content network's requests that nobody can make sense of.
func spoilt(key []byte) [][]byte {
	offsets := func(kind byte, list ...uint32) []byte {
		b := []byte{kind, 4, 0, 0, 0}
		for _, o := range list {
			b = binary.LittleEndian.AppendUint32(b, o)
		}
		return append(b, key...)
	}
	out := [][]byte{{}, {255}, {2, 4, 0, 0, 0, 1, 1}, {2, 4, 0, 0, 0, 7, 0, 7, 0}, {4, 4, 0, 0, 0}, {4, 3, 0, 0, 0, 1}, {6, 4, 0, 0, 0},
		{6, 4, 0, 0, 0, 4, 0, 0, 0}, offsets(6, 8, 7), offsets(6, 8, 1<<31), offsets(6, 5), offsets(6, 12, 20, 19), offsets(6, 1<<20),
		{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255}}
	for kind := range byte(10) {
		out = append(out, []byte{kind})
	}
	return out
}

// A node takes malformed messages of every layer of discv5 over its socket: it answers
// what has to be answered, with nothing, passes over the rest, goes on to serve others,
// and has not grown when it is over.
func TestMalformedTalk(t *testing.T) {
	n, err := ropewalk.New(ropewalk.Config{Localnet: true})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if err := n.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	proto := ""
	for _, net := range n.Networks() {
		if o, err := n.Network(net.Name); err == nil && net.Kind == "blob" {
			proto = string(o.Protocol())
		}
	}
	s := speaks(t, "m", n)
	for _, text := range oddities() {
		s.say(text)
	}
	s.alive()
	key := append([]byte{0}, make([]byte, 32)...)
	all := spoilt(key)
	for _, body := range all {
		if got := s.talk(proto, body); len(got) != 0 {
			t.Errorf("%x is answered with %x", body, got)
		}
	}
	for _, c := range [][2]string{{"", "x"}, {"nobody's", ""}, {strings.Repeat("n", 300), "x"}, {"utp", ""}, {"utp", "\x41"}, {"utp", strings.Repeat("\xff", 20)},
		{"utp", "\x01\x01" + strings.Repeat("\x00", 18) + "\x01\xff"}, {"utp", "\x41\x00" + strings.Repeat("\x00", 18)}, {"utp", "\x31\x00" + strings.Repeat("\x00", 18)}} {
		if got := s.talk(c[0], []byte(c[1])); len(got) != 0 {
			t.Errorf("%q, %x is answered with %x", c[0], c[1], got)
		}
	}
	if !s.pings(proto) {
		t.Error("the node does not serve who made mistakes")
	}
	equal := make([][]byte, 31) // as many as a packet holds
	for i := range equal {
		equal[i] = key
	}
	offer, err := portal.Offer{Keys: equal}.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := portal.DecodeAccept(s.talk(proto, offer), 2, len(equal))
	if err != nil || m.Codes[0] != portal.Accepted || m.Codes[1] != portal.InProgress || m.Codes[30] != portal.InProgress {
		t.Errorf("equal keys: %v, %v", m.Codes, err)
	}

	// The same by the thousand: who sends it is answered with nothing in the end, others
	// are served, and nothing of it stays.
	before := liveHeap()
	for i := range 3000 {
		body := append([]byte(nil), all[i%len(all)]...)
		if len(body) > 1 {
			body[s.rng.IntN(len(body))] ^= 1 << s.rng.IntN(8)
		}
		s.asked++
		s.say(wire.AppendTalkReq(nil, wire.NumberedID(s.asked), []byte(proto), body))
		if i%16 == 15 && s.answer() == nil {
			t.Fatal("no answer any more")
		}
	}
	if s.pings(proto) {
		t.Error("who sends nonsense by the thousand is served")
	}
	s.alive()
	if other := speaks(t, "o", n); !other.pings(proto) {
		t.Error("others are not served")
	}
	if grown := int64(liveHeap()) - int64(before); grown > 4<<20 {
		t.Errorf("the node has grown by %d bytes", grown)
	}
}

// liveHeap is what is in use after a collection.
func liveHeap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
