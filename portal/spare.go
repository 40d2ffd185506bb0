package portal

import (
	"errors"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
)

// spare is a stream that a node keeps for us.
type spare struct {
	from *enr.Record
	conn uint16
	at   time.Time
}

// openSpare reads from the next stream that is kept for us, and tells whether there was
// one.
func (f *find) openSpare(now time.Time) bool {
	for len(f.spare) > 0 {
		s := f.spare[0]
		f.spare = f.spare[1:]
		if now.Sub(s.at) > reservedFor {
			f.search.Failed(now, s.from.ID())
			continue
		}
		f.alone = now.Add(hedgeAfter)
		var in *intake
		in = f.o.fetch(now, s.from, s.conn, func(now time.Time, value []byte, err error) {
			f.fetching = without(f.fetching, in)
			switch {
			case f.over():
				if err == nil {
					f.o.hold(f.o.peer(s.from.ID(), nil), -len(value))
				}
			case err != nil:
				if len(f.fetching) == 0 {
					f.openSpare(now)
				}
				f.failed(now, s.from, err)
			default:
				f.judge(now, s.from, value, true)
			}
		})
		if in != nil {
			f.fetching = append(f.fetching, in)
		}
		return true
	}
	return false
}

// freeSpare opens the streams that are still kept for us and ends them at once: until then
// each takes one of the few places that its node has for us.
func (f *find) freeSpare(now time.Time) {
	for _, s := range f.spare {
		if now.Sub(s.at) < reservedFor {
			t := f.o.tickets.Next()
			f.o.streams.Open(now, t, s.from, s.conn)
			f.o.streams.Abort(now, t)
		}
	}
	f.spare = nil
}

// judge checks what a node sent.
func (f *find) judge(now time.Time, r *enr.Record, value []byte, streamed bool) {
	f.checking++
	f.o.check(now, f.key, value, func(now time.Time, err error) {
		f.checking--
		f.o.hold(f.o.peer(r.ID(), nil), -len(value))
		if errors.Is(err, ErrInvalid) {
			f.o.blamePeer(now, r.ID(), blameInvalid, "content that is not what its key promises")
		}
		switch {
		case f.over():
		case err != nil:
			f.doubt = f.doubt || errors.Is(err, ErrUndecided)
			f.failed(now, r, err)
		default:
			f.diary.From = r.ID()
			f.diary.response(r.ID(), now.Sub(f.diary.Started), nil)
			f.diary.node(r)
			f.o.stats.Found++
			f.spread(now, r, value)
			f.end(now, Answer{From: r.ID(), Value: value, Streamed: streamed})
		}
	})
}

// spread keeps what was found, and offers it to those who lack it.
func (f *find) spread(now time.Time, from *enr.Record, value []byte) {
	o := f.o
	item := content.Item{ID: f.point, Key: f.key, Value: value, Class: content.Cache, From: from.ID()}
	o.cache.put(f.key, value)
	if o.radius.Covers(o.cfg.Self, f.point) {
		o.ask(content.Ask{Verb: content.Put, Item: item}, nil)
	}
	o.noteTold(now, f.point, from.ID())
	o.poke(now, item, f.lacked)
}
