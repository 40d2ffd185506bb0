package msgrw

import (
	"bytes"
	"fmt"
	"math/big"
	"reflect"

	"github.com/ropewalk/ropewalk/internal/rlp"
)

// depthMax bounds how deep values nest, both ways.
const depthMax = 64

// EncodeToBytes is the RLP of a value: unsigned integers, bool, string, []byte and
// arrays of bytes as strings; *big.Int that is not negative; slices, arrays and
// structs as lists; pointers as what they point to, nil ones as the empty item of
// their type; RawValue and Encoder as they are. The error wraps ErrType.
func EncodeToBytes(v any) ([]byte, error) { return AppendRLP(nil, v) }

// AppendRLP appends the RLP of a value.
func AppendRLP(b []byte, v any) ([]byte, error) {
	switch v := v.(type) { // the common ones without reflection
	case uint64:
		return rlp.AppendUint(b, v), nil
	case []byte:
		return rlp.AppendBytes(b, v), nil
	case string:
		return rlp.AppendString(b, v), nil
	case nil:
		return append(b, 0xc0), nil
	}
	return appendValue(b, reflect.ValueOf(v), 0)
}

func appendValue(b []byte, v reflect.Value, depth int) ([]byte, error) {
	t := v.Type()
	switch {
	case depth > depthMax:
		return b, fmt.Errorf("%w: nested more than %d deep", ErrType, depthMax)
	case t == rawType:
		return append(b, v.Bytes()...), nil
	case t == bigType:
		return appendBig(b, v)
	case t.Implements(encoderType) && !(t.Kind() == reflect.Pointer && v.IsNil()):
		return appendEncoder(b, v.Interface().(Encoder))
	case v.CanAddr() && reflect.PointerTo(t).Implements(encoderType):
		return appendEncoder(b, v.Addr().Interface().(Encoder))
	}
	switch t.Kind() {
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return rlp.AppendUint(b, v.Uint()), nil
	case reflect.Bool:
		if v.Bool() {
			return append(b, 1), nil
		}
		return append(b, 0x80), nil
	case reflect.String:
		return rlp.AppendString(b, v.String()), nil
	case reflect.Slice, reflect.Array:
		return appendSequence(b, v, depth)
	case reflect.Struct:
		return appendStruct(b, v, depth)
	case reflect.Pointer:
		if v.IsNil() {
			return append(b, emptyOf(t.Elem())), nil
		}
		return appendValue(b, v.Elem(), depth+1)
	case reflect.Interface:
		if v.IsNil() {
			return append(b, 0xc0), nil
		}
		return appendValue(b, v.Elem(), depth+1)
	}
	return b, fmt.Errorf("%w: %v", ErrType, t)
}

// emptyOf is the empty item of a type.
func emptyOf(t reflect.Type) byte {
	switch t.Kind() {
	case reflect.Struct:
		if t == bigType {
			return 0x80
		}
		return 0xc0
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return 0x80
		}
		return 0xc0
	}
	return 0x80
}

func appendBig(b []byte, v reflect.Value) ([]byte, error) {
	i := v.Interface().(big.Int) //nolint:govet // only read
	if i.Sign() < 0 {
		return b, fmt.Errorf("%w: negative integer", ErrType)
	}
	if i.Sign() == 0 {
		return append(b, 0x80), nil
	}
	return rlp.AppendBytes(b, i.Bytes()), nil
}

func appendEncoder(b []byte, e Encoder) ([]byte, error) {
	var w bytes.Buffer
	if err := e.EncodeRLP(&w); err != nil {
		return b, err
	}
	return append(b, w.Bytes()...), nil
}

func appendSequence(b []byte, v reflect.Value, depth int) ([]byte, error) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		if v.Kind() == reflect.Slice || v.CanAddr() {
			return rlp.AppendBytes(b, v.Bytes()), nil
		}
		raw := make([]byte, v.Len())
		reflect.Copy(reflect.ValueOf(raw), v)
		return rlp.AppendBytes(b, raw), nil
	}
	start := len(b)
	var err error
	for i := range v.Len() {
		if b, err = appendValue(b, v.Index(i), depth+1); err != nil {
			return b, err
		}
	}
	return wrap(b, start), nil
}

func appendStruct(b []byte, v reflect.Value, depth int) ([]byte, error) {
	list, err := fieldsOf(v.Type())
	if err != nil {
		return b, err
	}
	last := len(list) // what is optional at the end is left out while it is zero
	for last > 0 && list[last-1].optional && v.Field(list[last-1].index).IsZero() {
		last--
	}
	start := len(b)
	for _, f := range list[:last] {
		at := v.Field(f.index)
		if !f.tail {
			if b, err = appendValue(b, at, depth+1); err != nil {
				return b, err
			}
			continue
		}
		for i := range at.Len() {
			if b, err = appendValue(b, at.Index(i), depth+1); err != nil {
				return b, err
			}
		}
	}
	return wrap(b, start), nil
}

// wrap makes a list of the items from start on.
func wrap(b []byte, start int) []byte {
	var head [9]byte
	h := rlp.AppendListHead(head[:0], len(b)-start)
	b = append(b, h...)
	copy(b[start+len(h):], b[start:len(b)-len(h)])
	copy(b[start:], h)
	return b
}
