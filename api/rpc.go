package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/ropewalk/ropewalk"
)

// serveRPC is POST /rpc. The body is read whole before anything is executed.
func (s *Server) serveRPC(w http.ResponseWriter, r *http.Request) {
	raw, err := s.readBody(w, r)
	defer s.forgetBody(raw)
	if errors.Is(err, ropewalk.ErrBusy) {
		refuseBusy(w, "too many large calls at once")
		return
	}
	if err != nil {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			refuseWith(w, http.StatusRequestEntityTooLarge, errorOf(codeTooLarge, fmt.Sprintf("a body has at most %d bytes", bodyBytesMax)))
		} else {
			refuse(w, http.StatusBadRequest, codeBadRequest)
		}
		return
	}
	if !s.enter(r.Context(), 0) {
		refuseBusy(w, "")
		return
	}
	defer s.leave()
	// The deadline of reading goes on after the body, and ends the request's context.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(writeWithin))
	out := s.execute(r.Context(), nil, raw)
	if out == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(append(out, '\n'))
}

// readBody reads a body whole. Few may be large at once: ErrBusy.
func (s *Server) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body := http.MaxBytesReader(w, r.Body, bodyBytesMax)
	var raw bytes.Buffer
	if _, err := io.CopyN(&raw, body, bodySmall+1); errors.Is(err, io.EOF) {
		return raw.Bytes(), nil
	} else if err != nil {
		return nil, err
	}
	if s.large.Add(1) > bodiesLarge {
		s.large.Add(-1)
		return nil, ropewalk.ErrBusy
	}
	_, err := io.Copy(&raw, body)
	return raw.Bytes(), err
}

// forgetBody gives the place of a large body back.
func (s *Server) forgetBody(raw []byte) {
	if len(raw) > bodySmall {
		s.large.Add(-1)
	}
}

// execute answers a body: one object, a list for a batch, nil when all of it were
// notifications. The calls of a batch are executed in order, one after another.
func (s *Server) execute(ctx context.Context, sock *socket, raw []byte) []byte {
	reqs, batch, bad := parseBody(raw)
	if bad != nil {
		return encode(answerError(nil, bad))
	}
	var answers []json.RawMessage
	size := 0
	for _, r := range reqs {
		one := s.answerTo(ctx, sock, r, size)
		if one == nil {
			continue
		}
		size += len(one)
		answers = append(answers, one)
	}
	switch {
	case len(answers) == 0:
		return nil
	case !batch:
		return answers[0]
	}
	return encode(answers)
}

// answerTo executes one request and encodes its answer; nil for a notification.
// size is what the answers before it came to.
func (s *Server) answerTo(ctx context.Context, sock *socket, r request, size int) []byte {
	var (
		result any
		err    error
	)
	if size > answerBytesMax {
		err = errorOf(codeTooLarge, "the answers before this one fill the batch; this call was not executed")
	} else {
		result, err = s.call(ctx, sock, r)
	}
	if err != nil {
		e := toError(err)
		s.log.Debug("call failed", "method", fmt.Sprintf("%.64q", r.method), "code", e.Code, "err", e.Message)
		if r.id == nil && r.bad == nil {
			return nil
		}
		return encode(answerError(r.id, e))
	}
	if r.id == nil {
		return nil
	}
	body, err := json.Marshal(result)
	if err != nil {
		return encode(answerError(r.id, errorOf(codeInternal, "")))
	}
	return encode(answer{Version: "2.0", ID: r.id, Result: body})
}

// encode marshals what cannot fail: our own types and JSON that was checked.
func encode(v any) []byte {
	out, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("api: an answer does not encode: %v", err))
	}
	return out
}
