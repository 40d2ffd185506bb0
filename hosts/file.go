package hosts

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/ropewalk/ropewalk/enr"
)

// A saved book is text:
//
//	ropewalk-hosts 2
//	network ⇥ TAG
//	secret ⇥ HEX
//	exit ⇥ clean|open
//	anchor ⇥ ID ⇥ STRIKES
//	COLOUR ⇥ ID ⇥ SEEN ⇥ TRIED ⇥ FAILS ⇥ FLAGS ⇥ SOURCE ⇥ RECORD ⇥ ADDRESSES ⇥ PROVEN
//	ban ⇥ TARGET ⇥ UNTIL
//	discouraged ⇥ TARGET ⇥ UNTIL
//	blame ⇥ ID ⇥ POINTS ⇥ AT ⇥ BANS
//	sha256 HEX
//
// TAG is the network's mark in records, in hex; the secret keys the buckets; exit is
// clean when the file is the last of an orderly stop, and open while a run goes on.
// Times are Unix seconds, 0 for never; FLAGS are e (ever) and r (reached); RECORD is
// unpadded URL base64; ADDRESSES are those observed, with commas; "-" is nothing.
// The last line is the hash of all before it. Version 1 had no lines before the hosts,
// no PROVEN, and took the gold ones for anchors.
const (
	fileHeader  = "ropewalk-hosts 2\n"
	fileHeader1 = "ropewalk-hosts 1\n"
	sumPrefix   = "sha256 "
	nothing     = "-"

	networkWord = "network"
	secretWord  = "secret"
	exitWord    = "exit"
	exitClean   = "clean"
	exitOpen    = "open"
	anchorWord  = "anchor"
	banWord     = "ban"
	softWord    = "discouraged"
	blameWord   = "blame"
)

// What Load says about a file it does not take at all.
var (
	ErrVersion  = errors.New("hosts: not a host file of this version")
	ErrChecksum = errors.New("hosts: the host file is damaged")
	ErrForeign  = errors.New("hosts: the host file of another network")
)

var errLine = errors.New("hosts: bad line")

// Encode writes the book. Black hosts are written as bans only. clean says that this is
// the last save of an orderly stop: any other file tells who loads it that the run did
// not end well.
func (b *Book) Encode(clean bool) []byte {
	var w bytes.Buffer
	w.WriteString(fileHeader)
	exit := exitOpen
	if clean {
		exit = exitClean
	}
	fmt.Fprintf(&w, "%s\t%s\n%s\t%x\n%s\t%s\n", networkWord, b.tag(), secretWord, b.cfg.Secret, exitWord, exit)
	for _, who := range b.anchors {
		e, _ := b.entries.Get(who)
		strikes := e.strikes
		if clean {
			strikes = 0
		}
		fmt.Fprintf(&w, "%s\t%s\t%d\n", anchorWord, who, strikes)
	}
	for _, c := range Colours {
		if c == Black {
			continue
		}
		for _, e := range b.lists[index(c)].all {
			e.encode(&w)
		}
	}
	for t, until := range b.bans.hard.all() {
		fmt.Fprintf(&w, "%s\t%s\t%d\n", banWord, t, until.Unix())
	}
	for t, until := range b.bans.soft.all() {
		fmt.Fprintf(&w, "%s\t%s\t%d\n", softWord, t, until.Unix())
	}
	for who, g := range b.grudges.all() {
		fmt.Fprintf(&w, "%s\t%s\t%d\t%d\t%d\n", blameWord, who, int(g.points), unix(g.at), g.bans)
	}
	sum := sha256.Sum256(w.Bytes())
	fmt.Fprintf(&w, "%s%x\n", sumPrefix, sum)
	return w.Bytes()
}

// tag names the book's network in its file.
func (b *Book) tag() string {
	if b.cfg.Network == "" {
		return nothing
	}
	return Mark(b.cfg.Network)
}

// Mark is a network's mark in records, in hex.
func Mark(network string) string {
	tag := enr.NetworkTag(network)
	return hex.EncodeToString(tag[:])
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
	fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%s\t%s\t%s\t%s\t%d\n", e.Colour, e.ID, unix(e.LastSeen), unix(e.LastTried),
		e.Fails, flags, source, record, strings.Join(addrs, ","), unix(e.Proven))
}

func unix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
