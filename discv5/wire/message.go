package wire

import (
	"fmt"
	"net/netip"

	"github.com/ropewalk/ropewalk/internal/rlp"
)

// Kind is the kind of a message ("Protocol Messages").
type Kind uint8

const (
	Ping     Kind = 1
	Pong     Kind = 2
	FindNode Kind = 3
	Nodes    Kind = 4
	TalkReq  Kind = 5
	TalkResp Kind = 6
)

// String is the name of the specification.
func (k Kind) String() string {
	switch k {
	case Ping:
		return "PING"
	case Pong:
		return "PONG"
	case FindNode:
		return "FINDNODE"
	case Nodes:
		return "NODES"
	case TalkReq:
		return "TALKREQ"
	case TalkResp:
		return "TALKRESP"
	}
	return fmt.Sprintf("0x%02x", uint8(k))
}

// Request tells whether a message of that kind asks for an answer.
func (k Kind) Request() bool { return k == Ping || k == FindNode || k == TalkReq }

// Message is a message of any kind. Decode writes it over and keeps the memory of its
// slices, so that one is enough for a whole life.
type Message struct {
	Kind Kind
	ID   RequestID

	// Seq is the sender's record's sequence number: Ping, Pong.
	Seq uint64
	// At is where the sender sees us: Pong. An IPv4 address in IPv6 form is IPv4.
	At netip.AddrPort
	// Distances are those asked for, each once, at most 256, in the order of the
	// message: FindNode.
	Distances []uint16
	// Total is the number of messages of this answer, at least 1: Nodes.
	Total uint8
	// Records are encoded records, none of which was looked into: Nodes. They alias the
	// message's text.
	Records [][]byte
	// Proto is the protocol: TalkReq. It aliases the text.
	Proto []byte
	// Body is what is asked or answered: TalkReq, TalkResp. It aliases the text.
	Body []byte
}

// Decode reads a message's text: its kind and one list. After an error m says nothing.
// The error is ErrKind, or wraps ErrMessage.
func (m *Message) Decode(b []byte) error {
	*m = Message{Distances: m.Distances[:0], Records: m.Records[:0]}
	if len(b) == 0 {
		return ErrMessage
	}
	m.Kind = Kind(b[0])
	if m.Kind < Ping || m.Kind > TalkResp {
		return ErrKind
	}
	if err := m.decode(b[1:]); err != nil {
		return fmt.Errorf("%w: %v: %w", ErrMessage, m.Kind, err)
	}
	return nil
}

func (m *Message) decode(b []byte) error {
	outer := rlp.NewItems(b)
	payload, err := outer.Items()
	if err != nil {
		return err
	}
	if err := outer.End(); err != nil {
		return err
	}
	r := rlp.NewItems(payload)
	raw, err := r.Bytes()
	if err != nil {
		return err
	}
	var ok bool
	if m.ID, ok = requestID(raw); !ok {
		return fmt.Errorf("request ID of %d bytes", len(raw))
	}
	if err := m.decodeBody(r); err != nil {
		return err
	}
	return r.End()
}

func (m *Message) decodeBody(r *rlp.Reader) (err error) {
	switch m.Kind {
	case Ping:
		m.Seq, err = r.Uint64()
	case Pong:
		err = m.decodePong(r)
	case FindNode:
		err = m.decodeDistances(r)
	case Nodes:
		err = m.decodeRecords(r)
	case TalkReq:
		if m.Proto, err = r.Bytes(); err == nil {
			m.Body, err = r.Bytes()
		}
	case TalkResp:
		m.Body, err = r.Bytes()
	}
	return err
}

func (m *Message) decodePong(r *rlp.Reader) (err error) {
	if m.Seq, err = r.Uint64(); err != nil {
		return err
	}
	raw, err := r.Bytes()
	if err != nil {
		return err
	}
	ip, ok := netip.AddrFromSlice(raw)
	if !ok {
		return fmt.Errorf("address of %d bytes", len(raw))
	}
	port, err := r.Uint16()
	m.At = netip.AddrPortFrom(ip.Unmap(), port)
	return err
}

// decodeDistances leaves out what stands there twice and what is no distance.
func (m *Message) decodeDistances(r *rlp.Reader) error {
	items, err := r.Items()
	if err != nil {
		return err
	}
	var seen [distanceMax + 1]bool
	for l := rlp.NewItems(items); l.More(); {
		d, err := l.Uint64()
		if err != nil {
			return err
		}
		if d > distanceMax || seen[d] {
			continue
		}
		seen[d] = true
		m.Distances = append(m.Distances, uint16(d))
	}
	return nil
}

func (m *Message) decodeRecords(r *rlp.Reader) error {
	total, err := r.Uint64()
	if err != nil {
		return err
	}
	// A total of 0 is sent for an empty answer, which is one message all the same.
	m.Total = uint8(min(max(total, 1), totalMax))
	items, err := r.Items()
	if err != nil {
		return err
	}
	for l := rlp.NewItems(items); l.More(); {
		record, err := l.Raw()
		switch {
		case err != nil:
			return err
		case !rlp.IsList(record):
			return fmt.Errorf("a record that is no list")
		case len(m.Records) == recordsMax:
			return fmt.Errorf("more than %d records", recordsMax)
		}
		m.Records = append(m.Records, record)
	}
	return nil
}
