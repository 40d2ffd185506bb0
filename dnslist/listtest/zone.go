package listtest

import (
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"net/netip"
	"strings"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// Children is how many a branch of Publish has at most.
const Children = 13

var encoding = base32.StdEncoding.WithPadding(base32.NoPadding)

// Lister has the key of a list and the domain it stands at.
type Lister struct {
	Key    *id.Key
	Domain string
}

// NewLister is a lister with a key and a domain of its own.
func NewLister(name string) Lister { return Lister{Key(name), name + ".example.org"} }

// Key is a key that only the name decides.
func Key(name string) *id.Key {
	k, err := id.NewKey(strings.NewReader(strings.Repeat(name+"/", 64)[:64]))
	if err != nil {
		panic(err)
	}
	return k
}

// URL is the list as a configuration names it.
func (l Lister) URL() string {
	pub := l.Key.Public()
	return "enrtree://" + encoding.EncodeToString(pub[:]) + "@" + l.Domain
}

// Sign is the text of a root.
func (l Lister) Sign(records, links string, seq uint64) string {
	text := fmt.Sprintf("enrtree-root:v1 e=%s l=%s seq=%d", records, links, seq)
	sig := l.Key.SignDigest(id.Keccak256([]byte(text)))
	return text + " sig=" + base64.RawURLEncoding.EncodeToString(append(sig[:], 0))
}

// Zone is texts by name.
type Zone map[string][]string

// Put stores an entry below a domain and returns its hash.
func (z Zone) Put(domain, text string) string {
	hash := Hash(text)
	z[hash+"."+domain] = []string{text}
	return hash
}

// Hash is the name of a text: base32 of the first 16 bytes of its Keccak-256.
func Hash(text string) string {
	sum := id.Keccak256([]byte(text))
	return encoding.EncodeToString(sum[:16])
}

// Branch is the text over some hashes.
func Branch(hashes ...string) string { return "enrtree-branch:" + strings.Join(hashes, ",") }

// Tree stores leaves, and branches over them, and returns the hash at the top.
func (z Zone) Tree(domain string, leaves []string) string {
	var hashes []string
	for _, l := range leaves {
		hashes = append(hashes, z.Put(domain, l))
	}
	for len(hashes) > Children {
		var up []string
		for len(hashes) > 0 {
			n := min(Children, len(hashes))
			up = append(up, z.Put(domain, Branch(hashes[:n]...)))
			hashes = hashes[n:]
		}
		hashes = up
	}
	return z.Put(domain, Branch(hashes...))
}

// Publish stores a whole list.
func (z Zone) Publish(l Lister, seq uint64, records, links []string) {
	z.Root(l, seq, z.Tree(l.Domain, records), z.Tree(l.Domain, links))
}

// Root stores a signed root, beside a text that a domain has for others.
func (z Zone) Root(l Lister, seq uint64, records, links string) {
	z[l.Domain] = []string{"v=spf1 -all", l.Sign(records, links, seq)}
}

// Records are the texts of n records of different nodes at public addresses.
func Records(n int) (out []string) {
	for i := range n {
		b := enr.Builder{Seq: 1, IP: netip.AddrFrom4([4]byte{9, byte(i >> 8), byte(i), 8}), TCP: 30303}
		r, err := b.Sign(Key(fmt.Sprintf("node %d", i)))
		if err != nil {
			panic(err)
		}
		out = append(out, r.String())
	}
	return out
}
