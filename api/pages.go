package api

import (
	"context"
	"io/fs"
	"net/http"
	"net/http/pprof"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ropewalk/ropewalk/dash"
)

// netPath is where each of several networks is.
const netPath = "/net/"

// routes are the port's paths. Everything here is behind guard.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /rpc", s.withToken(s.serveRPC))
	mux.HandleFunc("GET /rpc", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", http.MethodPost)
		refuse(w, http.StatusMethodNotAllowed, codeBadRequest)
	})
	mux.HandleFunc("GET /ws", s.serveSocket)
	mux.HandleFunc("PUT /content/{$}", s.withToken(s.servePut))
	mux.HandleFunc("PUT /content/{name}", s.withToken(s.servePut))
	mux.HandleFunc("GET /content/{id}", s.withToken(s.serveGet))
	mux.HandleFunc("GET /dash/graph", s.withToken(s.serveGraph))
	mux.HandleFunc("GET /debug/pprof/", s.withToken(pprof.Index))
	mux.HandleFunc("GET /debug/pprof/cmdline", s.withToken(pprof.Cmdline))
	mux.HandleFunc("GET /debug/pprof/profile", s.withToken(pprof.Profile))
	mux.HandleFunc("GET /debug/pprof/symbol", s.withToken(pprof.Symbol))
	mux.HandleFunc("GET /debug/pprof/trace", s.withToken(pprof.Trace))
	mux.HandleFunc("GET /metrics", s.metrics())
	mux.HandleFunc("GET /healthz", s.serveHealth(func(bool) bool { return true }))
	mux.HandleFunc("GET /readyz", s.serveHealth(func(ok bool) bool { return ok }))
	mux.HandleFunc("GET /", s.serveAsset)
	return mux
}

// byNetwork sends what is below a network's path to the network's part of the server.
func (s *Server) byNetwork(rest http.Handler) http.Handler {
	if len(s.nets) == 0 {
		return rest
	}
	parts := make(map[string]http.Handler)
	for _, x := range s.nets {
		parts[x.opts.Network] = http.StripPrefix(netPath+x.opts.Network, x.routes())
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		below, is := strings.CutPrefix(r.URL.Path, netPath)
		if !is {
			rest.ServeHTTP(w, r)
			return
		}
		name, _, inside := strings.Cut(below, "/")
		part, known := parts[name]
		switch {
		case !known:
			http.NotFound(w, r)
		case !inside:
			http.Redirect(w, r, r.URL.Path+"/", http.StatusMovedPermanently) // the page's files are relative
		default:
			part.ServeHTTP(w, r)
		}
	})
}

// metrics is open on loopback: it holds counts, no names and no addresses.
func (s *Server) metrics() http.HandlerFunc {
	var serve http.HandlerFunc = http.NotFound
	if reg := s.node.Registry(); reg != nil {
		serve = promhttp.HandlerFor(reg, promhttp.HandlerOpts{MaxRequestsInFlight: 4}).ServeHTTP
	}
	locked := s.withToken(serve)
	return func(w http.ResponseWriter, r *http.Request) {
		if s.loose {
			locked(w, r)
		} else {
			serve(w, r)
		}
	}
}

// serveHealth answers 200 or 503 with the node's checks, as good decides. The
// details are for this machine only.
func (s *Server) serveHealth(good func(ok bool) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		status := http.StatusOK
		h, ok := s.ready()
		if !good(ok) {
			status = http.StatusServiceUnavailable
		}
		if s.loose && !s.authorised(r) {
			writeJSON(w, status, map[string]bool{"ok": h.OK})
			return
		}
		writeJSON(w, status, h)
	}
}

// assetTypes are the types of the dashboard's files; nothing else is served.
var assetTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".svg":  "image/svg+xml",
	".txt":  "text/plain; charset=utf-8",
}

// serveAsset is the dashboard's page and files.
func (s *Server) serveAsset(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, "/")
	if name == "" {
		name = "index.html"
	}
	kind := assetTypes[name[max(0, strings.LastIndexByte(name, '.')):]]
	body, err := fs.ReadFile(dash.Files(), name)
	if err != nil || kind == "" {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	w.Write(body)
}

// serveGraph is what the dashboard draws.
func (s *Server) serveGraph(w http.ResponseWriter, r *http.Request) {
	if s.opts.Graph != nil {
		g := s.opts.Graph()
		writeJSON(w, http.StatusOK, dash.Graph{Nodes: list(g.Nodes), Links: list(g.Links)})
		return
	}
	ctx, stop := context.WithTimeout(r.Context(), callWithin)
	defer stop()
	g, err := s.graph(ctx)
	if err != nil {
		refuseWith(w, http.StatusServiceUnavailable, toError(err))
		return
	}
	writeJSON(w, http.StatusOK, g)
}

// graphTopicsMax bounds the meshes looked at for one picture.
const graphTopicsMax = 32

// graph is the node and its peers.
func (s *Server) graph(ctx context.Context) (dash.Graph, error) {
	info := s.node.Info()
	sessions, err := s.node.Sessions(ctx)
	if err != nil {
		return dash.Graph{}, err
	}
	topics, err := s.node.Topics(ctx)
	if err != nil {
		return dash.Graph{}, err
	}
	mesh := make(map[string]bool)
	for _, t := range topics[:min(len(topics), graphTopicsMax)] {
		if !t.Subscribed {
			continue
		}
		members, err := s.node.Mesh(ctx, t.Topic)
		if err != nil {
			return dash.Graph{}, err
		}
		for _, m := range members {
			mesh[m.String()] = true
		}
	}
	self := info.ID.String()
	g := dash.Graph{
		Nodes: []dash.GraphNode{{ID: self, Label: info.ID.Short(), Role: "self", Self: true}},
		Links: []dash.GraphLink{},
	}
	for _, p := range sessions {
		who := p.ID.String()
		g.Nodes = append(g.Nodes, dash.GraphNode{ID: who, Label: p.ID.Short(), Role: p.Session, Colour: p.Colour, RTT: p.RTT})
		g.Links = append(g.Links, dash.GraphLink{A: self, B: who, Kind: p.Link, Mesh: mesh[who]})
	}
	return g, nil
}
