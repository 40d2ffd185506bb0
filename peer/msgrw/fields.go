package msgrw

import (
	"errors"
	"fmt"
	"io"
	"math/big"
	"reflect"
	"strings"
	"sync"
)

// ErrType is returned for Go types that RLP has no form for.
var ErrType = errors.New("msgrw: no RLP for this type")

// RawValue is one item, encoded already.
type RawValue []byte

// Encoder is implemented by types that write their own RLP: exactly one item.
type Encoder interface{ EncodeRLP(io.Writer) error }

var (
	rawType     = reflect.TypeFor[RawValue]()
	bigType     = reflect.TypeFor[big.Int]()
	encoderType = reflect.TypeFor[Encoder]()
)

// field is one field of a struct as RLP has it.
type field struct {
	index    int
	name     string
	optional bool // left out with all after it when they are zero
	tail     bool // a slice that takes all items that are left
	nilable  bool // a pointer that an empty item leaves nil
}

// fields remembers the fields of structs.
var fields sync.Map // reflect.Type → []field

// fieldsOf reads the tags of a struct type: rlp:"-" leaves a field out,
// rlp:"optional" makes it and all after it optional, rlp:"tail" lets the last one, a
// slice, take what is left, and rlp:"nil" reads an empty item as a nil pointer.
func fieldsOf(t reflect.Type) ([]field, error) {
	if known, ok := fields.Load(t); ok {
		return known.([]field), nil
	}
	var out []field
	optional := false
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("rlp")
		if !f.IsExported() || tag == "-" {
			continue
		}
		if len(out) > 0 && out[len(out)-1].tail {
			return nil, fmt.Errorf("%w: %v: field %s after the tail", ErrType, t, f.Name)
		}
		at := field{index: i, name: f.Name}
		for part := range strings.SplitSeq(tag, ",") {
			switch strings.TrimSpace(part) {
			case "":
			case "optional":
				at.optional, optional = true, true
			case "tail":
				at.tail = true
				if f.Type.Kind() != reflect.Slice {
					return nil, fmt.Errorf("%w: %v.%s: a tail must be a slice", ErrType, t, f.Name)
				}
			case "nil", "nilList", "nilString":
				at.nilable = true
				if f.Type.Kind() != reflect.Pointer {
					return nil, fmt.Errorf("%w: %v.%s: only a pointer can be nil", ErrType, t, f.Name)
				}
			default:
				return nil, fmt.Errorf("%w: %v.%s: unknown tag %q", ErrType, t, f.Name, part)
			}
		}
		if optional && !at.optional && !at.tail {
			return nil, fmt.Errorf("%w: %v.%s: every field after an optional one must be optional", ErrType, t, f.Name)
		}
		out = append(out, at)
	}
	fields.Store(t, out)
	return out, nil
}
