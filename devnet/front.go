package devnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"

	"github.com/ropewalk/ropewalk/api/client"
)

// front serves the dashboard of a net of processes: it is the seed's own, handed
// through, but for the graph, which shows all nodes. The seed's server still asks
// for its token; front only refuses foreign Host and Origin headers, which it
// has to replace by the seed's.
type front struct {
	d    *Devnet
	at   string
	to   *url.URL
	auth string
	http *http.Server
}

// serveFront opens the dashboard's listener and serves until the devnet ends.
func (d *Devnet) serveFront(seed client.Endpoint) (*front, error) {
	to, err := url.Parse(seed.URL)
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", d.opt.Dash)
	if err != nil {
		return nil, fmt.Errorf("devnet: --dash %s: %w", d.opt.Dash, err)
	}
	f := &front{d: d, at: ln.Addr().String(), to: to, auth: "Bearer " + seed.Token}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(to)
		if r.Out.Header.Get("Origin") != "" {
			r.Out.Header.Set("Origin", seed.URL)
		}
	}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /dash/graph", f.graph)
	mux.Handle("/", proxy)
	f.http = &http.Server{Handler: f.guard(mux), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	d.run(func() {
		if err := f.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			d.fail(fmt.Errorf("devnet: dashboard: %w", err))
		}
	})
	return f, nil
}

func (f *front) url() string { return "http://" + f.at }

// guard refuses requests that were made for another site.
func (f *front) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		origin := strings.TrimPrefix(r.Header.Get("Origin"), "http://")
		switch {
		case !f.mine(r.Host):
			http.Error(w, "wrong Host", http.StatusMisdirectedRequest)
		case origin != "" && !f.mine(origin):
			http.Error(w, "wrong Origin", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (f *front) mine(host string) bool {
	_, port, _ := net.SplitHostPort(f.at)
	return host == f.at || host == "localhost:"+port || host == "127.0.0.1:"+port || host == "[::1]:"+port
}

func (f *front) graph(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != f.auth {
		http.Error(w, "token missing or wrong", http.StatusUnauthorized)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(f.d.graph())
}

func (f *front) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	if err := f.http.Shutdown(ctx); err != nil {
		return f.http.Close() // WebSockets do not end by themselves
	}
	return nil
}
