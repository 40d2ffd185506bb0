package chat

import (
	"bytes"
	"cmp"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/rlp"
)

// ErrHead is returned for bytes that are no head of an archive.
var ErrHead = errors.New("chat: bad head")

// headDomain is the domain of heads among what an author signs.
const headDomain = "ropewalk chat head v1\x00"

// head is an author's word on what he has archived in a room. It is a note:
//
//	[2, room, author, node, vouch, page, newest, last, lines, sequence, time, signature]
type head struct {
	room   roomKey
	author [32]byte
	node   id.Public
	vouch  [64]byte
	number uint64 // of the newest page
	newest PageID
	last   PageID // the page before it; zero when there is none
	lines  uint64 // in all pages
	seq    uint64 // of the newest line
	at     uint64 // its claimed time
	sig    [64]byte
}

func (d *head) fields() []byte {
	b := make([]byte, 0, headBytesMax)
	b = rlp.AppendUint(b, noteHead)
	b = rlp.AppendBytes(b, d.room[:])
	b = rlp.AppendBytes(b, d.author[:])
	b = rlp.AppendBytes(b, d.node[:])
	b = rlp.AppendBytes(b, d.vouch[:])
	b = rlp.AppendUint(b, d.number)
	b = rlp.AppendBytes(b, d.newest[:])
	b = rlp.AppendBytes(b, d.last[:])
	b = rlp.AppendUint(b, d.lines)
	b = rlp.AppendUint(b, d.seq)
	return rlp.AppendUint(b, d.at)
}

func (d *head) signedBytes() []byte { return rlp.AppendList([]byte(headDomain), d.fields()) }

func (d *head) encode() []byte { return rlp.AppendList(nil, rlp.AppendBytes(d.fields(), d.sig[:])) }

// signHead fills in who a is and signs.
func (a *Author) signHead(d *head) {
	d.author, d.node, d.vouch = a.pub, a.node, a.vouch
	copy(d.sig[:], ed25519.Sign(a.key, d.signedBytes()))
}

// decodeHead reads a head and checks all but its signatures.
func decodeHead(raw []byte) (*head, error) {
	d := &head{}
	err := d.read(raw)
	switch {
	case err != nil:
	case len(raw) > headBytesMax:
		err = fmt.Errorf("%d bytes", len(raw))
	case d.lines == 0 || d.number >= d.lines || d.lines > timeMax || d.at == 0 || d.at >= timeMax:
		err = fmt.Errorf("page %d, %d lines", d.number, d.lines)
	case (d.number == 0) != (d.last == PageID{}):
		err = errors.New("page before the first")
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrHead, err)
	}
	return d, nil
}

func (d *head) read(raw []byte) error {
	r, err := rlp.NewList(raw)
	if err != nil {
		return err
	}
	var kind uint64
	if err := number(r, &kind); err != nil || kind != noteHead {
		return errors.Join(err, fmt.Errorf("note %d", kind))
	}
	return errors.Join(fixed(r, d.room[:]), fixed(r, d.author[:]), fixed(r, d.node[:]), fixed(r, d.vouch[:]), number(r, &d.number),
		fixed(r, d.newest[:]), fixed(r, d.last[:]), number(r, &d.lines), number(r, &d.seq), number(r, &d.at), fixed(r, d.sig[:]), r.End())
}

// verify checks the author's signature and the node's for him.
func (d *head) verify(known vouched) bool {
	return ed25519.Verify(d.author[:], d.signedBytes(), d.sig[:]) &&
		known.vouches(&signed{author: d.author, node: d.node, vouch: d.vouch})
}

// newer tells whether d takes the place of old: it counts more lines. Two of one count
// are an author's at two places, and all members have to settle on the same one.
func (d *head) newer(old *head) bool {
	return cmp.Or(cmp.Compare(d.lines, old.lines), bytes.Compare(d.newest[:], old.newest[:])) > 0
}

// headID tells heads apart.
type headID [32]byte

func headIDOf(raw []byte) headID { return sha256.Sum256(raw) }
