package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/ropewalk/ropewalk"
)

const wsURL = "ws://" + testHost + "/ws"

// dialSocket opens a WebSocket with the headers given.
func dialSocket(t *testing.T, c *http.Client, header http.Header) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.Dial(t.Context(), wsURL, &websocket.DialOptions{HTTPClient: c, HTTPHeader: header})
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(bodySmall)
	t.Cleanup(func() { conn.CloseNow() })
	return conn
}

func withBearer() http.Header { return http.Header{"Authorization": {"Bearer " + testToken}} }

func send(t *testing.T, conn *websocket.Conn, body string) {
	t.Helper()
	if err := conn.Write(t.Context(), websocket.MessageText, []byte(body)); err != nil {
		t.Fatal(err)
	}
}

// recv reads one message as an answer or a notification.
func recv(t *testing.T, conn *websocket.Conn) (method string, params map[string]json.RawMessage, g got) {
	t.Helper()
	_, raw, err := conn.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var n struct {
		Method string                     `json:"method"`
		Params map[string]json.RawMessage `json:"params"`
	}
	if json.Unmarshal(raw, &n) == nil && n.Method != "" {
		return n.Method, n.Params, got{}
	}
	return "", nil, readGot(t, raw)
}

// askSocket makes a call whose answer comes next.
func askSocket(t *testing.T, conn *websocket.Conn, method, params string) got {
	t.Helper()
	send(t, conn, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":%q,"params":%s}`, method, params))
	name, _, g := recv(t, conn)
	if name != "" {
		t.Fatalf("%s came before the answer", name)
	}
	return g
}

func closeCode(t *testing.T, conn *websocket.Conn) websocket.StatusCode {
	t.Helper()
	_, _, err := conn.Read(t.Context())
	if err == nil {
		t.Fatal("a message came, want the end")
	}
	return websocket.CloseStatus(err)
}

func TestSocketAuth(t *testing.T) {
	first := func(token string) string { return `{"method":"auth","params":{"token":"` + token + `"}}` }
	tests := []struct {
		name   string
		header http.Header
		first  string // "" sends nothing
		open   bool
		after  time.Duration // when a refusal comes
	}{
		{"header", withBearer(), "", true, 0},
		{"first message", nil, first(testToken), true, 0},
		{"with jsonrpc", nil, `{"jsonrpc":"2.0","method":"auth","params":{"token":"` + testToken + `"}}`, true, 0},
		{"wrong token", nil, first("wrong-wrong-wrong-wrong"), false, 0},
		{"no token", nil, `{"method":"auth"}`, false, 0},
		{"a call", nil, stopBody, false, 0},
		{"no JSON", nil, `hello`, false, 0},
		{"silence", nil, "", false, authWithin},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			f := newFake()
			_, client := served(t, f)
			conn := dialSocket(t, client, tt.header)
			start := time.Now()
			if tt.first != "" {
				send(t, conn, tt.first)
			}
			if tt.open {
				time.Sleep(2 * authWithin) // no timer may be left
				if g := askSocket(t, conn, "session_seed", `{}`); g.Error != nil {
					t.Errorf("%s: %v", tt.name, g.Error)
				}
				return
			}
			if code := closeCode(t, conn); code != websocket.StatusPolicyViolation {
				t.Errorf("%s: close code %d", tt.name, code)
			}
			if took := time.Since(start); took != tt.after {
				t.Errorf("%s: closed after %v, want %v", tt.name, took, tt.after)
			}
			if f.stopped+len(f.deeds()) > 0 {
				t.Errorf("%s: executed %v", tt.name, f.deeds())
			}
		})
	}
}

// A large first message is refused however long the token in it might be.
func TestSocketAuthSize(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := served(t, newFake())
		conn := dialSocket(t, client, nil)
		go conn.Write(t.Context(), websocket.MessageText, []byte(`{"method":"auth","params":{"token":"`+strings.Repeat("x", authBytesMax)+`"}}`))
		if code := closeCode(t, conn); code != websocket.StatusMessageTooBig && code != websocket.StatusPolicyViolation {
			t.Errorf("close code %d", code)
		}
	})
}

func TestSocketLocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client := served(t, newFake())
		for name, tt := range map[string]struct {
			header http.Header
			host   string
			want   int
		}{
			"wrong token":    {http.Header{"Authorization": {"Bearer wrong-wrong-wrong"}}, "", 401},
			"foreign origin": {http.Header{"Origin": {"http://evil.example"}, "Authorization": {"Bearer " + testToken}}, "", 403},
			"null origin":    {http.Header{"Origin": {"null"}}, "", 403},
			"foreign host":   {withBearer(), "evil.example:7777", 421},
		} {
			conn, resp, err := websocket.Dial(t.Context(), wsURL, &websocket.DialOptions{HTTPClient: client, HTTPHeader: tt.header, Host: tt.host})
			if err == nil {
				conn.CloseNow()
				t.Errorf("%s: opened", name)
			} else if resp == nil || resp.StatusCode != tt.want {
				t.Errorf("%s: %v", name, err)
			}
		}
		conn := dialSocket(t, client, http.Header{"Origin": {"http://" + testHost}, "Authorization": {"Bearer " + testToken}})
		if g := askSocket(t, conn, "node_info", `{}`); g.Error != nil {
			t.Error(g.Error)
		}
	})
}

func TestSubscriptions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		s, client := served(t, f)
		conn := dialSocket(t, client, withBearer())
		name := func(method, params string) string {
			g := askSocket(t, conn, method, params)
			var sub string
			if g.Error != nil || json.Unmarshal(g.Result, &sub) != nil || sub == "" {
				t.Fatalf("%s: %s %v", method, g.Result, g.Error)
			}
			return sub
		}
		expect := func(method, sub, has string) {
			t.Helper()
			m, params, _ := recv(t, conn)
			if m != method || string(params["subscription"]) != `"`+sub+`"` || !strings.Contains(string(params["result"]), has) {
				t.Errorf("%s %s, want %s of %s with %s", m, params, method, sub, has)
			}
		}
		topic := name("gossip_subscribe", `{"topic":"news"}`)
		events := name("node_events", `{"strands":["session","chat"]}`)
		room := name("chat_subscribe", `{"room":"lobby"}`)
		all := name("chat_subscribe", `{}`)
		if topic == events || room == all {
			t.Error("names repeat")
		}
		if want := "[subscribe news events [session chat] lines lobby lines ]"; fmt.Sprint(f.deeds()) != want {
			t.Errorf("did %v", f.deeds())
		}
		f.messageFeed(0).put(ropewalk.Message{Topic: "news", Data: []byte("hi")})
		expect("gossip_subscription", topic, `"data":"aGk="`)
		f.feeds.events[0].put(ropewalk.Event{Strand: "session", Kind: "up"})
		expect("node_subscription", events, `"kind":"up"`)
		f.feeds.lines[0].put(ropewalk.ChatLine{Room: "lobby", Text: "ahoy"})
		expect("chat_subscription", room, `"text":"ahoy"`)

		if g := askSocket(t, conn, "gossip_unsubscribe", `{"subscription":"`+topic+`"}`); g.Error != nil {
			t.Error(g.Error)
		}
		if g := askSocket(t, conn, "gossip_unsubscribe", `{"subscription":"`+topic+`"}`); g.Error == nil || g.Error.Code != codeNoSubscription {
			t.Error("unsubscribed twice")
		}
		synctest.Wait()
		if !f.messageFeed(0).isClosed() || s.subs.Load() != 3 {
			t.Errorf("closed %v, %d subscriptions left", f.messageFeed(0).isClosed(), s.subs.Load())
		}
		// The node ends a stream: the subscriber is told.
		f.feeds.lines[0].Close()
		if m, params, _ := recv(t, conn); m != "ended" || string(params["subscription"]) != `"`+room+`"` {
			t.Errorf("%s %s", m, params)
		}
		// The socket ends: nothing of it remains.
		conn.CloseNow()
		synctest.Wait()
		if !f.feeds.events[0].isClosed() || !f.feeds.lines[1].isClosed() || s.subs.Load() != 0 || s.sockets.Load() != 0 {
			t.Errorf("left: %d subscriptions, %d sockets", s.subs.Load(), s.sockets.Load())
		}
	})
}

// A failed subscription takes no place.
func TestSubscribeFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.err = ropewalk.ErrBusy
		s, client := served(t, f)
		conn := dialSocket(t, client, withBearer())
		for _, call := range [][2]string{{"gossip_subscribe", `{"topic":"t"}`}, {"node_events", `{}`}, {"chat_subscribe", `{}`}} {
			if g := askSocket(t, conn, call[0], call[1]); g.Error == nil || g.Error.Code != codeBusy || s.subs.Load() != 0 {
				t.Errorf("%s: %v, %d subscriptions", call[0], g.Error, s.subs.Load())
			}
		}
	})
}

