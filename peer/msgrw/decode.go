package msgrw

import (
	"fmt"
	"math/big"
	"reflect"

	"github.com/ropewalk/ropewalk/internal/rlp"
)

// Decoder is implemented by types that read their own RLP: one whole item, which
// they must not keep.
type Decoder interface{ DecodeRLPBytes(item []byte) error }

var decoderType = reflect.TypeFor[Decoder]()

// DecodeBytes reads exactly one canonical item into what v points to: the types of
// EncodeToBytes, and any as []byte or []any. What is read is copied. Nothing is
// allocated for what is not there. The error wraps ErrMalformed, or ErrType.
func DecodeBytes(raw []byte, v any) error {
	to := reflect.ValueOf(v)
	if to.Kind() != reflect.Pointer || to.IsNil() {
		return fmt.Errorf("%w: decode into %T, want a pointer", ErrType, v)
	}
	r := rlp.NewItems(raw)
	if err := decode(r, to.Elem(), 0); err != nil {
		return err
	}
	return r.End()
}

// decode takes the next item of r.
func decode(r *rlp.Reader, v reflect.Value, depth int) error {
	t := v.Type()
	switch {
	case depth > depthMax:
		return fmt.Errorf("%w: nested more than %d deep", ErrMalformed, depthMax)
	case t == rawType:
		item, err := r.Raw()
		if err == nil {
			v.SetBytes(append([]byte(nil), item...))
		}
		return err
	case t == bigType:
		return decodeBig(r, v)
	case reflect.PointerTo(t).Implements(decoderType):
		item, err := r.Raw()
		if err == nil {
			err = v.Addr().Interface().(Decoder).DecodeRLPBytes(item)
		}
		return err
	}
	switch t.Kind() {
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		n, err := r.Uint64()
		if err == nil && v.OverflowUint(n) {
			err = fmt.Errorf("%w: %d is too large for %v", ErrMalformed, n, t)
		}
		if err == nil {
			v.SetUint(n)
		}
		return err
	case reflect.Bool:
		n, err := r.Uint64()
		if err == nil && n > 1 {
			err = fmt.Errorf("%w: %d is no bool", ErrMalformed, n)
		}
		if err == nil {
			v.SetBool(n == 1)
		}
		return err
	case reflect.String:
		b, err := r.Bytes()
		if err == nil {
			v.SetString(string(b))
		}
		return err
	case reflect.Slice:
		return decodeSlice(r, v, depth)
	case reflect.Array:
		return decodeArray(r, v, depth)
	case reflect.Struct:
		return decodeStruct(r, v, depth)
	case reflect.Pointer:
		return decodePointer(r, v, depth)
	case reflect.Interface:
		if t.NumMethod() == 0 {
			x, err := decodeAny(r, depth)
			if err == nil {
				v.Set(reflect.ValueOf(x))
			}
			return err
		}
	}
	return fmt.Errorf("%w: %v", ErrType, t)
}

func decodeBig(r *rlp.Reader, v reflect.Value) error {
	b, err := r.Bytes()
	switch {
	case err != nil:
		return err
	case len(b) > 0 && b[0] == 0:
		return fmt.Errorf("%w: integer with a leading zero", ErrMalformed)
	}
	v.Addr().Interface().(*big.Int).SetBytes(b)
	return nil
}

func decodeSlice(r *rlp.Reader, v reflect.Value, depth int) error {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		b, err := r.Bytes()
		if err == nil {
			v.SetBytes(append([]byte{}, b...))
		}
		return err
	}
	items, err := r.List()
	if err != nil {
		return err
	}
	return decodeItems(items, v, depth)
}

// decodeItems takes all items that are left into a slice, which grows as they come.
func decodeItems(items *rlp.Reader, v reflect.Value, depth int) error {
	if !v.IsNil() {
		v.SetLen(0)
	}
	for n := 0; items.More(); n++ {
		if n >= v.Cap() {
			v.Grow(1)
		}
		v.SetLen(n + 1)
		v.Index(n).SetZero()
		if err := decode(items, v.Index(n), depth+1); err != nil {
			return err
		}
	}
	if v.IsNil() {
		v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	}
	return nil
}

func decodeArray(r *rlp.Reader, v reflect.Value, depth int) error {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		b, err := r.Bytes()
		if err == nil && len(b) != v.Len() {
			err = fmt.Errorf("%w: %d bytes for %v", ErrMalformed, len(b), v.Type())
		}
		if err == nil {
			reflect.Copy(v, reflect.ValueOf(b))
		}
		return err
	}
	items, err := r.List()
	if err != nil {
		return err
	}
	for i := range v.Len() {
		if err := decode(items, v.Index(i), depth+1); err != nil {
			return err
		}
	}
	return items.End()
}

func decodeStruct(r *rlp.Reader, v reflect.Value, depth int) error {
	list, err := fieldsOf(v.Type())
	if err != nil {
		return err
	}
	items, err := r.List()
	if err != nil {
		return err
	}
	for _, f := range list {
		at := v.Field(f.index)
		switch {
		case f.tail:
			err = decodeItems(items, at, depth)
		case f.optional && !items.More():
			at.SetZero()
		case f.nilable && decodeNil(items, at):
		default:
			err = decode(items, at, depth+1)
		}
		if err != nil {
			return fmt.Errorf("%w (%v.%s)", err, v.Type(), f.name)
		}
	}
	return items.End()
}

func decodePointer(r *rlp.Reader, v reflect.Value, depth int) error {
	if v.IsNil() {
		v.Set(reflect.New(v.Type().Elem()))
	}
	return decode(r, v.Elem(), depth+1)
}

// decodeNil takes an empty item as a nil pointer; false when the next is not empty.
func decodeNil(r *rlp.Reader, v reflect.Value) bool {
	rest := r.Rest()
	if len(rest) == 0 || rest[0] != 0x80 && rest[0] != 0xc0 {
		return false
	}
	v.SetZero()
	_, err := r.Raw()
	return err == nil
}

func decodeAny(r *rlp.Reader, depth int) (any, error) {
	if depth > depthMax {
		return nil, fmt.Errorf("%w: nested more than %d deep", ErrMalformed, depthMax)
	}
	if !rlp.IsList(r.Rest()) {
		b, err := r.Bytes()
		return append([]byte{}, b...), err
	}
	items, err := r.List()
	out := []any{}
	for err == nil && items.More() {
		var x any
		if x, err = decodeAny(items, depth+1); err == nil {
			out = append(out, x)
		}
	}
	return out, err
}
