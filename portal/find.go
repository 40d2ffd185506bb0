package portal

import (
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/portal/wire"
)

// found is what a node says to FindContent: a value, a stream, or nodes.
type found struct {
	value   []byte // unchecked; not nil
	stream  bool
	conn    uint16
	records []*enr.Record
}

// findContent asks a node for content; slow as of call.
func (o *Overlay) findContent(now time.Time, to *enr.Record, key []byte, slow func(now time.Time), done func(now time.Time, f found, err error)) {
	body, err := wire.FindContent{Key: key}.Append(nil)
	if err == nil && len(body) > wire.RequestMax(o.cfg.Network.Protocol) {
		err = fmt.Errorf("a key of %d bytes", len(key))
	}
	if err != nil {
		o.soon(func(now time.Time) { done(now, found{}, fmt.Errorf("%w: %w", ErrArguments, err)) })
		return
	}
	who := to.ID()
	o.call(now, to, wire.KindFindContent, body, slow, func(now time.Time, body []byte, err error) {
		if err != nil {
			done(now, found{}, err)
			return
		}
		m, err := wire.DecodeContent(body)
		if err != nil {
			done(now, found{}, o.misread(now, who, err))
			return
		}
		switch m.Form {
		case wire.FormValue:
			done(now, found{value: append([]byte{}, m.Value...)}, nil)
		case wire.FormStream:
			done(now, found{stream: true, conn: m.Conn}, nil)
		default:
			o.verify(now, to, m.Records, func(now time.Time, all []*enr.Record) {
				done(now, found{records: o.found(now, to, nil, all)}, nil)
			})
		}
	})
}

// fetch reads content from a stream that a node keeps for us. done is called once; the
// bytes of the value count as held until the caller gives them back. nil is returned when
// there is no room, and then done is called with ErrBusy.
func (o *Overlay) fetch(now time.Time, from *enr.Record, conn uint16, done func(now time.Time, value []byte, err error)) *intake {
	p := o.peer(from.ID(), from)
	if !o.mayTakeIn(p) {
		o.soon(func(now time.Time) { done(now, nil, ErrBusy) })
		return nil
	}
	most := o.cfg.Network.ValueMax
	items := wire.NewItems(1, most, most+varintMax)
	if p.version == 0 {
		items = wire.NewRaw(most)
	}
	var value []byte
	t := o.tickets.Next()
	in := o.takeIn(now, t, p, items,
		func(_ time.Time, v []byte) { value = v },
		func(now time.Time, err error) {
			if err != nil && value != nil {
				o.hold(p, -len(value))
			}
			done(now, value, err)
		})
	o.streams.Open(now, t, from, conn)
	return in
}
