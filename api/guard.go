package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"mime"
	"net/http"
	"strings"
)

// contentPolicy lets the page run its own scripts and styles and nothing else.
// Trusted types make the browser itself refuse markup made from text.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// guard is the first three locks, before any routing: Host, Origin, and the
// content type of what could change something. It also sets the headers that
// every answer carries.
func (s *Server) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		if !s.ownHost(r.Host) {
			refuse(w, http.StatusMisdirectedRequest, codeBadHost)
			return
		}
		if !ownOrigin(r) || s.cross.Check(r) != nil {
			refuse(w, http.StatusForbidden, codeBadOrigin)
			return
		}
		if r.Method == http.MethodPost && !isJSON(r.Header.Get("Content-Type")) {
			refuse(w, http.StatusUnsupportedMediaType, codeBadRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// ownHost tells whether a Host header means this listener.
func (s *Server) ownHost(host string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.names[strings.ToLower(host)]
}

// ownOrigin tells whether a request comes from no page or from our own. A page
// of ours behind a TLS proxy has an https origin.
func ownOrigin(r *http.Request) bool {
	all := r.Header.Values("Origin")
	if len(all) == 0 {
		return true
	}
	return len(all) == 1 && (all[0] == "http://"+r.Host || all[0] == "https://"+r.Host)
}

func isJSON(contentType string) bool {
	kind, _, err := mime.ParseMediaType(contentType)
	return err == nil && kind == "application/json"
}

// authorised is the last lock: the bearer token.
func (s *Server) authorised(r *http.Request) bool {
	all := r.Header.Values("Authorization")
	if len(all) != 1 {
		return false
	}
	scheme, token, _ := strings.Cut(all[0], " ")
	return strings.EqualFold(scheme, "Bearer") && s.isToken(token)
}

// isToken compares in a time that tells nothing, not even the length.
func (s *Server) isToken(given string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(s.opts.Token))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// withToken lets only those who show the token through.
func (s *Server) withToken(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !s.authorised(r) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="ropewalk"`)
			refuse(w, http.StatusUnauthorized, codeUnauthorised)
			return
		}
		next(w, r)
	}
}

// refuse answers with an HTTP status, and a JSON-RPC error for those who read on.
func refuse(w http.ResponseWriter, status, code int) {
	refuseWith(w, status, errorOf(code, ""))
}

func refuseWith(w http.ResponseWriter, status int, e *Error) {
	writeJSON(w, status, answerError(nil, e))
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "encoding failed", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(append(body, '\n'))
}
