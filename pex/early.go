package pex

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// waiting is what a peer said before we may write to it. All peers together keep at
// most earlyMax × earlyMessages × earlyBytes.
type waiting struct {
	until time.Time
	said  []message // at most earlyMessages
}

type message struct {
	code uint64
	data []byte
}

// keepEarly keeps a message of a peer that is not Up. Only a hello and a get can
// make sense so early; what is longer than those, or too much, is passed over.
func (x *Pex) keepEarly(now time.Time, p id.ID, code uint64, data []byte) {
	if code != codeHello && code != codeGet || len(data) > earlyBytes {
		return
	}
	w, ok := x.early.Get(p)
	if !ok {
		if x.early.Len() >= earlyMax {
			return
		}
		w = &waiting{until: now.Add(earlyFor)}
		x.early.Put(p, w)
	}
	if len(w.said) < earlyMessages {
		w.said = append(w.said, message{code, append([]byte(nil), data...)})
	}
}

// hearEarly reads what a peer said before it was Up. What comes of it is for the
// next Advance; nonsense costs the link as it does in Recv.
func (x *Pex) hearEarly(now time.Time, p id.ID, st *peer) {
	w, ok := x.early.Get(p)
	if !ok {
		return
	}
	x.early.Delete(p)
	for _, m := range w.said {
		news, err := x.read(now, p, st, m.code, m.data)
		if err != nil {
			x.drop(now, p, st, err)
			return
		}
		x.late.Jobs = append(x.late.Jobs, news.Jobs...)
		x.late.Wants = append(x.late.Wants, news.Wants...)
	}
}

// forgetEarly forgets peers whose lane never opened.
func (x *Pex) forgetEarly(now time.Time) {
	for _, p := range x.early.Keys() {
		if w, _ := x.early.Get(p); !now.Before(w.until) {
			x.early.Delete(p)
		}
	}
}
