package dnslist

import (
	"encoding/base32"
	"errors"
	"fmt"
	"strings"

	"github.com/ropewalk/ropewalk/id"
)

// What is wrong with a text.
var (
	ErrList  = errors.New("dnslist: not a list, want enrtree://KEY@DOMAIN")
	ErrRoot  = errors.New("dnslist: not a root")
	ErrEntry = errors.New("dnslist: not an entry")
)

const listPrefix = "enrtree://"

// List says where a list is and who signs it.
type List struct {
	Key    id.Public
	Domain string // lower case, without a dot at its end
}

// Parse reads "enrtree://KEY@DOMAIN". The error wraps ErrList.
func Parse(s string) (List, error) {
	rest, ok := strings.CutPrefix(s, listPrefix)
	key, domain, at := strings.Cut(rest, "@")
	if !ok || !at || len(s) > textBytesMax {
		return List{}, fmt.Errorf("%w: %.120q", ErrList, s)
	}
	raw, ok := unbase32(key)
	if !ok {
		return List{}, fmt.Errorf("%w: the key is not base32", ErrList)
	}
	pub, err := id.ParsePublic(raw)
	if err != nil {
		return List{}, fmt.Errorf("%w: %v", ErrList, err)
	}
	domain = strings.ToLower(strings.TrimSuffix(domain, "."))
	if !goodDomain(domain) {
		return List{}, fmt.Errorf("%w: domain %.120q", ErrList, domain)
	}
	return List{pub, domain}, nil
}

func (l List) String() string {
	return listPrefix + encoding.EncodeToString(l.Key[:]) + "@" + l.Domain
}

// goodDomain tells whether a hash may be put before a name to make another name.
func goodDomain(s string) bool {
	if len(s) == 0 || len(s) > domainBytesMax {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if len(label) == 0 || len(label) > 63 || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			return false
		}
	}
	return true
}

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// unbase32 reads base32 that is written in the one way in which it is made: a hash
// with two names would be visited twice.
func unbase32(s string) ([]byte, bool) {
	raw, err := encoding.DecodeString(s)
	if err != nil || encoding.EncodeToString(raw) != s {
		return nil, false
	}
	return raw, true
}
