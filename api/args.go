package api

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/id"
)

// args are a call's parameters. A method asks for each by name, with its bounds,
// and then calls end: it reports the first that was wrong, or one nobody asked
// for. Until then nothing may be executed.
type args struct {
	all map[string]json.RawMessage
	bad *Error
}

func newArgs(raw json.RawMessage) *args {
	a := &args{}
	if raw == nil {
		return a
	}
	all, err := fields(raw)
	if err != nil {
		a.fail("%s", err.Error())
	}
	a.all = all
	return a
}

// fail keeps the first complaint.
func (a *args) fail(format string, v ...any) {
	if a.bad == nil {
		a.bad = errorOf(codeInvalidParams, fmt.Sprintf(format, v...))
	}
}

// take removes and returns a field; null is as good as absent.
func (a *args) take(name string) (json.RawMessage, bool) {
	raw, given := a.all[name]
	delete(a.all, name)
	return raw, given && string(raw) != "null"
}

// end is the first complaint, or nil.
func (a *args) end() error {
	if len(a.all) == 0 {
		if a.bad != nil {
			return a.bad
		}
		return nil
	}
	var names []string
	for name := range a.all {
		names = append(names, fmt.Sprintf("%.64q", name))
	}
	slices.Sort(names)
	unknown := "unknown field " + strings.Join(names[:min(len(names), 8)], ", ")
	if a.bad != nil && strings.HasSuffix(a.bad.Message, missing) {
		a.bad.Message += "; " + unknown // the one meant, it may be
	}
	a.fail("%s", unknown)
	return a.bad
}

// missing ends the complaint of a field that is not given.
const missing = " is missing"

// either is the name of a field that has two, by which it is given.
func (a *args) either(name, other string) string {
	if a.all[name] == nil && a.all[other] != nil {
		return other
	}
	return name
}

// text is a required string of 1 to most bytes.
func (a *args) text(name string, most int) string {
	raw, given := a.take(name)
	if !given {
		a.fail("%s"+missing, name)
		return ""
	}
	s := a.str(name, raw, most)
	if s == "" {
		a.fail("%s is empty", name)
	}
	return s
}

// optText is a string that may be absent or empty.
func (a *args) optText(name string, most int) string {
	raw, given := a.take(name)
	if !given {
		return ""
	}
	return a.str(name, raw, most)
}

func (a *args) str(name string, raw json.RawMessage, most int) string {
	var s string
	if raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		a.fail("%s is not text", name)
		return ""
	}
	if len(s) > most {
		a.fail("%s is longer than %d bytes", name, most)
		return ""
	}
	return s
}

// oneOf is a string out of a list; absent means the list's first.
func (a *args) oneOf(name string, list ...string) string {
	raw, given := a.take(name)
	if !given {
		return list[0]
	}
	s := a.str(name, raw, requestIDMax)
	if !slices.Contains(list, s) {
		a.fail("%s is none of %s", name, strings.TrimLeft(strings.Join(list, " "), " "))
	}
	return s
}

// bytes is required base64, standard alphabet with padding, of at most most bytes.
func (a *args) bytes(name string, most int) []byte {
	raw, given := a.take(name)
	if !given {
		a.fail("%s"+missing, name)
		return nil
	}
	s := a.str(name, raw, base64.StdEncoding.EncodedLen(most))
	data, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || strings.ContainsAny(s, "\r\n") { // which the decoder would skip
		a.fail("%s is not base64", name)
	}
	if len(data) > most {
		a.fail("%s is longer than %d bytes", name, most)
	}
	return data
}

// number is an integer within [least, most]; absent means def.
func (a *args) number(name string, least, most, def int) int {
	raw, given := a.take(name)
	if !given {
		return def
	}
	n, err := strconv.Atoi(string(raw))
	if err != nil || n < least || n > most {
		a.fail("%s is not a whole number from %d to %d", name, least, most)
		return def
	}
	return n
}

// page is where a page of a long list begins, and how much of it to show.
func (a *args) page() (offset, limit int) {
	return a.number("offset", 0, 1<<30, 0), a.number("limit", 1, pageMax, pageDefault)
}

// span is a duration as text, "24h", within [least, most]; absent means def.
func (a *args) span(name string, least, most, def time.Duration) time.Duration {
	raw, given := a.take(name)
	if !given {
		return def
	}
	d, err := time.ParseDuration(a.str(name, raw, requestIDMax))
	if err != nil || d < least || d > most {
		a.fail("%s is not a duration from %s to %s", name, least, most)
		return def
	}
	return d
}

