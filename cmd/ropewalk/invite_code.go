package main

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"

	"github.com/ropewalk/ropewalk/chat"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/link"
)

// invite is what brings somebody in: which network, whom to call, which room.
//
// Its text is "rw1" and the base32 (RFC 4648, no padding, either case) of fields
// and a checksum. A field is a tag of one byte, a length of one byte and that many
// bytes; a value above 255 bytes takes several fields of the same tag, all but the
// last full. The checksum is the first four bytes of the SHA-256 of the domain and
// all before it. Base32 because it survives being read aloud and fits the compact
// mode of QR codes.
type invite struct {
	Network string      // 1 to 64 of [a-z0-9._-]
	Record  *enr.Record // of the inviter; nil when it names no address
	Addrs   []link.Addr // with /p2p/; at most inviteAddrsMax
	Room    string      // at most 64 bytes; empty: none
}

// Our choice.
const (
	invitePrefix   = "rw1"
	inviteDomain   = "ropewalk invite v1:"
	inviteAddrsMax = 4
	inviteBytesMax = 1536 // of the binary: 4 addresses of 255 bytes, a record of 300, names
)

// The tags. A tag that is not here is refused: an invite is small, and what it
// asks must be understood.
const (
	tagNetwork = 1
	tagRecord  = 2
	tagAddr    = 3
	tagRoom    = 4
)

var (
	errInvite     = errors.New("not an invite")
	errChecksum   = errors.New("damaged invite: its checksum is wrong; copy it again, whole")
	inviteLetters = base32.StdEncoding.WithPadding(base32.NoPadding)
)

// String is the text form, in lower case.
func (v invite) String() string {
	var b []byte
	field := func(tag byte, value []byte) {
		for len(value) >= 255 {
			b = append(append(b, tag, 255), value[:255]...)
			value = value[255:]
		}
		b = append(append(b, tag, byte(len(value))), value...)
	}
	field(tagNetwork, []byte(v.Network))
	if v.Record != nil {
		field(tagRecord, v.Record.Bytes())
	}
	for _, a := range v.Addrs {
		field(tagAddr, []byte(a.String()))
	}
	if v.Room != "" {
		field(tagRoom, []byte(v.Room))
	}
	return invitePrefix + strings.ToLower(inviteLetters.EncodeToString(append(b, inviteSum(b)...)))
}

func inviteSum(b []byte) []byte {
	sum := sha256.Sum256(append([]byte(inviteDomain), b...))
	return sum[:4]
}

// parseInvite reads the text form. Space around and within it is ignored, for
// mail programs break lines.
func parseInvite(text string) (invite, error) {
	var v invite
	if len(text) > 4*inviteBytesMax {
		return v, fmt.Errorf("%w: too long", errInvite)
	}
	text = strings.ToUpper(strings.Join(strings.Fields(text), ""))
	code, ok := strings.CutPrefix(text, strings.ToUpper(invitePrefix))
	if !ok {
		return v, fmt.Errorf("%w: want %s…", errInvite, invitePrefix)
	}
	raw, err := inviteLetters.DecodeString(code)
	if err != nil || len(raw) > inviteBytesMax || len(raw) < 4 || inviteLetters.EncodeToString(raw) != code {
		return v, errChecksum
	}
	b, sum := raw[:len(raw)-4], raw[len(raw)-4:]
	if binary.BigEndian.Uint32(sum) != binary.BigEndian.Uint32(inviteSum(b)) {
		return v, errChecksum
	}
	if err := v.read(b); err != nil {
		return invite{}, fmt.Errorf("%w: %v", errInvite, err)
	}
	return v, nil
}

func (v *invite) read(b []byte) error {
	for len(b) > 0 {
		tag := b[0]
		var value []byte
		for {
			if len(b) < 2 || b[0] != tag || len(b)-2 < int(b[1]) {
				return errors.New("cut field")
			}
			n := int(b[1])
			value = append(value, b[2:2+n]...)
			b = b[2+n:]
			if n < 255 {
				break
			}
		}
		if err := v.set(tag, value); err != nil {
			return err
		}
	}
	if v.Network == "" {
		return errors.New("no network")
	}
	if v.Record == nil && len(v.Addrs) == 0 {
		return errors.New("nobody to connect to")
	}
	return nil
}

func (v *invite) set(tag byte, value []byte) error {
	switch {
	case tag == tagNetwork && v.Network == "":
		v.Network = string(value)
		if v.Network == "" || len(v.Network) > 64 || strings.Trim(v.Network, "abcdefghijklmnopqrstuvwxyz0123456789._-") != "" {
			return errors.New("bad network name")
		}
	case tag == tagRecord && v.Record == nil:
		r, err := enr.Decode(value)
		if err != nil {
			return err
		}
		v.Record = r
	case tag == tagAddr && len(v.Addrs) < inviteAddrsMax:
		a, err := link.ParseAddr(string(value))
		if err != nil {
			return err
		}
		if a.PeerID() == "" {
			return errors.New("an address without a peer")
		}
		v.Addrs = append(v.Addrs, a)
	case tag == tagRoom && v.Room == "":
		v.Room = string(value)
		if chat.CheckRoom(v.Room) != nil {
			return errors.New("bad room name")
		}
	default:
		return fmt.Errorf("field %d is unknown here or comes twice; a newer version may know it", tag)
	}
	return nil
}

// hosts are the addresses and records to connect to.
func (v invite) hosts() []string {
	var out []string
	if v.Record != nil {
		out = append(out, v.Record.String())
	}
	for _, a := range v.Addrs {
		out = append(out, a.String())
	}
	return out
}
