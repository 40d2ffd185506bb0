package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/id"
)

// Files go as they are over HTTP: as base64 in a call they would be a third larger, and
// whole in memory.

// servePut is PUT /content/: the body is the file. The answer comes when it is on disk
// here and offered to others. A name in the path, which `curl -T FILE` adds, means nothing.
func (s *Server) servePut(w http.ResponseWriter, r *http.Request) {
	if _, err := id.Parse(r.PathValue("name")); err == nil {
		refuseWith(w, http.StatusBadRequest, errorOf(codeInvalidParams, "the ID is what the file's hash says: PUT /content/"))
		return
	}
	if !s.enterFile(w) {
		return
	}
	defer s.leaveFile()
	p := patient(w)
	out, err := s.node.PutReader(r.Context(), patientReader{r.Body, p}, ropewalk.PutOptions{Network: r.URL.Query().Get("network"), Size: max(0, r.ContentLength)})
	p.extend()
	if err != nil {
		s.refuseFile(w, err)
		return
	}
	writeJSON(w, http.StatusOK, out)
}

// serveGet is GET /content/ID: the answer's body is the file, whole, or the connection
// breaks. With ?chunk it is one chunk of a file.
func (s *Server) serveGet(w http.ResponseWriter, r *http.Request) {
	which, err := id.Parse(r.PathValue("id"))
	if err != nil {
		refuseWith(w, http.StatusBadRequest, errorOf(codeInvalidParams, "not a content ID: 64 hex digits after 0x"))
		return
	}
	if !s.enterFile(w) {
		return
	}
	defer s.leaveFile()
	if r.Header.Get("If-None-Match") == tagOf(which) { // what has an ID never changes
		w.Header().Set("ETag", tagOf(which))
		w.WriteHeader(http.StatusNotModified)
		return
	}
	out := patientWriter{w, patient(w)}
	o := ropewalk.GetOptions{Network: r.URL.Query().Get("network")}
	if r.URL.Query().Has("chunk") {
		chunk, err := s.node.GetChunk(r.Context(), which, o)
		if err != nil {
			s.refuseFile(w, err)
			return
		}
		fileHead(w, int64(len(chunk)), which)
		_, _ = out.Write(chunk)
		return
	}
	f, err := s.node.Fetch(r.Context(), which, o)
	if err != nil {
		s.refuseFile(w, err)
		return
	}
	p, err := partOf(r, f.Manifest.Size, tagOf(which))
	if err != nil {
		w.Header().Set("Content-Range", fmt.Sprintf("bytes */%d", f.Manifest.Size))
		refuseWith(w, http.StatusRequestedRangeNotSatisfiable, errorOf(codeInvalidParams, err.Error()))
		return
	}
	head := &headed{w: out, head: func() {
		fileHead(w, p.size(), which)
		if p.whole {
			w.WriteHeader(http.StatusOK)
			return
		}
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", p.from, p.to-1, f.Manifest.Size))
		w.WriteHeader(http.StatusPartialContent)
	}}
	if r.Method != http.MethodHead {
		err = p.fetch(r.Context(), f, head)
	}
	switch {
	case err == nil:
		head.begin()
	case !head.begun:
		s.refuseFile(w, err)
	default:
		s.log.Debug("file breaks off", "id", which.Short(), "err", err)
		panic(http.ErrAbortHandler) // so that nobody takes a part for the whole
	}
}

// headed begins an answer with the first of its bytes, so that until then it can say why
// there are none.
type headed struct {
	w     io.Writer
	head  func()
	begun bool
}

func (h *headed) begin() {
	if !h.begun {
		h.begun = true
		h.head()
	}
}

func (h *headed) Write(b []byte) (int, error) {
	h.begin()
	return h.w.Write(b)
}

// tagOf is the entity tag of content: what it is named by.
func tagOf(which id.ID) string { return `"` + which.String() + `"` }

func fileHead(w http.ResponseWriter, size int64, which id.ID) {
	h := w.Header()
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Type", "application/octet-stream")
	h.Set("Content-Length", strconv.FormatInt(size, 10))
	h.Set("ETag", tagOf(which))
	h.Set("Content-Disposition", "attachment")
}

// refuseFile says why there is no file, in the status too.
func (s *Server) refuseFile(w http.ResponseWriter, err error) {
	e := toError(err)
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, ropewalk.ErrPartly): // before why it is
		status = http.StatusGatewayTimeout
	case errors.Is(err, ropewalk.ErrNoContent), errors.Is(err, ropewalk.ErrNoNetwork):
		status = http.StatusNotFound
	case errors.Is(err, ropewalk.ErrNoRoom):
		status = http.StatusInsufficientStorage
	case errors.Is(err, ropewalk.ErrBadInput), errors.Is(err, ropewalk.ErrTooLarge):
		status = http.StatusBadRequest
	case errors.Is(err, ropewalk.ErrClosed), errors.Is(err, ropewalk.ErrNotStarted), errors.Is(err, ropewalk.ErrBusy):
		status = http.StatusServiceUnavailable
	}
	refuseWith(w, status, e)
}

func refuseBusy(w http.ResponseWriter, why string) {
	w.Header().Set("Retry-After", "1")
	refuseWith(w, http.StatusServiceUnavailable, errorOf(codeBusy, why))
}

// enterFile takes a place among the files on their way, or says that there is none.
func (s *Server) enterFile(w http.ResponseWriter) bool {
	if s.files.Add(1) <= filesMax {
		return true
	}
	s.leaveFile()
	refuseBusy(w, fmt.Sprintf("%d files are on their way", filesMax))
	return false
}

func (s *Server) leaveFile() { s.files.Add(-1) }

// patience gives a connection as much time as a file needs, as long as some of it moves.
type patience struct{ c *http.ResponseController }

func patient(w http.ResponseWriter) patience {
	p := patience{http.NewResponseController(w)}
	p.extend()
	return p
}

func (p patience) extend() {
	until := time.Now().Add(fileWithin)
	_ = p.c.SetReadDeadline(until) // also while nothing is read: a deadline that passes ends the request's context
	_ = p.c.SetWriteDeadline(until)
}

// patientReader is a body that comes as slowly as it can be put.
type patientReader struct {
	r io.Reader
	p patience
}

func (b patientReader) Read(to []byte) (int, error) {
	b.p.extend()
	return b.r.Read(to)
}

// patientWriter is an answer that comes as slowly as it is found.
type patientWriter struct {
	w io.Writer
	p patience
}

func (b patientWriter) Write(from []byte) (int, error) {
	b.p.extend()
	return b.w.Write(from)
}
