package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/ropewalk/ropewalk"
)

// What is no call: the code, and that nothing was executed.
func TestBadBodies(t *testing.T) {
	deep := strings.Repeat(`[`, 40) + strings.Repeat(`]`, 40)
	tests := []struct {
		name, body string
		code       int
	}{
		{"empty", ``, codeParse},
		{"half", `{"jsonrpc":"2.0","id":1,"method":"node_stop"`, codeParse},
		{"two bodies", stopBody + stopBody, codeParse},
		{"not UTF-8", `{"jsonrpc":"2.0","id":1,"method":"node_stop` + "\xff" + `"}`, codeParse},
		{"deep", `{"jsonrpc":"2.0","id":1,"method":"node_stop","params":{"x":` + deep + `}}`, codeParse},
		{"number", `7`, codeInvalidRequest},
		{"null", `null`, codeInvalidRequest},
		{"empty batch", `[]`, codeInvalidRequest},
		{"large batch", `[` + strings.Repeat(stopBody+`,`, batchMax) + stopBody + `]`, codeInvalidRequest},
		{"no version", `{"id":1,"method":"node_stop"}`, codeInvalidRequest},
		{"old version", `{"jsonrpc":"1.0","id":1,"method":"node_stop"}`, codeInvalidRequest},
		{"number version", `{"jsonrpc":2.0,"id":1,"method":"node_stop"}`, codeInvalidRequest},
		{"no method", `{"jsonrpc":"2.0","id":1}`, codeInvalidRequest},
		{"method is a number", `{"jsonrpc":"2.0","id":1,"method":1}`, codeInvalidRequest},
		{"method in capitals", `{"jsonrpc":"2.0","id":1,"METHOD":"node_stop"}`, codeInvalidRequest},
		{"extra field", `{"jsonrpc":"2.0","id":1,"method":"node_stop","token":"x"}`, codeInvalidRequest},
		{"twice", `{"jsonrpc":"2.0","id":1,"method":"node_info","method":"node_stop"}`, codeInvalidRequest},
		{"id is an object", `{"jsonrpc":"2.0","id":{},"method":"node_stop"}`, codeInvalidRequest},
		{"id is true", `{"jsonrpc":"2.0","id":true,"method":"node_stop"}`, codeInvalidRequest},
		{"long id", `{"jsonrpc":"2.0","id":"` + strings.Repeat("x", 300) + `","method":"node_stop"}`, codeInvalidRequest},
		{"params by place", `{"jsonrpc":"2.0","id":1,"method":"node_stop","params":[]}`, codeInvalidParams},
		{"params are text", `{"jsonrpc":"2.0","id":1,"method":"node_stop","params":"x"}`, codeInvalidParams},
		{"unknown field", `{"jsonrpc":"2.0","id":1,"method":"node_stop","params":{"now":true}}`, codeInvalidParams},
		{"field twice", `{"jsonrpc":"2.0","id":1,"method":"session_ban","params":{"target":"a","target":"b"}}`, codeInvalidParams},
		{"unknown method", `{"jsonrpc":"2.0","id":1,"method":"node_stopp"}`, codeNoMethod},
		{"case of method", `{"jsonrpc":"2.0","id":1,"method":"Node_Stop"}`, codeNoMethod},
		{"no such network", `{"jsonrpc":"2.0","id":1,"method":"portal_nowherePing","params":["enr:a"]}`, codeNoNetwork},
		{"no such verb", `{"jsonrpc":"2.0","id":1,"method":"portal_historyPong","params":["enr:a"]}`, codeNoMethod},
		{"no network", `{"jsonrpc":"2.0","id":1,"method":"portal_Ping"}`, codeNoMethod},
		{"too many by place", `{"jsonrpc":"2.0","id":1,"method":"discv5_ping","params":["enr:a","b"]}`, codeInvalidParams},
		{"no hex", `{"jsonrpc":"2.0","id":1,"method":"portal_historyGetContent","params":["00"]}`, codeInvalidParams},
		{"odd hex", `{"jsonrpc":"2.0","id":1,"method":"portal_historyGetContent","params":["0x0"]}`, codeInvalidParams},
		{"no key", `{"jsonrpc":"2.0","id":1,"method":"portal_historyGetContent","params":[]}`, codeInvalidParams},
		{"distance", `{"jsonrpc":"2.0","id":1,"method":"portal_historyFindNodes","params":["enr:a",[257]]}`, codeInvalidParams},
		{"distance twice", `{"jsonrpc":"2.0","id":1,"method":"portal_historyFindNodes","params":["enr:a",[1,1]]}`, codeInvalidParams},
		{"offer of nothing", `{"jsonrpc":"2.0","id":1,"method":"portal_historyOffer","params":["enr:a",[]]}`, codeInvalidParams},
		{"offer of half", `{"jsonrpc":"2.0","id":1,"method":"portal_historyOffer","params":["enr:a",[["0x00"]]]}`, codeInvalidParams},
		{"payload without type", `{"jsonrpc":"2.0","id":1,"method":"portal_historyPing","params":["enr:a",null,"0x00"]}`, codePortalNoType},
		{"payload", `{"jsonrpc":"2.0","id":1,"method":"portal_historyPing","params":["enr:a",1,[1]]}`, codePortalPayload},
		{"payload without a radius", `{"jsonrpc":"2.0","id":1,"method":"portal_historyPing","params":["enr:a",1,{}]}`, codePortalPayload},
		{"payload of another type", `{"jsonrpc":"2.0","id":1,"method":"portal_historyPing","params":["enr:a",1,{"dataRadius":"0x1","ephemeralHeaderCount":1}]}`, codePortalPayload},
		{"payload of no type", `{"jsonrpc":"2.0","id":1,"method":"portal_historyPing","params":["enr:a",65535,{"errorCode":1,"message":""}]}`, codePortalPayload},
		{"payload's radius", `{"jsonrpc":"2.0","id":1,"method":"portal_historyPing","params":["enr:a",1,{"dataRadius":"0x1` + strings.Repeat("0", 64) + `"}]}`, codePortalPayload},
		{"put of no bytes", `{"jsonrpc":"2.0","id":1,"method":"content_put","params":{"data":7}}`, codeInvalidParams},
		{"subscription", `{"jsonrpc":"2.0","id":1,"method":"node_events"}`, codeNeedsSocket},
	}
	for _, tt := range tests {
		f := newFake()
		w := ask(unstarted(t, f, Options{}), "POST", "/rpc", tt.body, nil)
		if w.Code != 200 {
			t.Errorf("%s: HTTP %d", tt.name, w.Code)
			continue
		}
		if g := readGot(t, w.Body.Bytes()); g.Error == nil || g.Error.Code != tt.code {
			t.Errorf("%s: %s, want %d", tt.name, w.Body, tt.code)
		}
		if len(f.deeds()) > 0 || f.stopped > 0 {
			t.Errorf("%s: executed %v", tt.name, f.deeds())
		}
	}
}

