package chat

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/rlp"
)

// lineVersion is the only version of a line there is.
const lineVersion = 1

// Errors of Verify.
var (
	// ErrLine is returned for bytes that are no line.
	ErrLine = errors.New("chat: malformed line")
	// ErrForeign is returned for a line of another room or network.
	ErrForeign = errors.New("chat: line of another room or network")
	// ErrSignature is returned for a line its author did not sign, or whose
	// author the node key does not vouch for.
	ErrSignature = errors.New("chat: bad signature")
	// ErrText is returned for a text that is empty, too long or not UTF-8.
	ErrText = errors.New("chat: bad text")
)

// LineID is the SHA-256 of an encoded line.
type LineID [32]byte

// String is 0x and 64 hex digits.
func (l LineID) String() string { return "0x" + hex.EncodeToString(l[:]) }

// MarshalText lets a LineID stand in JSON.
func (l LineID) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// signed is a line as it is on the wire. Its byte fields may alias the encoding.
type signed struct {
	tag    networkTag
	room   string
	author [32]byte
	node   id.Public
	vouch  [64]byte
	seq    uint64
	at     uint64 // Unix nanoseconds, as the author claims
	text   []byte
	sig    [64]byte
}

// signedBytes is what the signature covers: the domain and all other fields.
func (s *signed) signedBytes() []byte {
	b := make([]byte, 0, len(lineDomain)+300+len(s.text))
	return rlp.AppendList(append(b, lineDomain...), s.fields())
}

func (s *signed) fields() []byte {
	b := make([]byte, 0, 300+len(s.text))
	b = rlp.AppendUint(b, lineVersion)
	b = rlp.AppendBytes(b, s.tag[:])
	b = rlp.AppendBytes(b, []byte(s.room))
	b = rlp.AppendBytes(b, s.author[:])
	b = rlp.AppendBytes(b, s.node[:])
	b = rlp.AppendBytes(b, s.vouch[:])
	b = rlp.AppendUint(b, s.seq)
	b = rlp.AppendUint(b, s.at)
	return rlp.AppendBytes(b, s.text)
}

func (s *signed) encode() []byte {
	return rlp.AppendList(nil, rlp.AppendBytes(s.fields(), s.sig[:]))
}

// sign fills in who a is and signs, and returns the encoded line.
func (a *Author) sign(s signed) []byte {
	s.author, s.node, s.vouch = a.pub, a.node, a.vouch
	copy(s.sig[:], ed25519.Sign(a.key, s.signedBytes()))
	return s.encode()
}

// decodeLine reads a line and checks all but signatures and topic.
func decodeLine(data []byte) (*signed, error) {
	if len(data) > lineBytesMax {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrLine, len(data), lineBytesMax)
	}
	s := &signed{}
	if err := s.read(data); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrLine, err)
	}
	if err := CheckRoom(s.room); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrLine, err)
	}
	if err := checkText(s.text); err != nil {
		return nil, fmt.Errorf("%w: %v", ErrLine, err)
	}
	if s.at == 0 || s.at >= timeMax {
		return nil, fmt.Errorf("%w: time out of range", ErrLine)
	}
	return s, nil
}

func (s *signed) read(data []byte) error {
	r, err := rlp.NewList(data)
	if err != nil {
		return err
	}
	version, err := r.Uint64()
	if err != nil {
		return err
	}
	if version != lineVersion {
		return fmt.Errorf("version %d", version)
	}
	var room []byte
	err = errors.Join(fixed(r, s.tag[:]), loose(r, &room), fixed(r, s.author[:]), fixed(r, s.node[:]),
		fixed(r, s.vouch[:]), number(r, &s.seq), number(r, &s.at), loose(r, &s.text), fixed(r, s.sig[:]), r.End())
	s.room = string(room)
	return err
}

// fixed, loose and number read one item each.
func fixed(r *rlp.Reader, out []byte) error {
	b, err := r.Bytes()
	if err == nil && len(b) != len(out) {
		err = fmt.Errorf("field of %d bytes, want %d", len(b), len(out))
	}
	if err == nil {
		copy(out, b)
	}
	return err
}

func loose(r *rlp.Reader, out *[]byte) (err error) {
	*out, err = r.Bytes()
	return err
}

func number(r *rlp.Reader, out *uint64) (err error) {
	*out, err = r.Uint64()
	return err
}

func checkText(text []byte) error {
	if len(text) == 0 || len(text) > TextBytesMax {
		return fmt.Errorf("%w: %d bytes, want 1 to %d", ErrText, len(text), TextBytesMax)
	}
	if !utf8.Valid(text) {
		return fmt.Errorf("%w: not UTF-8", ErrText)
	}
	return nil
}

// Check tells whether data is a line of the topic's room, signed by its author,
// for whom its node key vouches. It does not look at a clock. It depends on its
// arguments alone, so it may run anywhere and its result be reused.
func Check(topic string, data []byte) bool { return Verify(topic, data) == nil }

// Verify is Check with a reason: ErrLine, ErrForeign or ErrSignature.
func Verify(topic string, data []byte) error {
	_, err := verify(topic, data, nil)
	return err
}

// vouched remembers vouches already checked, within one batch.
type vouched map[[129]byte]bool

func verify(topic string, data []byte, known vouched) (*signed, error) {
	key, ok := parseTopic(topic)
	if !ok {
		return nil, fmt.Errorf("%w: topic %.120q", ErrForeign, topic)
	}
	s, err := decodeLine(data)
	if err != nil {
		return nil, err
	}
	if keyOf(s.tag, s.room) != key {
		return nil, ErrForeign
	}
	if !ed25519.Verify(s.author[:], s.signedBytes(), s.sig[:]) {
		return nil, fmt.Errorf("%w: of the author", ErrSignature)
	}
	if !known.vouches(s) {
		return nil, fmt.Errorf("%w: of the node", ErrSignature)
	}
	return s, nil
}

// vouches checks the node key's signature over the author's key.
func (v vouched) vouches(s *signed) bool {
	var k [129]byte
	copy(k[:], bytes.Join([][]byte{s.author[:], s.node[:], s.vouch[:]}, nil))
	if ok, seen := v[k]; seen {
		return ok
	}
	ok := s.node.VerifyDigest(vouchDigest(s.author), s.vouch[:])
	if v != nil {
		v[k] = ok
	}
	return ok
}

func idOf(raw []byte) LineID { return sha256.Sum256(raw) }
