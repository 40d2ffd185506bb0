package rlpx

import "time"

// clock is what the reader knows of time. It looks at the time once per read of the
// socket, and the socket's read deadline is moved only after it has passed.
type clock struct {
	pingAfter time.Duration
	since     time.Time // nothing has come since
	asked     time.Time // when a ping was asked for last

	began time.Time // when the frame that is arriving was first seen
	limit time.Time // until when it must have arrived, or keep its pace
	got   int       // bytes in the present window of progress
}

// wait notes that a wait for input begins.
func (c *clock) wait(now time.Time, in *frames) {
	c.since = now
	switch {
	case !in.partial():
		c.began = time.Time{}
	case in.fresh || c.began.IsZero():
		c.began, c.limit, c.got = now, now.Add(frameTimeout), 0
	}
	in.fresh = false
}

// due is until when something must come: bytes, or the end of a frame.
func (c *clock) due(now time.Time) time.Time {
	if c.began.IsZero() {
		return c.since.Add(readIdle)
	}
	if !now.Before(c.limit) && c.got >= progressBytes {
		c.limit, c.got = now.Add(progressEvery), 0
	}
	return c.limit
}

// tick does what time asks for, and returns when it asks again. The error is
// errSilent.
func (l *Link) tick(now time.Time) (time.Time, error) {
	next := l.clock.due(now)
	pinged := l.pinged.Load()
	at := l.begun.Add(time.Duration(pinged))
	waiting := pinged != 0 && at.After(l.clock.since) // any sign of life is an answer
	if waiting {
		next = earlier(next, at.Add(pingTimeout))
	}
	if !now.Before(next) {
		return next, errSilent
	}
	if !waiting {
		next = earlier(next, l.keepAlive(now))
	}
	if !l.settle() {
		next = earlier(next, now.Add(owedEvery))
	}
	return next, nil
}

// keepAlive asks for a ping when nothing came or went for long enough, and tells when
// the next may be due.
func (l *Link) keepAlive(now time.Time) time.Time {
	c := &l.clock
	quiet := earlier(c.since, l.begun.Add(time.Duration(l.wroteAt.Load())))
	if c.asked.After(quiet) {
		quiet = c.asked
	}
	next := quiet.Add(c.pingAfter)
	if !now.Before(next) {
		c.asked = now
		l.owe.ping.Store(true)
		next = now.Add(c.pingAfter)
	}
	return next
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}