// node is a required node ID.
func (a *args) node(name string) id.ID { return a.id(name, "node") }

// content is a required content ID.
func (a *args) content(name string) ropewalk.ContentID { return a.id(name, "content") }

func (a *args) id(name, of string) id.ID {
	s := a.text(name, requestIDMax)
	if a.bad != nil {
		return id.ID{}
	}
	who, err := id.Parse(s)
	if err != nil {
		a.fail("%s is not a %s ID: 64 hex digits after 0x", name, of)
	}
	return who
}

// lacks tells that a field is absent, and takes a null.
func (a *args) lacks(name string) bool {
	raw := a.all[name]
	if raw == nil || string(raw) == "null" {
		a.take(name)
		return true
	}
	return false
}

// optNode is a node ID that may be absent.
func (a *args) optNode(name string) (who id.ID, given bool) {
	if a.lacks(name) {
		return id.ID{}, false
	}
	return a.node(name), true
}

// optContent is a content ID; zero when it is absent.
func (a *args) optContent(name string) ropewalk.ContentID {
	if a.lacks(name) {
		return ropewalk.ContentID{}
	}
	return a.content(name)
}

// flag is true or false; absent means def.
func (a *args) flag(name string, def bool) bool {
	raw, given := a.take(name)
	switch {
	case !given:
		return def
	case string(raw) != "true" && string(raw) != "false":
		a.fail("%s is neither true nor false", name)
	}
	return string(raw) == "true"
}

// names is a list of at most most short strings that may be absent.
func (a *args) names(name string, most int) []string {
	raw, given := a.take(name)
	if !given {
		return nil
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil || len(list) > most {
		a.fail("%s is not a list of at most %d names", name, most)
		return nil
	}
	out := make([]string, 0, len(list))
	for _, item := range list {
		out = append(out, a.str(name, item, requestIDMax))
	}
	return out
}

// hex is required bytes as hex after 0x, at most most of them.
func (a *args) hex(name string, most int) []byte {
	raw, given := a.take(name)
	if !given {
		a.fail("%s"+missing, name)
		return nil
	}
	return a.hexOf(name, raw, most)
}

func (a *args) hexOf(name string, raw json.RawMessage, most int) []byte {
	digits, ok := strings.CutPrefix(a.str(name, raw, bodyBytesMax), "0x")
	if len(digits) > 2*most {
		a.fail("%s is longer than %d bytes", name, most)
		return nil
	}
	out, err := hex.DecodeString(digits)
	if !ok || err != nil {
		a.fail("%s is not hex after 0x", name)
	}
	return out
}

// texts is a required list of at most most strings.
func (a *args) texts(name string, most, each int) []string {
	var out []string
	for _, raw := range a.list(name, most) {
		out = append(out, a.str(name, raw, each))
	}
	return out
}

// list is a required list of 1 to most values.
func (a *args) list(name string, most int) (all []json.RawMessage) {
	raw, given := a.take(name)
	if !given || json.Unmarshal(raw, &all) != nil || len(all) == 0 || len(all) > most {
		a.fail("%s is not a list of 1 to %d", name, most)
		return nil
	}
	return all
}

// distances are log distances, 0 to 256, without repetition.
func (a *args) distances(name string) (out []uint16) {
	for _, raw := range a.list(name, distancesMax) {
		n, err := strconv.ParseUint(string(raw), 10, 16)
		if err != nil || n > 256 || slices.Contains(out, uint16(n)) {
			a.fail("%s are not different whole numbers from 0 to 256", name)
			return nil
		}
		out = append(out, uint16(n))
	}
	return out
}

// items are pairs of key and value, as lists or as objects.
func (a *args) items(name string, most int) (out []ropewalk.Item) {
	for _, raw := range a.list(name, most) {
		var pair []json.RawMessage
		if raw[0] == '{' {
			all, err := fields(raw)
			if err != nil || len(all) != 2 {
				a.fail("%s are not pairs of contentKey and contentValue", name)
				return nil
			}
			pair = []json.RawMessage{all["contentKey"], all["contentValue"]}
		} else if json.Unmarshal(raw, &pair) != nil {
			pair = nil
		}
		if len(pair) != 2 || pair[0] == nil || pair[1] == nil {
			a.fail("%s are not pairs of key and value", name)
			return nil
		}
		out = append(out, ropewalk.Item{Key: a.hexOf(name, pair[0], keyBytesMax), Value: a.hexOf(name, pair[1], itemBytesMax)})
	}
	return out
}
