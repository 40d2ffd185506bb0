package rpc

import (
	"encoding/binary"
	"fmt"
)

// Fields of the extensions (gossipsub/extensions/extensions.proto); those of RPC
// and of ControlExtensions have the same numbers.
const (
	fieldPartial = 10
	fieldTest    = 6492434
)

// Extensions says what the sender of an Extensions control message supports.
type Extensions struct{ Partial, Test bool }

// Partial is parts of a message, or what the sender has and wants of it. A nil
// slice is an absent field. What the parts look like is the application's.
type Partial struct{ Topic, Group, Message, Metadata []byte }

// takeExtensions reads an Extensions control message; unknown ones are skipped.
func (r *RPC) takeExtensions(b []byte) error {
	r.Extensions, r.HasExtensions = Extensions{}, true
	var o order
	for n := 1; len(b) > 0; n++ {
		f, rest, err := next(b)
		if err != nil {
			return fmt.Errorf("%w: Extensions", err)
		}
		if n > extensionsMax {
			return excess("extensions", n, extensionsMax)
		}
		b = rest
		o.see(&f, true)
		switch {
		case f.num != fieldPartial && f.num != fieldTest:
			o.bad = true
		case f.typ != varint:
			return fmt.Errorf("%w: extension %d of wire type %d", ErrMalformed, f.num, f.typ)
		case f.num == fieldPartial:
			r.Extensions.Partial = f.v != 0
		default:
			r.Extensions.Test = f.v != 0
		}
		o.bad = o.bad || f.v != 1
	}
	r.controlOrder.bad = r.controlOrder.bad || o.bad
	return nil
}

// takePartial reads a PartialMessagesExtension and tells how many of its bytes are
// parts of the message.
func (r *RPC) takePartial(b []byte, lim *Limits) (payload int, err error) {
	r.Partial, r.HasPartial = Partial{}, true
	p := &r.Partial
	var o order
	for len(b) > 0 {
		f, rest, err := next(b)
		if err != nil {
			return 0, fmt.Errorf("%w: partial message", err)
		}
		b = rest
		o.see(&f, true)
		if f.num > 4 {
			o.bad = true
			continue
		}
		if f.typ != length {
			return 0, fmt.Errorf("%w: partial message field %d of wire type %d", ErrMalformed, f.num, f.typ)
		}
		*[...]*[]byte{&p.Topic, &p.Group, &p.Message, &p.Metadata}[f.num-1] = f.val
	}
	r.order.bad = r.order.bad || o.bad
	if len(p.Group) > lim.IDBytes {
		return 0, excess("group ID bytes", len(p.Group), lim.IDBytes)
	}
	if len(p.Metadata) > lim.Metadata {
		return 0, excess("parts metadata bytes", len(p.Metadata), lim.Metadata)
	}
	return len(p.Message), nil
}

// AppendExtensions writes an Extensions entry of a ControlMessage.
func AppendExtensions(dst []byte, e Extensions) []byte {
	var b []byte
	if e.Partial {
		b = appendBool(b, fieldPartial, true)
	}
	if e.Test {
		b = append(binary.AppendUvarint(b, fieldTest<<3|varint), 1)
	}
	return appendBytes(dst, fieldExtensions, b)
}

// AppendTest writes the test extension's field of an RPC.
func AppendTest(dst []byte) []byte {
	return append(binary.AppendUvarint(dst, fieldTest<<3|length), 0)
}

// AppendPartial writes the partial message field of an RPC.
func AppendPartial(dst []byte, p *Partial) []byte {
	n := 0
	fields := [...][]byte{p.Topic, p.Group, p.Message, p.Metadata}
	for _, v := range fields {
		if v != nil {
			n += FieldSize(len(v))
		}
	}
	dst = binary.AppendUvarint(append(dst, tag(fieldPartial, length)), uint64(n))
	for i, v := range fields {
		if v != nil {
			dst = appendBytes(dst, byte(i+1), v)
		}
	}
	return dst
}
