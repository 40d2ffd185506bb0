package hosts

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
	"github.com/ropewalk/ropewalk/link"
)

// Load adds what a file holds to the book: every entry passes the filter that
// hearsay passes, entries the book has already are left alone, times in the future
// become now, and gold that is no anchor returns as white. Lines that make no sense
// are skipped and counted, see Loaded. Only a wrong version, checksum or network makes
// an error, and then nothing is taken.
func (b *Book) Load(now time.Time, data []byte) error {
	body, version, err := checked(data)
	if err != nil {
		return err
	}
	if tag := tagOf(body); version > 1 && b.cfg.Network != "" && tag != nothing && tag != b.tag() {
		return fmt.Errorf("%w, with mark %.8q", ErrForeign, tag)
	}
	b.taken, b.skipped = 0, 0
	l := loading{b: b, now: now, version: version, empty: b.entries.Len() == 0}
	for line := range bytes.Lines(body) {
		text, whole := strings.CutSuffix(string(line), "\n")
		if !whole || len(text) > lineBytesMax || l.line(strings.Split(text, "\t")) != nil {
			b.skipped++
			continue
		}
		b.taken++
	}
	b.unclean = l.open
	if l.empty && version > 1 { // in their own order, whatever that of the hosts was
		b.anchors = slices.DeleteFunc(l.anchors.Keys(), func(who id.ID) bool { return !slices.Contains(b.anchors, who) })
	}
	return nil
}

// Loaded tells how many lines the last Load took and how many it skipped.
func (b *Book) Loaded() (taken, skipped int) { return b.taken, b.skipped }

// Unclean tells whether the run that wrote the file of the last Load did not end well.
func (b *Book) Unclean() bool { return b.unclean }

// FileNetwork is the mark of the network whose book a file is, in hex; empty when the
// file does not say.
func FileNetwork(data []byte) string {
	body, version, err := checked(data)
	if tag := tagOf(body); err == nil && version > 1 && len(tag) == 2*len(enr.NetworkTag("")) && strings.Trim(tag, "0123456789abcdef") == "" {
		return tag
	}
	return ""
}

// tagOf reads the line of the network, the first of a file.
func tagOf(body []byte) string {
	line, _, _ := bytes.Cut(body, []byte("\n"))
	tag, ok := strings.CutPrefix(string(line[:min(len(line), lineBytesMax)]), networkWord+"\t")
	if !ok {
		return nothing
	}
	return tag
}

// checked returns the lines between header and checksum, and the version.
func checked(data []byte) (body []byte, version int, err error) {
	switch {
	case len(data) > FileBytesMax:
		return nil, 0, ErrVersion
	case bytes.HasPrefix(data, []byte(fileHeader)):
		version = 2
	case bytes.HasPrefix(data, []byte(fileHeader1)):
		version = 1
	default:
		return nil, 0, ErrVersion
	}
	at := bytes.LastIndex(data, []byte("\n"+sumPrefix)) + 1
	if at == 0 {
		return nil, 0, ErrChecksum
	}
	sum := sha256.Sum256(data[:at])
	if string(data[at:]) != sumPrefix+hex.EncodeToString(sum[:])+"\n" {
		return nil, 0, ErrChecksum
	}
	return data[len(fileHeader):at], version, nil // both headers are as long
}

// loading is one Load under way.
type loading struct {
	b       *Book
	now     time.Time
	version int
	empty   bool // the book was, when it began
	open    bool // the run that wrote the file did not end well
	anchors ordered.Map[id.ID, int]
}

func (l *loading) line(col []string) error {
	switch {
	case l.version == 1 && len(col) == 9:
		return l.entry(col, time.Time{})
	case len(col) == 3 && col[0] == banWord:
		return l.b.loadBan(l.now, col[1], col[2], false)
	case l.version == 1:
		return errLine
	case len(col) == 10:
		proven, err := past(l.now, col[9])
		if err != nil {
			return err
		}
		return l.entry(col[:9], proven)
	case len(col) == 3 && col[0] == softWord:
		return l.b.loadBan(l.now, col[1], col[2], true)
	case len(col) == 5 && col[0] == blameWord:
		return l.b.loadBlame(l.now, col[1:])
	case len(col) == 3 && col[0] == anchorWord:
		return l.anchor(col[1], col[2])
	case len(col) == 2:
		return l.head(col[0], col[1])
	}
	return errLine
}

// head reads what stands before the hosts.
func (l *loading) head(word, value string) error {
	switch word {
	case networkWord:
		return nil // Load has looked at it
	case secretWord:
		raw, err := hex.DecodeString(value)
		if err != nil || len(raw) != len(l.b.cfg.Secret) {
			return errLine
		}
		if l.empty {
			copy(l.b.cfg.Secret[:], raw)
		}
		return nil
	case exitWord:
		l.open = value == exitOpen
		if !l.open && value != exitClean {
			return errLine
		}
		return nil
	}
	return errLine
}

