package chat

import (
	"fmt"
	"time"
)

// openedPage is a page whose lines are all good, or why it is not.
type openedPage struct {
	page  *page
	lines []verified
	err   error
}

// openPage opens a page and checks that it is the author's, of this place in his archive,
// and that all its lines are his, of this room, and in order.
func openPage(key pageKey, topic string, d *head, at uint64, sealed []byte) openedPage {
	p, err := key.open(sealed)
	if err != nil {
		return openedPage{err: err}
	}
	switch lines := p.before + uint64(len(p.lines)); {
	case p.room != d.room || p.node != d.node || p.author != d.author || p.number != at:
		return openedPage{err: fmt.Errorf("%w: page %d of another place", ErrPage, p.number)}
	case lines > d.lines || at == d.number && p.prev() != d.last:
		return openedPage{err: fmt.Errorf("%w: not what the head says", ErrPage)}
	}
	out := openedPage{page: p}
	vouches, seq := make(vouched), uint64(0)
	for _, raw := range p.lines {
		s, err := verify(topic, raw, vouches)
		if err != nil {
			return openedPage{err: err}
		}
		if s.node != d.node || s.author != d.author || s.seq <= seq || s.seq > d.seq {
			return openedPage{err: fmt.Errorf("%w: line %d behind line %d", ErrPage, s.seq, seq)}
		}
		seq = s.seq
		raw = append([]byte(nil), raw...)
		if s, err = decodeLine(raw); err != nil {
			return openedPage{err: err}
		}
		out.lines = append(out.lines, verified{raw, idOf(raw), s})
	}
	return out
}

func (p *page) prev() (out PageID) {
	if len(p.prevs) > 0 {
		out = p.prevs[0]
	}
	return out
}

// restore puts lines of the archive into the log and tells whether older ones may have a
// place there.
func (h *Hall) restore(now time.Time, r *room, lines []verified) bool {
	fresh := h.entriesOf(now, r, lines)
	var fit []*entry
	lineCount, bytes := len(r.byTime), r.bytes
	for _, e := range fresh {
		if lineCount++; lineCount > r.linesMax || bytes+len(e.raw) > r.bytesMax {
			break
		}
		bytes += len(e.raw)
		fit = append(fit, e)
	}
	if len(fit) > 0 {
		r.restored += len(fit)
		h.emit(now, "restored", r, len(fit), nil)
		h.keep(now, r, fit)
	}
	return len(fit) == len(fresh) && int64(lines[0].line.at) > r.floor
}
