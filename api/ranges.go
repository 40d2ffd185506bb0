package api

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/ropewalk/ropewalk"
)

// part is the stretch of a file that a request asks for: bytes from (included) to (not).
type part struct {
	from, to int64
	whole    bool
}

func (p part) size() int64 { return p.to - p.from }

var errNoRange = errors.New("the file ends before that range")

// partOf reads Range and If-Range (RFC 9110, sections 13.1.5 and 14.2). Of several ranges,
// and of what is no range of bytes, the whole file is the answer, as it may be.
func partOf(r *http.Request, size int64, tag string) (part, error) {
	all := part{0, size, true}
	spec, is := strings.CutPrefix(r.Header.Get("Range"), "bytes=")
	if only := r.Header.Get("If-Range"); !is || r.Method != http.MethodGet || only != "" && only != tag {
		return all, nil
	}
	first, last, ok := strings.Cut(strings.TrimSpace(spec), "-")
	from, errFrom := strconv.ParseUint(first, 10, 63)
	to, errTo := strconv.ParseUint(last, 10, 63)
	switch {
	case !ok || first == "" && last == "" || first != "" && errFrom != nil || last != "" && errTo != nil:
		return all, nil
	case first == "": // the last so many
		if to == 0 || size == 0 {
			return part{}, errNoRange
		}
		return part{from: max(0, size-int64(to)), to: size}, nil
	case last != "" && to < from:
		return all, nil
	case int64(from) >= size:
		return part{}, errNoRange
	case last == "" || int64(to) >= size:
		return part{from: int64(from), to: size}, nil
	}
	return part{from: int64(from), to: int64(to) + 1}, nil
}

// fetch writes the part, of whose file only the chunks that it touches are got.
func (p part) fetch(ctx context.Context, f *ropewalk.Fetch, w io.Writer) error {
	if p.whole {
		return f.Stream(ctx, w)
	}
	chunk := int64(f.Manifest.ChunkSize)
	first, behind := p.from/chunk, (p.to+chunk-1)/chunk
	some := *f
	some.Manifest.Chunks = f.Manifest.Chunks[first:behind]
	some.Manifest.Size = min(behind*chunk, f.Manifest.Size) - first*chunk
	return some.Stream(ctx, &cut{w: w, skip: p.from - first*chunk, left: p.size()})
}

// cut passes on what lies behind the first skip bytes, left bytes at most.
type cut struct {
	w          io.Writer
	skip, left int64
}

func (c *cut) Write(b []byte) (int, error) {
	n := len(b)
	skipped := min(c.skip, int64(n))
	c.skip -= skipped
	b = b[skipped:]
	b = b[:min(c.left, int64(len(b)))]
	c.left -= int64(len(b))
	if len(b) > 0 {
		if _, err := c.w.Write(b); err != nil {
			return 0, err
		}
	}
	return n, nil
}
