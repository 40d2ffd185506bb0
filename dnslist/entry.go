package dnslist

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

const (
	rootPrefix   = "enrtree-root:v1 "
	branchPrefix = "enrtree-branch:"
	recordPrefix = "enr:"
)

// root is the signed text at a list's domain.
type root struct {
	records, links string // hashes of the two trees
	seq            uint64
}

// parseRoot reads "enrtree-root:v1 e=… l=… seq=… sig=…" and verifies the signature.
// The error wraps ErrRoot.
func parseRoot(text string, key id.Public) (root, error) {
	bad := func(what string) (root, error) { return root{}, fmt.Errorf("%w: %s: %.120q", ErrRoot, what, text) }
	signed, sig, ok := strings.Cut(text, " sig=")
	field := strings.Split(strings.TrimPrefix(signed, rootPrefix), " ")
	if len(text) > textBytesMax || !ok || !strings.HasPrefix(text, rootPrefix) || len(field) != 3 {
		return bad("form")
	}
	e, okE := strings.CutPrefix(field[0], "e=")
	l, okL := strings.CutPrefix(field[1], "l=")
	n, okN := strings.CutPrefix(field[2], "seq=")
	if !okE || !okL || !okN || !goodHash(e) || !goodHash(l) {
		return bad("form")
	}
	seq, err := strconv.ParseUint(n, 10, 64)
	if err != nil {
		return bad("sequence number")
	}
	raw, err := base64.RawURLEncoding.DecodeString(sig)
	if err != nil || len(raw) != sigBytes || !key.VerifyDigest(id.Keccak256([]byte(signed)), raw[:sigBytes-1]) {
		return bad("signature")
	}
	return root{e, l, seq}, nil
}

// entry is a text below the root: a branch, a record or a link. One field is set; an
// empty branch has none.
type entry struct {
	children []string
	record   *enr.Record
	link     List
}

// parseEntry reads the text of a hash, which it must have. The record of an entry is
// verified. The error wraps ErrEntry.
func parseEntry(hash, text string) (entry, error) {
	if len(text) > textBytesMax || !named(hash, text) {
		return entry{}, fmt.Errorf("%w: it is not what its name says", ErrEntry)
	}
	switch {
	case strings.HasPrefix(text, branchPrefix):
		return parseBranch(strings.TrimPrefix(text, branchPrefix))
	case strings.HasPrefix(text, recordPrefix):
		r, err := enr.Parse(text)
		if err != nil {
			return entry{}, fmt.Errorf("%w: %v", ErrEntry, err)
		}
		return entry{record: r}, nil
	case strings.HasPrefix(text, listPrefix):
		l, err := Parse(text)
		if err != nil {
			return entry{}, fmt.Errorf("%w: %v", ErrEntry, err)
		}
		return entry{link: l}, nil
	}
	return entry{}, fmt.Errorf("%w: %.60q", ErrEntry, text)
}

func parseBranch(text string) (entry, error) {
	if text == "" {
		return entry{}, nil
	}
	if n := strings.Count(text, ",") + 1; n > childrenMax {
		return entry{}, fmt.Errorf("%w: %d children, want at most %d", ErrEntry, n, childrenMax)
	}
	children := strings.Split(text, ",")
	for _, h := range children {
		if !goodHash(h) {
			return entry{}, fmt.Errorf("%w: hash %.60q", ErrEntry, h)
		}
	}
	return entry{children: children}, nil
}

func goodHash(s string) bool {
	raw, ok := unbase32(s)
	return ok && len(raw) >= hashBytesMin && len(raw) <= hashBytesMax
}

// named tells whether a text is the one that a hash names.
func named(hash, text string) bool {
	raw, ok := unbase32(hash)
	sum := id.Keccak256([]byte(text))
	return ok && len(raw) >= hashBytesMin && bytes.HasPrefix(sum[:], raw)
}
