package utp

import "encoding/binary"

// form is the type of a packet (BEP 29 "type").
type form uint8

const (
	stData form = iota
	stFin
	stState
	stReset
	stSyn
	forms
)

const (
	extNone = 0
	extSack = 1
)

// header is what every packet begins with (BEP 29 "header format").
type header struct {
	form   form
	conn   uint16
	sent   uint32 // when, in microseconds of the sender's clock
	delay  uint32 // our clock when the last packet came, less its sent; 0 when none has
	window uint32 // bytes that the sender has room for
	seq    uint16
	ack    uint16 // the last packet that came in order
}

// packet is a decoded packet. sack and payload lie in the memory it was read from.
type packet struct {
	header
	sack    []byte // bit i, lowest first: packet ack+2+i has come
	payload []byte
}

// decode reads a packet. Extensions that are not known are skipped (BEP 29
// "extension"); ok is false when b is no packet of this version, or when a chain of
// extensions runs past its end. It allocates nothing.
func decode(b []byte) (p packet, ok bool) {
	if len(b) < headerBytes || b[0]&0x0f != version || b[0]>>4 >= byte(forms) {
		return p, false
	}
	p.form = form(b[0] >> 4)
	p.conn = binary.BigEndian.Uint16(b[2:])
	p.sent = binary.BigEndian.Uint32(b[4:])
	p.delay = binary.BigEndian.Uint32(b[8:])
	p.window = binary.BigEndian.Uint32(b[12:])
	p.seq = binary.BigEndian.Uint16(b[16:])
	p.ack = binary.BigEndian.Uint16(b[18:])
	next, rest := b[1], b[headerBytes:]
	for next != extNone {
		if len(rest) < 2 || len(rest)-2 < int(rest[1]) {
			return p, false
		}
		ext, body := next, rest[2:2+int(rest[1])]
		next, rest = rest[0], rest[2+len(body):]
		if ext != extSack || p.sack != nil {
			continue
		}
		// BEP 29 "Selective ACK": at least 32 bits, in multiples of 32.
		if len(body) == 0 || len(body)%4 != 0 {
			return p, false
		}
		p.sack = body
	}
	p.payload = rest
	return p, true
}

// put writes the header over b[:headerBytes]; ext is the first extension's type.
func (h header) put(b []byte, ext byte) {
	_ = b[headerBytes-1]
	b[0] = byte(h.form)<<4 | version
	b[1] = ext
	binary.BigEndian.PutUint16(b[2:], h.conn)
	binary.BigEndian.PutUint32(b[4:], h.sent)
	binary.BigEndian.PutUint32(b[8:], h.delay)
	binary.BigEndian.PutUint32(b[12:], h.window)
	binary.BigEndian.PutUint16(b[16:], h.seq)
	binary.BigEndian.PutUint16(b[18:], h.ack)
}

// before compares sequence numbers, which wrap (RFC 1982).
func before(a, b uint16) bool { return int16(a-b) < 0 }
