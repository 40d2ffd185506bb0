package portal

import (
	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
)

// verb is a user's question. It is answered once.
type verb struct {
	o *Overlay
	n uint64
	t id.Ticket
}

// begin registers a verb, so that Stop can answer it.
func (o *Overlay) begin(t id.Ticket) *verb {
	v := &verb{o: o, n: o.tickets.Next().N, t: t}
	o.verbs.Put(v.n, v)
	return v
}

// answer answers, the first time.
func (v *verb) answer(a Answer) {
	if !v.o.verbs.Delete(v.n) {
		return
	}
	a.Ticket = v.t
	v.o.news.Answers = append(v.o.news.Answers, a)
}

func (v *verb) open() bool { return v.o.verbs.Has(v.n) }

// fail answers with an error, and ends the input.
func (v *verb) fail(err error) News {
	v.answer(Answer{Err: err})
	return v.o.take()
}

// item reads a key and judges a value's size.
func (o *Overlay) item(key, value []byte) (content.Item, error) {
	at, err := o.point(key)
	switch {
	case err != nil:
		return content.Item{}, err
	case len(value) > o.cfg.Network.ValueMax:
		return content.Item{}, ErrTooLarge
	case len(value) == 0:
		// In a stream it means "I no longer have it".
		return content.Item{}, ErrInvalid
	}
	return content.Item{ID: at, Key: key, Value: value}, nil
}
