package history

import (
	"fmt"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
)

// Network is the history network. Headers may be nil: then nothing can be judged, and
// nothing that is offered is taken.
func Network(headers Headers) content.Network {
	n := content.Network{
		Name:     Name,
		Protocol: Protocol,
		ID: func(key []byte) (id.ID, error) {
			k, err := DecodeKey(key)
			if err != nil {
				return id.ID{}, err
			}
			return k.ID(), nil
		},
		KeyMax: KeyBytes,
	}
	if headers != nil {
		n.Check = func(key, value []byte) error { return check(headers, key, value) }
	}
	return n
}

// check judges a value by the header of its key's block. The source is asked only about
// what has the form of a value.
func check(headers Headers, key, value []byte) error {
	k, err := DecodeKey(key)
	if err != nil {
		return err
	}
	var judge func(Header) error
	if k.Kind == Body {
		b, err := decodeBody(value)
		if err != nil {
			return err
		}
		judge = b.check
	} else {
		rs, err := decodeReceipts(value)
		if err != nil {
			return err
		}
		judge = func(h Header) error { return checkReceipts(rs, h) }
	}
	h, err := header(headers, k.Number)
	if err != nil {
		return err
	}
	return judge(h)
}

// header asks the source (content.ErrUndecided).
func header(headers Headers, number uint64) (Header, error) {
	h, err := headers.Header(number)
	switch {
	case err != nil:
		return Header{}, fmt.Errorf("%w: header of block %d: %w", content.ErrUndecided, number, err)
	case h.Number != number:
		return Header{}, fmt.Errorf("%w: the source gives block %d for %d", content.ErrUndecided, h.Number, number)
	}
	return h, nil
}

// CheckBody and CheckReceipts tell whether a value belongs to a header
// (content.ErrInvalid).
func CheckBody(h Header, value []byte) error {
	b, err := decodeBody(value)
	if err != nil {
		return err
	}
	return b.check(h)
}

func CheckReceipts(h Header, value []byte) error {
	rs, err := decodeReceipts(value)
	if err != nil {
		return err
	}
	return checkReceipts(rs, h)
}
