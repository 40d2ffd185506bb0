package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// request is one call. A request without an id is a notification: it is executed
// and not answered.
type request struct {
	id     json.RawMessage // nil in a notification
	method string
	params json.RawMessage // an object or, of methods of other worlds, a list; or nil
	bad    *Error          // set when there is nothing to execute
}

// parseBody reads a body: one request, or a batch of them. An error means that
// the whole body is refused; a bad request inside a batch is refused alone.
// JSON-RPC 2.0, "Batch".
func parseBody(raw []byte) (reqs []request, batch bool, bad *Error) {
	if err := checkText(raw); err != nil {
		return nil, false, errorOf(codeParse, err.Error())
	}
	if !json.Valid(raw) {
		return nil, false, errorOf(codeParse, "not JSON")
	}
	if firstByte(raw) != '[' {
		return []request{parseRequest(raw)}, false, nil
	}
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return nil, true, errorOf(codeParse, err.Error())
	}
	if len(items) == 0 {
		return nil, true, errorOf(codeInvalidRequest, "an empty batch")
	}
	if len(items) > batchMax {
		return nil, true, errorOf(codeInvalidRequest, fmt.Sprintf("%d calls in a batch, at most %d", len(items), batchMax))
	}
	for _, item := range items {
		reqs = append(reqs, parseRequest(item))
	}
	return reqs, true, nil
}

// parseRequest reads one request object, which is valid JSON already.
func parseRequest(raw []byte) request {
	all, err := fields(raw)
	if err != nil {
		return request{bad: errorOf(codeInvalidRequest, err.Error())}
	}
	r := request{}
	id, answered := all["id"]
	if answered {
		if r.id, err = parseRequestID(id); err != nil {
			return request{bad: errorOf(codeInvalidRequest, err.Error())}
		}
	}
	refuse := func(why string) request {
		return request{id: r.id, bad: errorOf(codeInvalidRequest, why)}
	}
	for name := range all {
		switch name {
		case "jsonrpc", "id", "method", "params":
		default:
			return refuse(fmt.Sprintf("unknown field %.64q", name))
		}
	}
	if string(all["jsonrpc"]) != `"2.0"` {
		return refuse(`jsonrpc is not "2.0"`)
	}
	if json.Unmarshal(all["method"], &r.method) != nil || r.method == "" || len(r.method) > requestIDMax {
		return refuse("method is not a name")
	}
	if p, given := all["params"]; given && string(p) != "null" && exists(r.method) {
		names, byPlace := positions(r.method)
		switch c := firstByte(p); {
		case c == '[' && byPlace:
			if p, err = named(p, names); err != nil {
				r.bad = errorOf(codeInvalidParams, err.Error())
				return r
			}
		case c != '{':
			r.bad = errorOf(codeInvalidParams, "params are one object, by name")
			return r
		}
		r.params = p
	}
	return r
}

// positions are the names of a method's parameters by their places, of methods that take
// them so.
func positions(method string) (names []string, byPlace bool) {
	if _, v, ok := cutPortal(method); ok {
		return v.params, true
	}
	if name, is := strings.CutPrefix(method, "discv5_"); is {
		v, ok := discv5Verbs[name]
		return v.params, ok
	}
	return nil, method == "web3_clientVersion"
}

// named gives a list of parameters their names.
func named(raw json.RawMessage, names []string) (json.RawMessage, error) {
	var all []json.RawMessage
	if err := json.Unmarshal(raw, &all); err != nil {
		return nil, err
	}
	switch {
	case len(all) > 0 && len(names) == 0:
		return nil, fmt.Errorf("%d parameters, want none", len(all))
	case len(all) > len(names):
		return nil, fmt.Errorf("%d parameters, want at most %d: %s", len(all), len(names), strings.Join(names, ", "))
	}
	out := make(map[string]json.RawMessage, len(all))
	for i, v := range all {
		out[names[i]] = v
	}
	return json.Marshal(out)
}

// parseRequestID takes a string, a number or null, and keeps it as it was.
func parseRequestID(raw json.RawMessage) (json.RawMessage, error) {
	raw = bytes.TrimSpace(raw)
	switch c := raw[0]; {
	case len(raw) > requestIDMax:
		return nil, fmt.Errorf("id is longer than %d bytes", requestIDMax)
	case c == '"', c == '-', c >= '0' && c <= '9', string(raw) == "null":
		return raw, nil
	}
	return nil, fmt.Errorf("id is neither text, number nor null")
}

// answer is one answer. Exactly one of Result and Error is set.
type answer struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *Error          `json:"error,omitempty"`
}

var nullID = json.RawMessage("null")

func answerError(id json.RawMessage, e *Error) answer {
	if id == nil {
		id = nullID
	}
	return answer{Version: "2.0", ID: id, Error: e}
}

// notification is what a subscriber gets.
type notification struct {
	Version string `json:"jsonrpc"`
	Method  string `json:"method"`
	Params  any    `json:"params"`
}

func encodeNotification(method string, params any) ([]byte, error) {
	return json.Marshal(notification{"2.0", method, params})
}