// One that does not read costs outboxMax messages here, whatever is published,
// and learns how many it missed.
func TestLaggingReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		_, client := served(t, f)
		conn := dialSocket(t, client, withBearer())
		askSocket(t, conn, "gossip_subscribe", `{"topic":"t"}`)
		const sent = 5000
		for range sent {
			f.messageFeed(0).put(ropewalk.Message{Topic: "t", Data: []byte("x")})
			synctest.Wait() // everyone who can move has moved
		}
		lost := int(f.messageFeed(0).Lagged())
		if kept := sent - lost; kept > outboxMax+feedSize+4 || kept < outboxMax {
			t.Errorf("%d messages are kept for a reader that does not read", kept)
		}
		got, told := 0, 0
		for got+told < sent {
			m, params, _ := recv(t, conn)
			switch m {
			case "gossip_subscription":
				got++
			case "lagged":
				var n int
				json.Unmarshal(params["lost"], &n)
				told += n
			default:
				t.Fatalf("%s", m)
			}
			if got+told == sent-lost { // the notice comes with the next message
				f.messageFeed(0).put(ropewalk.Message{Topic: "t"})
				got--
			}
		}
		if told != lost {
			t.Errorf("told of %d, lost %d", told, lost)
		}
		// The socket works as before.
		if g := askSocket(t, conn, "node_info", `{}`); g.Error != nil {
			t.Error(g.Error)
		}
	})
}

func TestSubscriptionLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, client := served(t, newFake())
		conn := dialSocket(t, client, withBearer())
		for i := range subsPerConnMax + 2 {
			g := askSocket(t, conn, "chat_subscribe", `{}`)
			if ok := i < subsPerConnMax; (g.Error == nil) != ok {
				t.Fatalf("subscription %d: %v", i, g.Error)
			}
		}
		if n := s.subs.Load(); n != subsPerConnMax {
			t.Errorf("%d counted", n)
		}
		s.subs.Store(subsMax)
		other := dialSocket(t, client, withBearer())
		if g := askSocket(t, other, "chat_subscribe", `{}`); g.Error == nil || g.Error.Code != codeTooManySubs {
			t.Error("over the total")
		}
		s.subs.Store(subsPerConnMax)
	})
}

// A binary message and one over the limit end the socket, and nothing is executed.
func TestSocketBadMessages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		_, client := served(t, f)
		conn := dialSocket(t, client, withBearer())
		conn.Write(t.Context(), websocket.MessageBinary, []byte(stopBody))
		if code := closeCode(t, conn); code != websocket.StatusUnsupportedData {
			t.Errorf("binary: %d", code)
		}
		conn = dialSocket(t, client, withBearer())
		go conn.Write(t.Context(), websocket.MessageText, []byte(stopBody+strings.Repeat(" ", 5<<20)))
		if code := closeCode(t, conn); code != websocket.StatusMessageTooBig {
			t.Errorf("5 MiB: %d", code)
		}
		if f.stopped > 0 {
			t.Error("executed")
		}
	})
}

// A call that waits ends after its time; so many may wait, and further ones are
// told that the node is busy.
func TestDeadlineAndGate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		f.block = make(chan struct{})
		s, _ := served(t, f)
		body := `{"jsonrpc":"2.0","id":1,"method":"session_connect","params":{"addr":"x"}}`
		answers := make(chan got, inFlightMax)
		start := time.Now()
		for range inFlightMax {
			go func() { answers <- readGot(t, ask(s, "POST", "/rpc", body, nil).Body.Bytes()) }()
		}
		synctest.Wait()
		if w := ask(s, "POST", "/rpc", stopBody, nil); w.Code != 503 || f.stopped > 0 {
			t.Errorf("the gate is open: %d", w.Code)
		}
		for range inFlightMax {
			if g := <-answers; g.Error == nil || g.Error.Code != codeTimedOut {
				t.Errorf("%v", g.Error)
			}
		}
		if took := time.Since(start); took != callWithin {
			t.Errorf("took %v", took)
		}
		if w := ask(s, "POST", "/rpc", stopBody, nil); w.Code != 200 || f.stopped != 1 {
			t.Errorf("the gate stays shut: %d", w.Code)
		}
	})
}

// Close ends sockets with subscriptions, may be called twice and before Start.
func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		s, client := served(t, f)
		conn := dialSocket(t, client, withBearer())
		askSocket(t, conn, "node_events", `{}`)
		half := dialSocket(t, client, nil) // has not authenticated
		for range 2 {
			if err := s.Close(t.Context()); err != nil {
				t.Error(err)
			}
		}
		for _, c := range []*websocket.Conn{conn, half} {
			if _, _, err := c.Read(t.Context()); err == nil || errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("still open: %v", err)
			}
		}
		if s.subs.Load()+s.sockets.Load() != 0 || !f.feeds.events[0].isClosed() {
			t.Error("something is left")
		}
		if err := s.Start(); err == nil {
			t.Error("started after Close")
		}
		fresh := unstarted(t, newFake(), Options{})
		if err := fresh.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}
