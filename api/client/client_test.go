package client

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/coder/websocket"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const token = "a-token-of-some-length"

// fake is a node's API as far as the client needs it.
func fake(t *testing.T, calls map[string]string, socket func(*websocket.Conn)) *Client {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+token {
			w.WriteHeader(http.StatusUnauthorized)
			w.Write([]byte(`{"jsonrpc":"2.0","id":null,"error":{"code":-32012,"message":"token missing or wrong","data":{"kind":"token missing or wrong"}}}`))
			return
		}
		if r.URL.Path == "/ws" {
			conn, err := websocket.Accept(w, r, nil)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.CloseNow()
			socket(conn)
			return
		}
		var req request
		if err := json.NewDecoder(r.Body).Decode(&req); err != nil {
			t.Error(err)
		}
		w.Write([]byte(calls[req.Method]))
	}))
	t.Cleanup(srv.Close)
	c := New(Endpoint{URL: srv.URL, Token: token, PID: 1})
	t.Cleanup(func() { c.Close() })
	return c
}

func TestCall(t *testing.T) {
	c := fake(t, map[string]string{
		"good":  `{"jsonrpc":"2.0","id":1,"result":{"a":7}}`,
		"bad":   `{"jsonrpc":"2.0","id":1,"error":{"code":-32010,"message":"too few peers: reached 0","data":{"kind":"too few peers"}}}`,
		"never": `<html>`,
	}, nil)
	var out struct{ A int }
	if err := c.Call(t.Context(), "good", nil, &out); err != nil || out.A != 7 {
		t.Fatal(out, err)
	}
	var e *Error
	if err := c.Call(t.Context(), "bad", nil, nil); !errors.As(err, &e) || e.Code != CodeTooFewPeers || e.Kind() != "too few peers" {
		t.Fatal(err)
	}
	if err := c.Call(t.Context(), "never", nil, nil); err == nil || errors.As(err, &e) && e.Code != CodeTooFewPeers {
		t.Fatal(err)
	}
	c.end.Token = "wrong"
	if err := c.Call(t.Context(), "good", nil, nil); !errors.As(err, &e) || e.Code != -32012 {
		t.Fatal(err)
	}
}

func TestSubscribe(t *testing.T) {
	c := fake(t, nil, func(conn *websocket.Conn) {
		_, raw, err := conn.Read(context.Background())
		if err != nil || !strings.Contains(string(raw), `"method":"gossip_subscribe"`) {
			t.Errorf("%s %v", raw, err)
		}
		// An item right behind the answer must not be lost.
		for _, m := range []string{
			`{"jsonrpc":"2.0","id":1,"result":"s1"}`,
			`{"jsonrpc":"2.0","method":"gossip_subscription","params":{"subscription":"s1","result":{"n":1}}}`,
			`{"jsonrpc":"2.0","method":"lagged","params":{"subscription":"s1","lost":3}}`,
			`{"jsonrpc":"2.0","method":"gossip_subscription","params":{"subscription":"other","result":9}}`,
			`{"jsonrpc":"2.0","method":"gossip_subscription","params":{"subscription":"s1","result":{"n":2}}}`,
			`{"jsonrpc":"2.0","method":"ended","params":{"subscription":"s1"}}`,
		} {
			if err := conn.Write(context.Background(), websocket.MessageText, []byte(m)); err != nil {
				t.Error(err)
			}
		}
		conn.Read(context.Background()) // until the client goes
	})
	sub, err := c.Subscribe(t.Context(), "gossip_subscribe", map[string]any{"topic": "t"})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`{"n":1}`, `{"n":2}`} {
		if got, err := sub.Next(t.Context()); err != nil || string(got) != want {
			t.Fatalf("%s %v, want %s", got, err, want)
		}
	}
	if _, err := sub.Next(t.Context()); !errors.Is(err, ErrEnded) {
		t.Fatal(err)
	}
	if sub.Lost() != 3 {
		t.Fatal(sub.Lost())
	}
}

func TestSubscriptionEndsWithTheNode(t *testing.T) {
	c := fake(t, nil, func(conn *websocket.Conn) {
		conn.Read(context.Background())
		conn.Write(context.Background(), websocket.MessageText, []byte(`{"jsonrpc":"2.0","id":1,"result":{"subscription":"s1"}}`))
	})
	sub, err := c.Subscribe(t.Context(), "chat_subscribe", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sub.Next(t.Context()); err == nil {
		t.Fatal("no error after the node's end")
	}
	if err := sub.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestEndpointFile(t *testing.T) {
	dir := t.TempDir()
	var none *NoNodeError
	if _, err := Open(dir); !errors.As(err, &none) {
		t.Fatal(err)
	}
	e := Endpoint{URL: "http://127.0.0.1:1", Token: token, PID: os.Getpid()}
	if err := WriteEndpoint(dir, e); err != nil {
		t.Fatal(err)
	}
	if st, err := os.Stat(filepath.Join(dir, FileName)); err != nil || st.Mode().Perm() != 0o600 {
		t.Fatal(st.Mode(), err)
	}
	c, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	// Port 1 refuses: the process lives, its node does not answer.
	if err := c.Call(t.Context(), "node_info", nil, nil); !errors.As(err, &none) {
		t.Fatal(err)
	}
	if err := RemoveEndpoint(dir, e.PID+1); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadEndpoint(dir); err != nil {
		t.Fatal("another process's file was removed")
	}
	e.PID = 1<<22 + 1 // above the kernel's highest
	if err := WriteEndpoint(dir, e); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); !errors.As(err, &none) || !strings.Contains(err.Error(), "is gone") {
		t.Fatal(err)
	}
	if err := RemoveEndpoint(dir, e.PID); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "{}", `{"url":"ftp://x","token":"t","pid":1}`, `[]`} {
		os.WriteFile(filepath.Join(dir, FileName), []byte(text), 0o600)
		if _, err := Open(dir); !errors.As(err, &none) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".rpc-*")); len(left) > 0 {
		t.Error("temporary files left:", left)
	}
}
