package rpc

import "fmt"

// Fields of Message.
const (
	fieldFrom = iota + 1
	fieldData
	fieldSeqno
	fieldTopic
	fieldSignature
	fieldKey
)

// Message is one published message. A nil slice is an absent field.
type Message struct {
	From, Data, Seqno, Topic, Signature, Key []byte
	// Raw is the message itself, Frame the RPC field that holds it, which is also
	// an RPC of its own.
	Raw, Frame []byte
	// Canonical: known fields only, ascending, each once, minimal varints.
	Canonical bool
}

func (r *RPC) takeMessage(f *field, lim *Limits) (payload int, err error) {
	if len(r.Publish) >= lim.Publish {
		return 0, excess("messages", len(r.Publish)+1, lim.Publish)
	}
	r.Publish = append(r.Publish, Message{})
	m := &r.Publish[len(r.Publish)-1]
	if err := m.Decode(f.val); err != nil {
		return 0, err
	}
	m.Frame = f.whole
	m.Canonical = m.Canonical && f.minimal
	r.order.bad = r.order.bad || !m.Canonical
	return len(m.Data), nil
}

// Decode reads a bare message. The legacy repeated topic is read as its last one.
func (m *Message) Decode(raw []byte) error {
	*m = Message{Raw: raw}
	var o order
	for b := raw; len(b) > 0; {
		f, rest, err := next(b)
		if err != nil {
			return fmt.Errorf("%w: message", err)
		}
		b = rest
		o.see(&f, true)
		if f.num > fieldKey {
			o.bad = true
			continue
		}
		if f.typ != length {
			return fmt.Errorf("%w: message field %d of wire type %d", ErrMalformed, f.num, f.typ)
		}
		switch f.num {
		case fieldFrom:
			m.From = f.val
		case fieldData:
			m.Data = f.val
		case fieldSeqno:
			m.Seqno = f.val
		case fieldTopic:
			m.Topic = f.val
		case fieldSignature:
			m.Signature = f.val
		case fieldKey:
			m.Key = f.val
		}
	}
	m.Canonical = !o.bad
	return nil
}

// AppendMessage writes m in canonical order. With unknown, the fields of m.Raw
// that this package does not know follow, as the signature covers them.
func AppendMessage(dst []byte, m *Message, unknown bool) []byte {
	for i, v := range [...][]byte{m.From, m.Data, m.Seqno, m.Topic, m.Signature, m.Key} {
		if v != nil {
			dst = appendBytes(dst, byte(i+1), v)
		}
	}
	for b := m.Raw; unknown && len(b) > 0; {
		f, rest, err := next(b)
		if err != nil {
			break // Raw was decoded before, so this does not happen
		}
		if f.num > fieldKey {
			dst = append(dst, f.whole...)
		}
		b = rest
	}
	return dst
}

// AppendUnsigned writes the bytes of a decoded message without signature and key:
// what is signed, after the prefix.
func AppendUnsigned(dst, raw []byte) []byte {
	for b := raw; len(b) > 0; {
		f, rest, err := next(b)
		if err != nil {
			break // raw was decoded before, so this does not happen
		}
		if f.num != fieldSignature && f.num != fieldKey {
			dst = append(dst, f.whole...)
		}
		b = rest
	}
	return dst
}

// SplitPublish takes the first message field off an RPC whose message fields come
// first; raw is nil when there is none.
func SplitPublish(frame []byte) (f, raw []byte) {
	x, _, err := next(frame)
	if err != nil || x.num != 2 || x.typ != length {
		return nil, nil
	}
	return x.whole, x.val
}