func (l *loading) anchor(text, strikes string) error {
	who, err := id.Parse(text)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(strikes)
	if err != nil || n < 0 || l.anchors.Len() >= AnchorsMax || l.anchors.Has(who) {
		return errLine
	}
	if l.open {
		n++
	} else {
		n = 0
	}
	l.anchors.Put(who, min(n, strikesMax))
	return nil
}

func (l *loading) entry(col []string, proven time.Time) error {
	b, now := l.b, l.now
	e, to, err := parseEntry(now, col)
	if err != nil {
		return err
	}
	if err := b.welcome(now, e.ID); err != nil {
		return err
	}
	if b.entries.Has(e.ID) {
		return ErrKnown
	}
	addrs, dark, err := b.addresses(now, e.Record, e.observed)
	if err != nil {
		return err
	}
	e.setAddrs(addrs, b.cfg.Localnet)
	switch {
	case dark:
		to = Dark
	case to == Dark:
		to = Grey // dialable now
	}
	if to == White || to == Gold {
		e.Ever, e.Reached = true, true
	}
	if e.Reached {
		if e.Proven = proven; proven.IsZero() {
			e.Proven = e.LastSeen
		}
		if e.Proven.IsZero() {
			e.Proven = now // nothing in a file makes an elder of a host that was never seen
		}
	}
	strikes, anchor := l.anchors.Get(e.ID)
	anchor = anchor && to != Dark && b.anchor(e) || l.version == 1 && to == Gold && b.anchor(e)
	if e.strikes = strikes; to == Gold && (!anchor || strikes >= strikesMax) {
		to = White
	}
	if to == Dark && now.Sub(e.LastTried) >= DarkFor {
		err = errLine
	}
	if err == nil {
		err = b.room(now, to, e)
	}
	if err != nil {
		b.unanchor(e)
		return err
	}
	b.place(now, e, to)
	return nil
}

// loadBan reads a ban. One that would last longer than any may has been written under
// another clock, or by somebody else: it lasts as long as one may.
func (b *Book) loadBan(now time.Time, target, until string, soft bool) error {
	t, err := ParseTarget(target)
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(until, 10, 64)
	if err != nil || n < 0 {
		return errLine
	}
	d := banMax
	if n < now.Add(banMax).Unix() {
		d = time.Unix(n, 0).Sub(now)
	}
	if d <= 0 {
		return nil // over: a good line without effect
	}
	return b.ban(now, t, d, soft)
}

func (b *Book) loadBlame(now time.Time, col []string) error {
	who, err := id.Parse(col[0])
	if err != nil {
		return err
	}
	points, err := strconv.ParseUint(col[1], 10, 16)
	if err != nil || points >= blameMax {
		return errLine
	}
	at, err := past(now, col[2])
	if err != nil {
		return err
	}
	many, err := strconv.ParseUint(col[3], 10, 8)
	if err != nil || many > blameBansMax || who == b.cfg.Self || who.IsZero() || b.grudges.len() >= b.cfg.BansMax {
		return errLine
	}
	b.grudges.put(who, grudge{float64(points), at, int(many)})
	return nil
}

// parseEntry reads a line of nine columns; the address filter comes after it.
func parseEntry(now time.Time, col []string) (*entry, Colour, error) {
	to := Colour(col[0])
	if !slices.Contains(Colours[:], to) || to == Black {
		return nil, None, errLine
	}
	who, err := id.Parse(col[1])
	if err != nil {
		return nil, None, err
	}
	e := &entry{Host: Host{ID: who}}
	if e.LastSeen, err = past(now, col[2]); err != nil {
		return nil, None, err
	}
	if e.LastTried, err = past(now, col[3]); err != nil {
		return nil, None, err
	}
	if e.Fails, err = strconv.Atoi(col[4]); err != nil || e.Fails < 0 {
		return nil, None, errLine
	}
	e.Fails = min(e.Fails, provenFails)
	e.Ever, e.Reached = strings.Contains(col[5], "e"), strings.Contains(col[5], "r")
	if col[6] != nothing {
		if e.Source, err = strconv.Unquote(col[6]); err != nil {
			return nil, None, errLine
		}
	}
	if col[7] != nothing {
		raw, err := base64.RawURLEncoding.DecodeString(col[7])
		if err != nil {
			return nil, None, errLine
		}
		if e.Record, err = enr.Decode(raw); err != nil || e.Record.ID() != who {
			return nil, None, errLine
		}
	}
	if col[8] != nothing {
		for _, s := range strings.Split(col[8], ",") {
			a, err := link.ParseAddr(s)
			if err != nil || len(e.observed) >= observedMax || (!a.ID().IsZero() && a.ID() != who) {
				return nil, None, errLine
			}
			e.observed = append(e.observed, a)
		}
	}
	return e, to, nil
}

// past reads a time; one in the future becomes now, zero stays never.
func past(now time.Time, s string) (time.Time, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return time.Time{}, errLine
	}
	switch {
	case n == 0:
		return time.Time{}, nil
	case n > now.Unix():
		return now, nil
	}
	// By now's clock, which nobody sets while we run.
	return now.Add(time.Unix(n, 0).Sub(now)), nil
}
