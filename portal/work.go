package portal

import (
	"errors"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/work"
)

// job has something computed beside the loop. A result of nil means that it could not be.
func (o *Overlay) job(_ time.Time, key [32]byte, run func() any, done func(now time.Time, result any)) {
	t := o.tickets.Next()
	o.jobs.Put(t.N, done)
	o.news.Jobs = append(o.news.Jobs, work.Job{Ticket: t, Key: key, Run: run})
}

// Done takes the result of a job.
func (o *Overlay) Done(now time.Time, t id.Ticket, result any) News {
	o.see(now)
	if done, ok := o.jobs.Get(t.N); ok && t.Owner == o.tickets.Owner {
		o.jobs.Delete(t.N)
		done(now, result)
	}
	return o.take()
}

// check judges a value, in a job unless that is done at once. err is nil, ErrUndecided or
// ErrInvalid.
func (o *Overlay) check(now time.Time, key, value []byte, done func(now time.Time, err error)) {
	test := o.cfg.Network.Check
	if test == nil {
		o.soon(func(now time.Time) { done(now, ErrUndecided) })
		return
	}
	if len(value) <= o.cfg.Network.Quick {
		err := o.judged(test(key, value))
		o.soon(func(now time.Time) { done(now, err) })
		return
	}
	refused := o.refusals.of(now, key)
	o.job(now, [32]byte{}, func() any { return judge(test, key, value, refused) }, func(now time.Time, result any) {
		v, ok := result.(verdict)
		if !ok { // the job broke
			v.err = ErrUndecided
		}
		if v.sum != nil {
			o.refusals.add(now, key, *v.sum)
		}
		done(now, o.judged(v.err))
	})
}

// judged counts a network's verdict and says it in our words.
func (o *Overlay) judged(err error) error {
	switch {
	case errors.Is(err, ErrUndecided):
		o.stats.Undecided++
		return ErrUndecided
	case err != nil:
		o.stats.Invalid++
		return ErrInvalid
	}
	return nil
}

// ask asks the store. done is called once.
func (o *Overlay) ask(a content.Ask, done func(now time.Time, a content.Answer)) {
	a.Network = o.cfg.Network.Name
	if done != nil {
		a.Ticket = o.tickets.Next()
		o.asks.Put(a.Ticket.N, done)
	}
	o.store.Ask(a)
}

// Stored takes a store's answer.
func (o *Overlay) Stored(now time.Time, a content.Answer) News {
	o.see(now)
	if done, ok := o.asks.Get(a.Ticket.N); ok && a.Ticket.Owner == o.tickets.Owner {
		o.asks.Delete(a.Ticket.N)
		o.setRadius(now, a.Radius)
		done(now, a)
	}
	return o.take()
}
