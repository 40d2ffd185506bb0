package hosts

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// Import is what became of the lines of a list of hosts.
type Import struct {
	Lines int // with something on them
	Taken int // hosts that are in the book now, grey, and were not before
	Known int // hosts that were in the book, or stand in the list twice
	// Skipped counts the other lines by reason, the most first.
	Skipped []Skipped
}

// Skipped is how many lines were not taken for a reason.
type Skipped struct {
	Why   string
	Lines int
}

// ErrImport is returned for a text that is too long to be a list of hosts.
var ErrImport = errors.New("hosts: the list is too long")

// Import reads a list of hosts as DarkFi's programs save it, a line each of
//
//	colour ⇥ URL ⇥ last seen
//
// A host there is a URL and has no key, and we link with nobody who does not prove one:
// such lines are counted and left out. What names its peer (enode://, or a multiaddr with
// /p2p/) is taken as if we had heard of it from our own user: grey whatever its colour
// was, through the filter of all hearsay, within the limits of its network group. The
// times are the other program's and count for nothing; a line must have one all the same.
// A text of more than ImportBytesMax is ErrImport.
func (b *Book) Import(now time.Time, text []byte) (Import, error) {
	if len(text) > ImportBytesMax {
		return Import{}, fmt.Errorf("%w: %d bytes, at most %d", ErrImport, len(text), ImportBytesMax)
	}
	var out Import
	var taken []id.ID
	for line := range bytes.Lines(text) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			continue
		}
		out.Lines++
		a, why := importLine(line)
		if why == "" {
			err := b.HearAddr(now, "", a)
			if err == nil {
				taken = append(taken, a.ID())
				continue
			}
			if errors.Is(err, ErrKnown) {
				out.Known++
				continue
			}
			why = reasonOf(err)
		}
		out.skip(why, 1)
	}
	for _, who := range taken { // later lines may have pushed earlier ones out
		if b.entries.Has(who) {
			out.Taken++
		}
	}
	out.skip(reasonOf(ErrFull), len(taken)-out.Taken)
	slices.SortStableFunc(out.Skipped, func(x, y Skipped) int { return y.Lines - x.Lines })
	return out, nil
}

func (i *Import) skip(why string, lines int) {
	if lines == 0 {
		return
	}
	for at := range i.Skipped {
		if i.Skipped[at].Why == why {
			i.Skipped[at].Lines += lines
			return
		}
	}
	i.Skipped = append(i.Skipped, Skipped{why, lines})
}

// reasonOf is the kind of an error of HearAddr, without what it says of the one host.
func reasonOf(err error) string {
	for _, kind := range []error{ErrFull, ErrSelf, ErrSeed, ErrBanned, ErrOutside, ErrAddress, ErrNetwork} {
		if errors.Is(err, kind) {
			return strings.TrimPrefix(kind.Error(), "hosts: ")
		}
	}
	return "not taken"
}

// importLine reads the address of a line, or says why there is none to take.
func importLine(line []byte) (a link.Addr, why string) {
	if len(line) > importLineMax || !utf8.Valid(line) || bytes.IndexByte(line, 0) >= 0 {
		return a, "no line of a list of hosts"
	}
	col := strings.Split(string(line), "\t")
	if len(col) != 3 || len(col[2]) == 0 || len(col[2]) > 20 || strings.Trim(col[2], "0123456789") != "" {
		return a, "no line of a list of hosts"
	}
	switch Colour(col[0]) {
	case Grey, White, Gold, Dark:
	case Black:
		return a, "banned there"
	default:
		return a, "no line of a list of hosts"
	}
	if !strings.HasPrefix(col[1], "/") && !strings.HasPrefix(col[1], "enode://") {
		scheme, _, ok := strings.Cut(col[1], "://")
		if !ok || !slices.Contains(schemes[:], scheme) {
			return a, "no address that we know"
		}
		return a, "names no peer: " + scheme
	}
	a, err := link.ParseAddr(col[1])
	switch {
	case err != nil:
		return a, "no address that we know"
	case a.ID().IsZero():
		return a, "names no peer"
	}
	return a, ""
}

// schemes are DarkFi's transports, whose URLs hold no key.
var schemes = [...]string{
	"tcp", "tcp+tls", "tor", "tor+tls", "nym", "nym+tls", "i2p", "i2p+tls", "quic", "unix", "socks5", "socks5+tls",
}
