package chat

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/rlp"
)

// ErrPage is returned for bytes that are not the page of the archive they should be.
var ErrPage = errors.New("chat: bad page")

// PageID is the SHA-256 of a sealed page.
type PageID [32]byte

// String is 0x and 64 hex digits.
func (p PageID) String() string { return "0x" + hex.EncodeToString(p[:]) }

const (
	pageVersion   = 1
	pageDomain    = "ropewalk chat page v1\x00"
	pageKeyDomain = "ropewalk chat page key v1"
	nonceBytes    = 12
)

// page is some lines of one author in one room, in the order of saying:
//
//	[1, room, author, node, number, lines before, IDs of pages before, [line, …]]
//
// Pages are numbered from 0. Each names up to prevsMax pages before it, the next one
// first, so that one that nobody has any more does not hide the others.
type page struct {
	room   roomKey
	author [32]byte
	node   id.Public
	number uint64
	before uint64 // lines in the pages before
	prevs  []PageID
	lines  [][]byte
}

func (p *page) encode() []byte {
	b := rlp.AppendUint(nil, pageVersion)
	b = rlp.AppendBytes(b, p.room[:])
	b = rlp.AppendBytes(b, p.author[:])
	b = rlp.AppendBytes(b, p.node[:])
	b = rlp.AppendUint(rlp.AppendUint(b, p.number), p.before)
	prevs := make([]byte, 0, 32*len(p.prevs))
	for _, prev := range p.prevs {
		prevs = append(prevs, prev[:]...)
	}
	b = rlp.AppendBytes(b, prevs)
	var lines []byte
	for _, l := range p.lines {
		lines = rlp.AppendBytes(lines, l)
	}
	return rlp.AppendList(nil, rlp.AppendList(b, lines))
}

// decodePage reads a page; its lines alias data and are not looked into.
func decodePage(data []byte) (*page, error) {
	if len(data) > pageEncodedMax {
		return nil, fmt.Errorf("%w: %d bytes", ErrPage, len(data))
	}
	p := &page{}
	if err := p.read(data); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrPage, err)
	}
	return p, nil
}

func (p *page) read(data []byte) error {
	r, err := rlp.NewList(data)
	if err != nil {
		return err
	}
	var version uint64
	if err := number(r, &version); err != nil || version != pageVersion {
		return errors.Join(err, fmt.Errorf("version %d", version))
	}
	err = errors.Join(fixed(r, p.room[:]), fixed(r, p.author[:]), fixed(r, p.node[:]), number(r, &p.number), number(r, &p.before))
	if err != nil {
		return err
	}
	ids, err := readIDs(r, prevsMax)
	if err != nil {
		return err
	}
	for _, prev := range ids {
		p.prevs = append(p.prevs, PageID(prev))
	}
	list, err := r.List()
	if err != nil {
		return err
	}
	size := 0
	for list.More() {
		var l []byte
		if err := loose(list, &l); err != nil {
			return err
		}
		if size += len(l); size > pageBytesMax || len(p.lines) == pageLinesMax {
			return errors.New("too many lines")
		}
		p.lines = append(p.lines, l)
	}
	switch {
	case len(p.lines) == 0:
		return errors.New("no lines")
	case p.number > p.before || p.before > timeMax:
		return fmt.Errorf("page %d behind %d lines", p.number, p.before)
	case uint64(len(p.prevs)) > p.number || p.number > 0 && len(p.prevs) == 0:
		return fmt.Errorf("page %d names %d pages", p.number, len(p.prevs))
	}
	return r.End()
}

// fits tells whether one more line of so many bytes may stand in the page.
func (p *page) fits(bytes int) bool {
	for _, l := range p.lines {
		bytes += len(l)
	}
	return len(p.lines) < pageLinesMax && bytes <= pageBytesMax
}

// pageKey seals the pages of a room. Who knows the room's name can make it: rooms are
// open to whoever knows their name, and those who keep pages need not be among them.
type pageKey struct{ cipher, nonce [32]byte }

func pageKeyOf(tag networkTag, room string) (k pageKey) {
	b, err := hkdf.Key(sha256.New, append(tag[:], room...), nil, pageKeyDomain, len(k.cipher)+len(k.nonce))
	if err != nil {
		panic("chat: hkdf refused a fixed length: " + err.Error())
	}
	copy(k.cipher[:], b)
	copy(k.nonce[:], b[len(k.cipher):])
	return k
}

// pageKey is the key of the room's pages.
func (r *room) pageKey(tag networkTag) pageKey {
	if r.sealing == nil {
		k := pageKeyOf(tag, r.name)
		r.sealing = &k
	}
	return *r.sealing
}

func (k pageKey) aead() cipher.AEAD {
	block, err := aes.NewCipher(k.cipher[:])
	if err != nil {
		panic("chat: AES refused a key of 32 bytes: " + err.Error())
	}
	a, err := cipher.NewGCM(block)
	if err != nil {
		panic("chat: GCM refused AES: " + err.Error())
	}
	return a
}

// seal is nonce and ciphertext. The nonce is made from the page, so that equal pages
// are equal when sealed, and no two pages share one.
func (k pageKey) seal(p *page) []byte {
	plain := p.encode()
	mac := hmac.New(sha256.New, k.nonce[:])
	mac.Write(plain)
	nonce := mac.Sum(nil)[:nonceBytes:nonceBytes]
	return k.aead().Seal(nonce, nonce, plain, []byte(pageDomain))
}

// open reads a sealed page.
func (k pageKey) open(sealed []byte) (*page, error) {
	if len(sealed) < nonceBytes || len(sealed) > pageSealedMax {
		return nil, fmt.Errorf("%w: %d bytes", ErrPage, len(sealed))
	}
	plain, err := k.aead().Open(nil, sealed[:nonceBytes], sealed[nonceBytes:], []byte(pageDomain))
	if err != nil {
		return nil, fmt.Errorf("%w: not sealed for this room", ErrPage)
	}
	return decodePage(plain)
}
