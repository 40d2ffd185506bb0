package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	testToken = "0123456789abcdef-test"
	testHost  = "127.0.0.1:7777"
)

// unstarted is a server that believes to listen on testHost: its handler can be
// called without any socket.
func unstarted(t testing.TB, f *fake, opts Options) *Server {
	t.Helper()
	opts.Token = testToken
	s, err := newServer(f, f, opts)
	if err != nil {
		t.Fatal(err)
	}
	s.names = ownNames(pipeAddr, "127.0.0.1:0", opts.Hosts)
	return s
}

// ask sends a request that passes all locks unless edit breaks it.
func ask(s *Server, method, path, body string, edit func(*http.Request)) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Host = testHost
	r.Header.Set("Authorization", "Bearer "+testToken)
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/json")
	}
	if edit != nil {
		edit(r)
	}
	w := httptest.NewRecorder()
	s.http.Handler.ServeHTTP(w, r)
	return w
}

// got is an answer as a caller reads it.
type got struct {
	Version string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Result  json.RawMessage `json:"result"`
	Error   *struct {
		Code    int            `json:"code"`
		Message string         `json:"message"`
		Data    map[string]any `json:"data"`
	} `json:"error"`
}

func readGot(t testing.TB, body []byte) got {
	t.Helper()
	var g got
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&g); err != nil {
		t.Fatalf("%v in %.200q", err, body)
	}
	if g.Version != "2.0" || (g.Error == nil) == (g.Result == nil) || g.ID == nil {
		t.Fatalf("not an answer: %.200q", body)
	}
	if g.Error != nil && (g.Error.Message == "" || g.Error.Data["kind"] != kinds[g.Error.Code]) {
		t.Fatalf("error without its kind: %.300q", body)
	}
	return g
}

// rpc makes one call and returns its answer.
func rpc(t testing.TB, s *Server, method, params string) got {
	t.Helper()
	body := `{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":` + params + `}`
	w := ask(s, "POST", "/rpc", body, nil)
	if w.Code != 200 {
		t.Fatalf("%s: HTTP %d %s", method, w.Code, w.Body)
	}
	return readGot(t, w.Body.Bytes())
}
