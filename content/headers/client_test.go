//go:build !nolibp2p

package headers

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ropewalk/ropewalk/content/history"
)

// client is an execution client whose last final block is final. say, when not nil, has
// the last word about an answer.
type server struct {
	*httptest.Server
	asked atomic.Int32
	final uint64
	say   func(w http.ResponseWriter, block string) bool
}

func serve(t *testing.T, final uint64) *server {
	s := &server{final: final}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked.Add(1)
		var q struct {
			Method string
			Params []any
		}
		if err := json.NewDecoder(r.Body).Decode(&q); err != nil || q.Method != "eth_getBlockByNumber" || len(q.Params) != 2 || q.Params[1] != false {
			t.Errorf("asked %+v, %v", q, err)
		}
		block := q.Params[0].(string)
		if s.say != nil && s.say(w, block) {
			return
		}
		n := s.final
		if block != "finalized" {
			fmt.Sscanf(block, "0x%x", &n)
		}
		fmt.Fprint(w, blockJSON(n, ""))
	}))
	t.Cleanup(s.Close)
	return s
}

// blockJSON is an answer with a block of a number; more adds or replaces fields.
func blockJSON(n uint64, more string) string {
	h := func(c string) string { return `"0x` + strings.Repeat(c, 64) + `"` }
	return fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"result":{"number":"0x%x","timestamp":"0x64","hash":%s,"parentHash":%s,"sha3Uncles":%s,
		"transactionsRoot":%s,"receiptsRoot":%s,"extraData":"0x","transactions":["0x00"]%s}}`, n, h("a"), h("b"), h("c"), h("d"), h("e"), more)
}

func hashOf(c byte) (h history.Hash) {
	for i := range h {
		h[i] = c
	}
	return h
}

func openClient(t *testing.T, s *server) *Client {
	t.Helper()
	src, err := Open(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return src.(*Client)
}

func TestClient(t *testing.T) {
	s := serve(t, 100)
	c := openClient(t, s)
	want := history.Header{Hash: hashOf(0xaa), Parent: hashOf(0xbb), Ommers: hashOf(0xcc), Txs: hashOf(0xdd), Receipts: hashOf(0xee), Number: 100, Time: 100}
	for range 3 { // the second and third time it is known
		if h, err := c.Header(100); err != nil || h != want {
			t.Fatalf("%+v, %v", h, err)
		}
	}
	if n := s.asked.Load(); n != 2 {
		t.Errorf("asked %d times, want 2: what is final, and the block", n)
	}
	if _, err := c.Header(101); !errors.Is(err, ErrUnknown) {
		t.Errorf("a block that is not final: %v", err)
	}
	s.say = func(w http.ResponseWriter, block string) bool {
		var n uint64
		fmt.Sscanf(block, "0x%x", &n)
		fmt.Fprint(w, blockJSON(n, `,"withdrawalsRoot":"0x`+strings.Repeat("7", 64)+`"`))
		return true
	}
	if h, err := c.Header(99); err != nil || !h.HasWithdrawals || h.Withdrawals != hashOf(0x77) {
		t.Errorf("with withdrawals: %+v, %v", h, err)
	}
}

// What is remembered is bounded.
func TestClientCache(t *testing.T) {
	s := serve(t, 1<<40)
	c := openClient(t, s)
	for n := range uint64(cacheHeaders + 10) {
		c.keep(history.Header{Number: n})
	}
	if len(c.known) != cacheHeaders || len(c.order) != cacheHeaders {
		t.Errorf("%d headers kept, %d in order", len(c.known), len(c.order))
	}
	if _, ok := c.known[9]; ok {
		t.Error("the oldest is still there")
	}
	if _, ok := c.known[10]; !ok {
		t.Error("a newer one is gone")
	}
}

// Whatever a broken client says is an error, and it is not asked at once again.
func TestClientRefusals(t *testing.T) {
	good := blockJSON(7, "")
	for name, c := range map[string]struct {
		status int
		body   string
		want   error
	}{
		"nothing":                {200, ``, ErrSource},
		"no JSON":                {200, `<html>`, ErrSource},
		"a list":                 {200, `[]`, ErrSource},
		"an error":               {200, `{"error":{"code":-32601,"message":"no such method"}}`, ErrSource},
		"no such block":          {200, `{"result":null}`, ErrUnknown},
		"another block":          {200, blockJSON(8, ""), ErrSource},
		"a server's error":       {500, good, ErrSource},
		"elsewhere":              {301, good, ErrSource},
		"a hash too short":       {200, strings.Replace(good, "dd", "d", 1), ErrSource},
		"a hash of no hex":       {200, strings.Replace(good, "dd", "zz", 1), ErrSource},
		"a hash without 0x":      {200, strings.Replace(good, "0xdd", "dddd", 1), ErrSource},
		"a number without 0x":    {200, strings.Replace(good, `"0x7"`, `"7"`, 1), ErrSource},
		"a number of 17 nines":   {200, strings.Replace(good, `"0x7"`, `"0x99999999999999999"`, 1), ErrSource},
		"no roots":               {200, `{"result":{"number":"0x7"}}`, ErrSource},
		"an answer of 2 MiB":     {200, good + strings.Repeat(" ", 2<<20), ErrSource},
		"withdrawals of no hash": {200, blockJSON(7, `,"withdrawalsRoot":"0x"`), ErrSource},
	} {
		s := serve(t, 100)
		s.say = func(w http.ResponseWriter, block string) bool {
			if block == "finalized" {
				return false
			}
			if c.status == 301 {
				w.Header().Set("Location", "http://127.0.0.1:1/")
			}
			w.WriteHeader(c.status)
			io.WriteString(w, c.body)
			return true
		}
		src := openClient(t, s)
		if _, err := src.Header(7); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		if name == "no such block" || name == "another block" {
			continue
		}
		asked := s.asked.Load()
		if _, err := src.Header(8); !errors.Is(err, ErrUnknown) || s.asked.Load() != asked {
			t.Errorf("%s: asked again at once (%v)", name, err)
		}
	}
}

// A secret of the URL is in no error.
func TestClientSecret(t *testing.T) {
	for _, bad := range []string{"http://", "https://user:secret@", "http://[secret"} {
		if _, err := Open(bad); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", bad, err)
		}
	}
	c, err := NewClient("http://127.0.0.1:1/secret") // nobody listens there
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Header(1); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("%v", err)
	}
}
