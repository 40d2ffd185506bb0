package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"
)

var (
	errNotUTF8 = errors.New("not UTF-8")
	errTooDeep = fmt.Errorf("nested deeper than %d", depthMax)
)

// checkText refuses, before any decoding, what the standard decoder would let
// pass or pay for: bytes that are not UTF-8, and depth.
func checkText(raw []byte) error {
	if !utf8.Valid(raw) {
		return errNotUTF8
	}
	depth, quoted := 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case quoted && c == '\\':
			i++ // whatever it is, it does not end the string
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > depthMax {
				return errTooDeep
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return nil
}

// fields reads one JSON object as its raw values. Unlike json.Unmarshal it tells
// fields apart by case and refuses one given twice.
func fields(raw []byte) (map[string]json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if tok, err := dec.Token(); err != nil || tok != json.Delim('{') {
		return nil, errors.New("not an object")
	}
	out := make(map[string]json.RawMessage)
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return nil, err
		}
		name := tok.(string) // the decoder lets nothing else stand here
		if _, twice := out[name]; twice {
			return nil, fmt.Errorf("field %.64q is given twice", name)
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return nil, err
		}
		out[name] = value
	}
	_, err := dec.Token()
	return out, err
}

// firstByte is the first byte that is not white space, or 0.
func firstByte(raw []byte) byte {
	raw = bytes.TrimLeft(raw, " \t\r\n")
	if len(raw) == 0 {
		return 0
	}
	return raw[0]
}
