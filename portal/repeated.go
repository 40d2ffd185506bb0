package portal

import (
	"bytes"
	"slices"
	"time"
)

// An offer comes twice when its answer was lost on the way: discv5 asks again. By then its
// keys are claimed, for this very offer; told so, the sender would wait for itself, until
// nobody had opened the stream that it never heard of. So it is answered as it was before.

// offeredBefore is the same offer of the node, as long as it has no answer, or the stream
// that its answer names was not opened; nil if there is none.
func (p *peer) offeredBefore(keys [][]byte) *offer {
	for _, f := range p.offered {
		if (f.in == nil || !f.in.open) && slices.EqualFunc(f.keys, keys, bytes.Equal) {
			return f
		}
	}
	return nil
}

// repeat answers a Request that says what f's said: at once, or with f's. It tells whether
// there is room for that.
func (f *offer) repeat(now time.Time, n uint64) bool {
	if len(f.asks) >= repeatsMax {
		return false
	}
	f.asks = append(f.asks, n)
	if f.in != nil {
		f.reply(now, f.conn)
	}
	return true
}

// forgetOffer is for an offer that was declined, or whose stream is over.
func (p *peer) forgetOffer(f *offer) {
	if i := slices.Index(p.offered, f); i >= 0 {
		p.offered = slices.Delete(p.offered, i, i+1)
	}
}