// Depth is counted outside of strings, whatever escapes they hold.
func TestDepth(t *testing.T) {
	nest := func(n int) string { return strings.Repeat(`[`, n) + strings.Repeat(`]`, n) }
	for text, want := range map[string]error{
		nest(depthMax): nil, nest(depthMax + 1): errTooDeep,
		`["` + nest(40) + `"]`: nil, `["\"` + strings.Repeat(`[`, 40) + `"]`: nil, `["\\",` + nest(40) + `]`: errTooDeep,
		`["\\\"` + strings.Repeat(`{`, 40) + `"]`: nil, strings.Repeat(`[],`, 100): nil, `"\`: nil, "\xff": errNotUTF8,
	} {
		if got := checkText([]byte(text)); got != want {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
}

func TestBodySize(t *testing.T) {
	f := newFake()
	s := unstarted(t, f, Options{})
	w := ask(s, "POST", "/rpc", stopBody+strings.Repeat(" ", bodyBytesMax), nil)
	if g := readGot(t, w.Body.Bytes()); w.Code != 413 || g.Error.Code != codeTooLarge || f.stopped != 0 {
		t.Errorf("a body too long: %d %s, stopped %d", w.Code, w.Body, f.stopped)
	}
	// A gossip message of exactly 1 MiB fits, one byte more does not.
	publish := func(n int) got {
		data, _ := json.Marshal(make([]byte, n))
		return rpc(t, s, "gossip_publish", `{"topic":"t","data":`+string(data)+`}`)
	}
	if g := publish(1 << 20); g.Error != nil {
		t.Errorf("1 MiB: %v", g.Error)
	}
	if g := publish(1<<20 + 1); g.Error == nil || g.Error.Code != codeInvalidParams {
		t.Error("1 MiB and a byte is accepted")
	}
}

// Wrong types and ranges, for every parameter there is.
func TestBadParams(t *testing.T) {
	id := nodeID(1).String()
	good := map[string]map[string]string{
		"session_hosts":      {"colour": `"white"`, "offset": `5`, "limit": `10`},
		"session_connect":    {"addr": `"/ip4/127.0.0.1/tcp/1"`, "keep": `true`},
		"session_disconnect": {"id": `"` + id + `"`, "forget": `true`},
		"session_import":     {"list": `"x"`},
		"session_trust":      {"target": `"x"`},
		"session_untrust":    {"target": `"x"`},
		"session_protect":    {"target": `"x"`, "tag": `"x"`},
		"session_unprotect":  {"target": `"x"`, "tag": `"x"`},
		"session_ban":        {"target": `"x"`, "for": `"24h"`},
		"session_unban":      {"target": `"x"`},
		"session_bans":       {"offset": `5`, "limit": `10`},
		"session_set":        {"outbound": `5`, "inbound": `0`},
		"gossip_publish":     {"topic": `"t"`, "data": `"aGk="`, "min_peers": `1`},
		"gossip_mesh":        {"topic": `"t"`},
		"chat_join":          {"room": `"r"`, "wait": `"1s"`},
		"chat_leave":         {"room": `"r"`},
		"chat_send":          {"room": `"r"`, "text": `"hi"`},
		"chat_history":       {"room": `"r"`, "since": `"c"`, "limit": `10`},
	}
	optional := map[string]bool{"colour": true, "offset": true, "limit": true, "for": true, "min_peers": true, "wait": true, "since": true, "keep": true, "forget": true, "outbound": true, "inbound": true}
	bad := map[string][]string{
		"colour": {`"red"`}, "offset": {`-1`, `1.5`, `1e3`, `9223372036854775808`, `1000000000000`}, "limit": {`0`, `-1`, `1001`, `"10"`},
		"outbound": {`-1`, `129`, `"8"`}, "inbound": {`-1`, `4097`, `1.5`},
		"for": {`"-1h"`, `"0s"`, `"forever"`, `24`, `"9999999h"`}, "wait": {`"-1s"`, `"1h"`}, "id": {`"0x12"`, `"` + id + `00"`, `"zz"`},
		"data": {`"a"`, `"aGk"`, `"aGk=\n"`, `"a-_="`, `[1]`}, "min_peers": {`-1`, `100001`}, "since": {`"` + strings.Repeat("x", 300) + `"`},
		"text": {`""`, `"` + strings.Repeat("x", textBytesMax+1) + `"`}, "room": {`""`}, "topic": {`""`, `"` + strings.Repeat("x", topicBytesMax+1) + `"`},
		"list": {`""`, `"` + strings.Repeat("x", ropewalk.HostsImportMax+1) + `"`},
		"addr": {`""`, `"` + strings.Repeat("x", addrBytesMax+1) + `"`}, "target": {`""`}, "keep": {`1`, `"yes"`}, "forget": {`0`, `"no"`},
	}
	object := func(fields map[string]string) string {
		var parts []string
		for name, value := range fields {
			parts = append(parts, `"`+name+`":`+value)
		}
		return `{` + strings.Join(parts, ",") + `}`
	}
	for method, fields := range good {
		f := newFake()
		s := unstarted(t, f, Options{})
		if g := rpc(t, s, method, object(fields)); g.Error != nil || len(f.deeds()) != 1 {
			t.Errorf("%s %s: %v, did %v", method, object(fields), g.Error, f.deeds())
		}
		f.did = nil
		for name := range fields {
			values := append([]string{`{}`, `[[]]`}, bad[name]...)
			if name != "keep" && name != "forget" {
				values = append(values, `true`)
			}
			if !slices.Contains([]string{"limit", "offset", "min_peers", "outbound", "inbound"}, name) {
				values = append(values, `7`)
			}
			if !optional[name] {
				values = append(values, ``, `null`)
			}
			for _, value := range values {
				with := map[string]string{}
				for k, v := range fields {
					with[k] = v
				}
				with[name] = value
				if value == "" {
					delete(with, name)
				}
				if g := rpc(t, s, method, object(with)); g.Error == nil || g.Error.Code != codeInvalidParams {
					t.Errorf("%s with %s %.40s is accepted", method, name, value)
				}
			}
		}
		fields["extra"] = `1`
		if g := rpc(t, s, method, object(fields)); g.Error == nil || g.Error.Code != codeInvalidParams {
			t.Errorf("%s takes an unknown field", method)
		}
		if did := f.deeds(); len(did) != 0 {
			t.Errorf("%s: executed %v", method, did)
		}
	}
}

// What a good call hands to the node, and what it answers.
func TestCalls(t *testing.T) {
	id := nodeID(1).String()
	tests := []struct{ method, params, did, result string }{
		{"session_list", `{}`, "sessions", `[]`},
		{"session_slots", `null`, "slots", `[]`},
		{"session_scopes", `{}`, "scopes", `[]`},
		{"session_hosts", `{}`, `hosts "" 0 100`, `{"total":62,"hosts":[],"counts":{"gold":4,"grey":41,"white":17}}`},
		{"session_hosts", `{"colour":"gold","offset":7,"limit":1000}`, `hosts "gold" 7 1000`, ``},
		{"session_connect", `{"addr":"enr:x"}`, "connect enr:x", `{"id":"` + nodeID(9).String() + `"}`},
		{"session_disconnect", `{"id":"` + id + `"}`, "disconnect " + id, `{"ok":true}`},
		{"session_connect", `{"addr":"enr:x","keep":false}`, "connect enr:x", ``},
		{"session_connect", `{"addr":"enr:x","keep":true}`, "keep enr:x", `{"id":"` + nodeID(9).String() + `","kept":true,"connected":false,"why":"connection refused"}`},
		{"session_disconnect", `{"id":"` + id + `","forget":true}`, "forget " + id, `{"ok":true}`},
		{"session_import", `{"list":"grey\\tx\\t1\\n"}`, `import "grey\\tx\\t1\\n"`, `{"lines":3,"taken":1,"known":0,"skipped":[{"why":"names no peer","lines":2}]}`},
		{"session_trust", `{"target":"enode"}`, "trust enode", `{"ok":true}`},
		{"session_untrust", `{"target":"enode"}`, "untrust enode", `{"ok":true}`},
		{"session_protect", `{"target":"enode","tag":"app"}`, "protect enode app", `{"ok":true}`},
		{"session_unprotect", `{"target":"enode","tag":"app"}`, "unprotect enode app", `{"ok":true}`},
		{"session_ban", `{"target":"203.0.113.9"}`, "ban 203.0.113.9 24h0m0s", `{"ok":true}`},
		{"session_ban", `{"target":"x","for":"90s"}`, "ban x 1m30s", ``},
		{"session_unban", `{"target":"x"}`, "unban x", ``},
		{"session_seed", `{}`, "seed", ``},
		{"session_bans", `{}`, "bans 0 100", `{"total":1,"bans":[{"target":"192.0.2.1/32","until":"0001-01-01T00:00:00Z"}]}`},
		{"session_bans", `{"offset":3,"limit":1000}`, "bans 3 1000", ``},
		{"session_set", `{}`, "places -1 -1", ``},
		{"session_set", `{"outbound":0}`, "places 0 -1", `{"outbound":0,"inbound":-1}`},
		{"session_set", `{"outbound":16,"inbound":200}`, "places 16 200", ``},
		{"gossip_publish", `{"topic":"t","data":"aGk="}`, "publish t 2", `{"id":"0x010203","peers":3,"mesh":2,"fanout":0,"direct":0,"flood":1,"dropped":0}`},
		{"gossip_publish", `{"topic":"t","data":""}`, "publish t 0", ``},
		{"gossip_topics", `{}`, "topics", `[]`},
		{"gossip_mesh", `{"topic":"t"}`, "mesh t", `{"topic":"t","mesh":[],"fanout":[],"subscribed":[]}`},
		{"gossip_stats", `{}`, "stats", ``},
		{"gossip_scores", `{}`, "scores", `[]`},
		{"gossip_scores", `{"topic":"t"}`, "scores", `[]`},
		{"gossip_direct", `{"id":"` + id + `"}`, "direct " + id + " true", `[]`},
		{"gossip_direct", `{"id":"` + id + `","on":false}`, "direct " + id + " false", `[]`},
		{"chat_join", `{"room":"lobby"}`, "join lobby 3s", `{"room":"lobby"}`},
		{"chat_leave", `{"room":"lobby"}`, "leave lobby", ``},
		{"chat_rooms", `{}`, "rooms", `[]`},
		{"chat_send", `{"room":"lobby","text":"hi \u202e"}`, "say lobby hi \u202e", ``},
		{"chat_history", `{"room":"lobby"}`, `history lobby "" 100`, `{"cursor":"c9","messages":[]}`},
		{"chat_history", `{"room":"lobby","since":"c1","limit":5}`, `history lobby "c1" 5`, ``},
	}
	for _, tt := range tests {
		f := newFake()
		g := rpc(t, unstarted(t, f, Options{}), tt.method, tt.params)
		if g.Error != nil {
			t.Errorf("%s: %v", tt.method, g.Error)
			continue
		}
		if did := f.deeds(); !reflect.DeepEqual(did, []string{tt.did}) {
			t.Errorf("%s did %q, want %q", tt.method, did, tt.did)
		}
		if tt.result != "" && string(g.Result) != tt.result {
			t.Errorf("%s: %s, want %s", tt.method, g.Result, tt.result)
		}
	}
}

func TestBatch(t *testing.T) {
	f := newFake()
	s := unstarted(t, f, Options{})
	w := ask(s, "POST", "/rpc", `[{"jsonrpc":"2.0","id":"a","method":"session_seed"}, {"jsonrpc":"2.0","method":"session_list"}, 5,
		{"jsonrpc":"2.0","id":-3,"method":"nothing"}, {"jsonrpc":"2.0","id":null,"method":"session_slots"}]`, nil)
	var all []json.RawMessage
	if err := json.Unmarshal(w.Body.Bytes(), &all); err != nil || len(all) != 4 {
		t.Fatalf("%v: %s", err, w.Body)
	}
	var seen []string
	for _, one := range all {
		g := readGot(t, one)
		code := 0
		if g.Error != nil {
			code = g.Error.Code
		}
		seen = append(seen, fmt.Sprint(string(g.ID), " ", code))
	}
	if want := []string{`"a" 0`, `null -32600`, `-3 -32601`, `null 0`}; !reflect.DeepEqual(seen, want) {
		t.Errorf("answers %q, want %q", seen, want)
	}
	if want := []string{"seed", "sessions", "slots"}; !reflect.DeepEqual(f.deeds(), want) {
		t.Errorf("did %q", f.deeds())
	}
	// A hundred calls are fine, notifications only are not answered.
	if w := ask(s, "POST", "/rpc", `[`+strings.Repeat(stopBody+`,`, batchMax-1)+stopBody+`]`, nil); f.stopped != batchMax || w.Code != 200 {
		t.Errorf("stopped %d times, HTTP %d", f.stopped, w.Code)
	}
	for _, body := range []string{`{"jsonrpc":"2.0","method":"session_list"}`, `[{"jsonrpc":"2.0","method":"nothing"}]`} {
		if w := ask(s, "POST", "/rpc", body, nil); w.Code != 204 || w.Body.Len() != 0 {
			t.Errorf("notification: %d %s", w.Code, w.Body)
		}
	}
}

// The answers of one batch are bounded; what comes after is not executed.
func TestBatchAnswerSize(t *testing.T) {
	f := newFake()
	for range 200 {
		f.history = append(f.history, ropewalk.ChatLine{Text: strings.Repeat("x", 8000)})
	}
	one := `{"jsonrpc":"2.0","id":1,"method":"chat_history","params":{"room":"r"}}`
	w := ask(unstarted(t, f, Options{}), "POST", "/rpc", `[`+strings.Repeat(one+`,`, 49)+one+`]`, nil)
	var all []got
	if err := json.Unmarshal(w.Body.Bytes(), &all); err != nil || len(all) != 50 {
		t.Fatal(err, len(all))
	}
	if last := all[49].Error; last == nil || last.Code != codeTooLarge {
		t.Errorf("the last call: %v", last)
	}
	if n := len(f.deeds()); n < 10 || n > 20 {
		t.Errorf("executed %d calls", n)
	}
	if w.Body.Len() > answerBytesMax+3<<20 {
		t.Errorf("%d bytes", w.Body.Len())
	}
}

func TestErrors(t *testing.T) {
	for _, row := range table {
		f := newFake()
		f.err = fmt.Errorf("tried: %w", row.is)
		g := rpc(t, unstarted(t, f, Options{}), "session_seed", `{}`)
		if g.Error == nil || g.Error.Code != row.code {
			t.Errorf("%v: %v, want %d", row.is, g.Error, row.code)
		}
	}
	f := newFake()
	f.err = errors.New("no words for this")
	if g := rpc(t, unstarted(t, f, Options{}), "session_seed", `{}`); g.Error.Code != codeFailed || !strings.Contains(g.Error.Message, "no words") {
		t.Errorf("%v", g.Error)
	}
	f = newFake()
	f.reach = 2
	g := rpc(t, unstarted(t, f, Options{}), "gossip_publish", `{"topic":"t","data":"","min_peers":3}`)
	if g.Error == nil || g.Error.Code != -32010 || g.Error.Data["kind"] != "too few peers" || g.Error.Data["peers"] != 2.0 {
		t.Errorf("%v", g.Error)
	}
	seen := map[int]bool{}
	for code, kind := range kinds {
		if kind == "" || seen[code] || (code > -32000 || code < -32700) && (code > -39001 || code < -39007) {
			t.Errorf("%d %q", code, kind)
		}
		seen[code] = true
	}
}

// A call that panics costs its caller an answer, not the node its life.
func TestPanic(t *testing.T) {
	s := unstarted(t, newFake(), Options{})
	s.node = nil
	if g := rpc(t, s, "node_stop", `{}`); g.Error == nil || g.Error.Code != codeInternal {
		t.Errorf("%v", g.Error)
	}
}

func FuzzRPC(f *testing.F) {
	for _, seed := range []string{
		stopBody, `[` + stopBody + `]`, `{"jsonrpc":"2.0","method":"gossip_publish","params":{"topic":"t","data":"aGk=","min_peers":1},"id":"x"}`,
		`{"jsonrpc":"2.0","id":1,"method":"session_ban","params":{"target":"x","for":"1h"}}`, `[[[]]]`, `{"jsonrpc":"2.0","id":1.5e3,"method":"chat_history","params":{"room":"r","limit":3}}`,
		`{"a":"\"}{[\\","b":[null,{}]}`, "\"\\", `{"jsonrpc":"2.0","id":null,"method":"session_disconnect","params":{"id":"0x00"}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		fake := newFake()
		s := unstarted(t, fake, Options{})
		out := s.execute(t.Context(), nil, raw)
		if out == nil {
			return // notifications
		}
		if !json.Valid(out) {
			t.Fatalf("%q answers %q", raw, out)
		}
		if out[0] == '[' {
			var all []json.RawMessage
			json.Unmarshal(out, &all)
			if len(all) == 0 || len(all) > batchMax {
				t.Fatalf("%d answers", len(all))
			}
			return
		}
		if g := readGot(t, out); g.Error != nil && len(fake.deeds())+fake.stopped > 0 && g.Error.Code != codeTooFewPeers {
			t.Fatalf("%q executed %v and failed: %s", raw, fake.deeds(), out)
		}
	})
}

// gossip_direct changes nothing unless all of it is right.
func TestBadDirect(t *testing.T) {
	id := nodeID(1).String()
	for _, params := range []string{`{"id":"0x12"}`, `{"id":7}`, `{"id":""}`, `{"id":"` + id + `","on":1}`, `{"id":"` + id + `","on":"true"}`, `{"on":[]}`, `{"id":"` + id + `","off":true}`} {
		f := newFake()
		if g := rpc(t, unstarted(t, f, Options{}), "gossip_direct", params); g.Error == nil || g.Error.Code != codeInvalidParams || len(f.deeds()) != 0 {
			t.Errorf("%s: %v, did %v", params, g.Error, f.deeds())
		}
	}
	f := newFake()
	if g := rpc(t, unstarted(t, f, Options{}), "gossip_direct", `{"id":null}`); g.Error != nil || len(f.deeds()) != 0 {
		t.Errorf("the list: %v, did %v", g.Error, f.deeds())
	}
}

func TestMethods(t *testing.T) {
	all := Methods()
	if len(all) != len(methods)+len(socketMethods)+len(portalNetworks)*len(portalVerbs)+len(discv5Verbs) || !slices.IsSorted(all) {
		t.Errorf("%v", all)
	}
}
