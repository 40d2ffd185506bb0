package api

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

const stopBody = `{"jsonrpc":"2.0","id":1,"method":"node_stop"}`

// Every combination of a token, a Host, an Origin, a content type and a verb. The
// first lock that does not open decides; only one kind of request gets through.
func TestLocks(t *testing.T) {
	tokens := map[string]bool{ // header: opens
		"":                               false,
		"Bearer " + testToken:            true,
		"bearer " + testToken:            true,
		"Bearer wrong-wrong-wrong-wrong": false,
		"Bearer " + testToken + "x":      false,
		"Bearer ":                        false,
		"Basic " + testToken:             false,
		testToken:                        false,
	}
	hosts := map[string]bool{
		testHost: true, "localhost:7777": true, "LOCALHOST:7777": true, "[::1]:7777": true, "node.example:443": true,
		"": false, "127.0.0.1": false, "127.0.0.1:7778": false, "localhost.:7777": false, "evil.example:7777": false,
		"127.0.0.1:7777.evil.example": false, "[::1%25lo]:7777": false, "127.1:7777": false, "2130706433:7777": false,
		"user@127.0.0.1:7777": false, "localhost:07777": false, "0.0.0.0:7777": false, "127.0.0.1:7777 ": false,
	}
	types := map[string]bool{
		"application/json": true, "application/json; charset=utf-8": true, "Application/JSON": true,
		"": false, "text/plain": false, "application/x-www-form-urlencoded": false, "multipart/form-data": false, "application/jsonx": false,
	}
	verbs := map[string]bool{"POST": true, "GET": false, "PUT": false, "DELETE": false, "OPTIONS": false}
	f := newFake()
	s := unstarted(t, f, Options{Hosts: []string{"node.example:443"}})
	for token, tokenOK := range tokens {
		for host, hostOK := range hosts {
			origins := map[string]bool{
				"": true, "http://" + host: true, "https://" + host: true,
				"null": false, "http://evil.example": false, "http://127.0.0.1": false, "http://" + host + ".evil": false, "file://": false,
			}
			for origin, originOK := range origins {
				for kind, kindOK := range types {
					for verb, verbOK := range verbs {
						want := 200
						switch {
						case !hostOK:
							want = 421
						case !originOK:
							want = 403
						case verb == "POST" && !kindOK:
							want = 415
						case !verbOK:
							want = 405
						case !tokenOK:
							want = 401
						}
						f.stopped = 0
						w := ask(s, verb, "/rpc", stopBody, func(r *http.Request) {
							r.Host = host
							set := func(name, value string) {
								r.Header.Del(name)
								if value != "" {
									r.Header.Set(name, value)
								}
							}
							set("Authorization", token)
							set("Origin", origin)
							set("Content-Type", kind)
						})
						where := fmt.Sprintf("token %q host %q origin %q type %q verb %s", token, host, origin, kind, verb)
						if w.Code != want {
							t.Fatalf("%s: %d, want %d", where, w.Code, want)
						}
						if executed := f.stopped == 1; executed != (want == 200) {
							t.Fatalf("%s: executed %v", where, executed)
						}
					}
				}
			}
		}
	}
}

