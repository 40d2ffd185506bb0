package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// serveRPC is POST /rpc. The body is read whole before anything is executed.
func (s *Server) serveRPC(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, bodyBytesMax))
	if err != nil {
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			refuseWith(w, http.StatusRequestEntityTooLarge, errorOf(codeTooLarge, fmt.Sprintf("a body has at most %d bytes", bodyBytesMax)))
		} else {
			refuse(w, http.StatusBadRequest, codeBadRequest)
		}
		return
	}
	if !s.enter(r.Context(), 0) {
		w.Header().Set("Retry-After", "1")
		refuse(w, http.StatusServiceUnavailable, codeBusy)
		return
	}
	defer s.leave()
	out := s.execute(r.Context(), nil, raw)
	if out == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(append(out, '\n'))
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
