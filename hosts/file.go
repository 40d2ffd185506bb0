package hosts

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// A saved book is text:
//
//	ropewalk-hosts 1
//	COLOUR ⇥ ID ⇥ SEEN ⇥ TRIED ⇥ FAILS ⇥ FLAGS ⇥ SOURCE ⇥ RECORD ⇥ ADDRESSES
//	ban ⇥ TARGET ⇥ UNTIL
//	sha256 HEX
//
// Times are Unix seconds, 0 for never; FLAGS are e (ever) and r (reached); RECORD is
// unpadded URL base64; ADDRESSES are those observed, with commas; "-" is nothing.
// The last line is the hash of all before it.
const (
	fileHeader = "ropewalk-hosts 1\n"
	sumPrefix  = "sha256 "
	banWord    = "ban"
	nothing    = "-"
)

// What Load says about a file it does not take at all.
var (
	ErrVersion  = errors.New("hosts: not a host file of this version")
	ErrChecksum = errors.New("hosts: the host file is damaged")
)

var errLine = errors.New("hosts: bad line")

// Encode writes the book. Black hosts are written as bans only.
func (b *Book) Encode() []byte {
	var w bytes.Buffer
	w.WriteString(fileHeader)
	for _, c := range Colours {
		if c == Black {
			continue
		}
		for _, who := range b.lists[index(c)].members() {
			e, _ := b.entries.Get(who)
			e.encode(&w)
		}
	}
	for t, until := range b.bans.until.All() {
		fmt.Fprintf(&w, "%s\t%s\t%d\n", banWord, t, until.Unix())
	}
	sum := sha256.Sum256(w.Bytes())
	fmt.Fprintf(&w, "%s%x\n", sumPrefix, sum)
	return w.Bytes()
}

func (e *entry) encode(w *bytes.Buffer) {
	record, flags, source := nothing, nothing, nothing
	if e.Record != nil {
		record = base64.RawURLEncoding.EncodeToString(e.Record.Bytes())
	}
	switch {
	case e.Ever && e.Reached:
		flags = "er"
	case e.Ever:
		flags = "e"
	case e.Reached:
		flags = "r"
	}
	if e.Source != "" {
		source = strconv.QuoteToASCII(e.Source)
	}
	var addrs []string
	for _, a := range e.observed {
		addrs = append(addrs, a.String())
	}
	if len(addrs) == 0 {
		addrs = []string{nothing}
	}
	fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%s\t%s\t%s\t%s\n", e.Colour, e.ID, unix(e.LastSeen), unix(e.LastTried),
		e.Fails, flags, source, record, strings.Join(addrs, ","))
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// Load adds what a file holds to the book: every entry passes the filter that
// hearsay passes, entries the book has already are left alone, times in the future
// become now, and gold beyond AnchorsMax returns as white. Lines that make no sense
// are skipped and counted, see Loaded. Only a wrong version or checksum makes an
// error, and then nothing is taken.
func (b *Book) Load(now time.Time, data []byte) error {
	body, err := checked(data)
	if err != nil {
		return err
	}
	b.taken, b.skipped = 0, 0
	for line := range bytes.Lines(body) {
		text, whole := strings.CutSuffix(string(line), "\n")
		if !whole || len(text) > lineBytesMax || b.loadLine(now, strings.Split(text, "\t")) != nil {
			b.skipped++
			continue
		}
		b.taken++
	}
	return nil
}

// Loaded tells how many lines the last Load took and how many it skipped.
func (b *Book) Loaded() (taken, skipped int) { return b.taken, b.skipped }

// checked returns the lines between header and checksum.
func checked(data []byte) ([]byte, error) {
	if len(data) > fileBytesMax || !bytes.HasPrefix(data, []byte(fileHeader)) {
		return nil, ErrVersion
	}
	at := bytes.LastIndex(data, []byte("\n"+sumPrefix)) + 1
	if at == 0 {
		return nil, ErrChecksum
	}
	sum := sha256.Sum256(data[:at])
	if string(data[at:]) != sumPrefix+hex.EncodeToString(sum[:])+"\n" {
		return nil, ErrChecksum
	}
	return data[len(fileHeader):at], nil
}

func (b *Book) loadLine(now time.Time, col []string) error {
	if len(col) == 3 && col[0] == banWord {
		return b.loadBan(now, col[1], col[2])
	}
	if len(col) != 9 {
		return errLine
	}
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
	case to == Gold && b.lists[index(Gold)].n >= AnchorsMax:
		to = White
	}
	if to == White || to == Gold {
		e.Ever, e.Reached = true, true
	}
	if to == Dark && now.Sub(e.LastTried) >= DarkFor {
		return errLine
	}
	if err := b.room(now, to, e); err != nil {
		return err
	}
	b.place(now, e, to)
	return nil
}

func (b *Book) loadBan(now time.Time, target, until string) error {
	t, err := ParseTarget(target)
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(until, 10, 64)
	if err != nil || n < 0 || n > now.Add(banMax).Unix() {
		return errLine
	}
	d := time.Unix(n, 0).Sub(now)
	if d <= 0 {
		return nil // over: a good line without effect
	}
	return b.Ban(now, t, d)
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
	return time.Unix(n, 0), nil
}