// What the header of a browser says counts as well: the second lock.
func TestSecondLock(t *testing.T) {
	for site, want := range map[string]int{"cross-site": 403, "same-site": 403, "same-origin": 200, "none": 200} {
		f := newFake()
		w := ask(unstarted(t, f, Options{}), "POST", "/rpc", stopBody, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", site) })
		if w.Code != want || (f.stopped == 1) != (want == 200) {
			t.Errorf("%s: %d, stopped %d", site, w.Code, f.stopped)
		}
	}
}

func TestDoubledHeaders(t *testing.T) {
	for _, name := range []string{"Authorization", "Origin"} {
		f := newFake()
		w := ask(unstarted(t, f, Options{}), "POST", "/rpc", stopBody, func(r *http.Request) {
			r.Header[name] = []string{"Bearer " + testToken, "Bearer " + testToken}
			if name == "Origin" {
				r.Header[name] = []string{"http://" + testHost, "http://evil.example"}
			}
		})
		if w.Code < 400 || f.stopped != 0 {
			t.Errorf("%s twice: %d", name, w.Code)
		}
	}
}

// Every path checks Host and Origin; those that reveal anything want the token.
func TestPaths(t *testing.T) {
	open := []string{"/", "/dash.js", "/dash.css", "/icon.svg", "/metrics", "/healthz", "/readyz"}
	locked := []string{"/dash/graph", "/debug/pprof/", "/debug/pprof/cmdline", "/debug/pprof/heap"}
	all := slices.Concat(open, locked, []string{"/ws", "/nothing", "/../dash.go", "/dist/index.html"})
	s := unstarted(t, newFake(), Options{})
	for _, path := range all {
		get := func(edit func(*http.Request)) int {
			w := ask(s, "GET", path, "", edit)
			for name, want := range map[string]string{
				"Content-Security-Policy": contentPolicy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			} {
				if w.Header().Get(name) != want {
					t.Errorf("%s: %s is %q", path, name, w.Header().Get(name))
				}
			}
			if strings.Contains(w.Body.String(), testToken) {
				t.Errorf("%s tells the token", path)
			}
			return w.Code
		}
		if code := get(func(r *http.Request) { r.Host = "evil.example:7777" }); code != 421 {
			t.Errorf("%s, foreign host: %d", path, code)
		}
		if code := get(func(r *http.Request) { r.Header.Set("Origin", "http://evil.example") }); code != 403 {
			t.Errorf("%s, foreign origin: %d", path, code)
		}
		bare := get(func(r *http.Request) { r.Header.Del("Authorization") })
		wrong := get(func(r *http.Request) { r.Header.Set("Authorization", "Bearer nonsense-nonsense") })
		right := get(nil)
		switch {
		case slices.Contains(open, path) && (bare != 200 || wrong != 200 || right != 200):
			t.Errorf("%s: %d %d %d, want 200", path, bare, wrong, right)
		case slices.Contains(locked, path) && (bare != 401 || wrong != 401 || right != 200):
			t.Errorf("%s: %d %d %d, want 401 401 200", path, bare, wrong, right)
		case !slices.Contains(open, path) && !slices.Contains(locked, path) && (bare < 400 && bare != 307 || right < 400 && right != 307):
			t.Errorf("%s: %d %d", path, bare, right)
		}
	}
	if w := ask(s, "GET", "/?token="+testToken, "", func(r *http.Request) { r.Header.Del("Authorization") }); w.Code != 200 {
		t.Error("the page itself is open")
	}
	if w := ask(s, "GET", "/dash/graph?token="+testToken, "", func(r *http.Request) { r.Header.Del("Authorization") }); w.Code != 401 {
		t.Error("a token in the URL opens")
	}
}

// On an address that others reach, metrics and the details of health are locked.
func TestExposedPaths(t *testing.T) {
	f := newFake()
	f.healthy = false
	s := unstarted(t, f, Options{Expose: true})
	s.loose = true
	bare := func(r *http.Request) { r.Header.Del("Authorization") }
	if w := ask(s, "GET", "/metrics", "", bare); w.Code != 401 {
		t.Errorf("metrics: %d", w.Code)
	}
	if w := ask(s, "GET", "/metrics", "", nil); w.Code != 200 {
		t.Errorf("metrics with token: %d", w.Code)
	}
	if w := ask(s, "GET", "/readyz", "", bare); w.Code != 503 || strings.TrimSpace(w.Body.String()) != `{"ok":false}` {
		t.Errorf("readyz: %d %s", w.Code, w.Body)
	}
	if w := ask(s, "GET", "/readyz", "", nil); w.Code != 503 || !strings.Contains(w.Body.String(), "peers") {
		t.Errorf("readyz with token: %d %s", w.Code, w.Body)
	}
	if w := ask(s, "GET", "/healthz", "", bare); w.Code != 200 {
		t.Errorf("healthz: %d", w.Code)
	}
}

func TestOptions(t *testing.T) {
	refused := []Options{
		{Listen: "0.0.0.0:0"}, {Listen: ":0"}, {Listen: "192.0.2.1:80"}, {Listen: "example.org:80"}, {Listen: "127.0.0.1"}, {Listen: "nonsense"},
		{Dnet: "0.0.0.0:0"}, {Dnet: "0.0.0.0:0", Expose: true}, {Token: "short"}, {Token: "with space in it, long"}, {Token: "with\nnewline-and-long"},
	}
	for _, o := range refused {
		if _, err := NewServer(newFake(), o); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
	for _, o := range []Options{{}, {Listen: "[::1]:0"}, {Listen: "localhost:0"}, {Listen: "127.8.8.8:1"}, {Listen: ":0", Expose: true}, {Dnet: "127.0.0.1:0"}} {
		if _, err := NewServer(newFake(), o); err != nil {
			t.Errorf("%+v: %v", o, err)
		}
	}
	a, _ := NewServer(newFake(), Options{})
	b, _ := NewServer(newFake(), Options{})
	if len(a.Token()) != 43 || a.Token() == b.Token() {
		t.Errorf("tokens %q %q", a.Token(), b.Token())
	}
}
