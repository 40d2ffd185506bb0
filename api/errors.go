package api

import (
	"context"
	"errors"
	"strings"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/id"
)

// The codes. Those from -32700 to -32600 are JSON-RPC's own; ours go down from
// -32000. They are part of the contract: a number is never given a new meaning.
const (
	codeParse          = -32700
	codeInvalidRequest = -32600
	codeNoMethod       = -32601
	codeInvalidParams  = -32602
	codeInternal       = -32603

	codeFailed         = -32000
	codeNotBuilt       = -32001
	codeNoSuchPeer     = -32002
	codeNoSuchRoom     = -32003
	codeRefused        = -32004
	codeBadTarget      = -32005
	codeTooLarge       = -32006
	codeBusy           = -32007
	codeClosed         = -32008
	codeTimedOut       = -32009
	codeTooFewPeers    = -32010
	codeNeedsSocket    = -32011
	codeUnauthorised   = -32012
	codeTooManySubs    = -32013
	codeNoSubscription = -32014
	codeBadHost        = -32015
	codeBadOrigin      = -32016
	codeBadRequest     = -32017 // HTTP around it is wrong: verb or content type
	codeNoContent      = -32018
	codePartly         = -32019
	codeNoRoom         = -32020
	codeNoNetwork      = -32021
	codeNoDiscovery    = -32022
)

// The codes of the Portal network's RPC, of portal_* and discv5_* only.
const (
	codePortalNotFound = -39001
	codePortalTraced   = -39002 // likewise, with the trace in data
	codePortalPingType = -39004
	codePortalPayload  = -39005
	codePortalNoType   = -39006
)

// kinds are the codes in plain words: data.kind of an error.
var kinds = map[int]string{
	codeParse:          "parse error",
	codeInvalidRequest: "invalid request",
	codeNoMethod:       "unknown method",
	codeInvalidParams:  "invalid parameters",
	codeInternal:       "internal error",
	codeFailed:         "failed",
	codeNotBuilt:       "not built in this version",
	codeNoSuchPeer:     "no such peer",
	codeNoSuchRoom:     "not a member of that room",
	codeRefused:        "refused",
	codeBadTarget:      "bad target",
	codeTooLarge:       "too large",
	codeBusy:           "busy",
	codeClosed:         "node is not running",
	codeTimedOut:       "timed out",
	codeTooFewPeers:    "too few peers",
	codeNeedsSocket:    "needs a WebSocket",
	codeUnauthorised:   "token missing or wrong",
	codeTooManySubs:    "too many subscriptions",
	codeNoSubscription: "no such subscription",
	codeBadHost:        "foreign host",
	codeBadOrigin:      "foreign origin",
	codeBadRequest:     "bad HTTP request",
	codeNoContent:      "content not found",
	codePartly:         "only partly found",
	codeNoRoom:         "no room for content",
	codeNoNetwork:      "no such content network",
	codeNoDiscovery:    "discv5 is off",
	codePortalNotFound: "content not found",
	codePortalTraced:   "content not found",
	codePortalPingType: "payload type not supported",
	codePortalPayload:  "payload cannot be decoded",
	codePortalNoType:   "payload without a type",
}

// table says which code an error of the node gets; the first match counts.
var table = []struct {
	is   error
	code int
}{
	{ropewalk.ErrNotBuilt, codeNotBuilt},
	{ropewalk.ErrTooFewPeers, codeTooFewPeers},
	{ropewalk.ErrPartly, codePartly}, // before why it is
	{ropewalk.ErrNoContent, codeNoContent},
	{ropewalk.ErrNoRoom, codeNoRoom},
	{ropewalk.ErrNoNetwork, codeNoNetwork},
	{ropewalk.ErrNoDiscovery, codeNoDiscovery},
	{ropewalk.ErrNoSuchPeer, codeNoSuchPeer},
	{ropewalk.ErrNoSuchRoom, codeNoSuchRoom},
	{ropewalk.ErrRefused, codeRefused},
	{ropewalk.ErrRejected, codeRefused},
	{ropewalk.ErrBadTarget, codeBadTarget},
	{id.ErrMalformed, codeBadTarget},
	{ropewalk.ErrBadInput, codeInvalidParams},
	{ropewalk.ErrTooLarge, codeTooLarge},
	{ropewalk.ErrBusy, codeBusy},
	{ropewalk.ErrClosed, codeClosed},
	{ropewalk.ErrNotStarted, codeClosed},
	{context.DeadlineExceeded, codeTimedOut},
	{context.Canceled, codeClosed},
}

// Error is the error object of an answer.
type Error struct {
	Code    int            `json:"code"`
	Message string         `json:"message"`
	Data    map[string]any `json:"data"`
}

func (e *Error) Error() string { return e.Message }

// errorOf makes the error of a code: its kind, and what exactly is wrong.
func errorOf(code int, detail string) *Error {
	e := &Error{Code: code, Message: kinds[code], Data: map[string]any{"kind": kinds[code]}}
	if strings.HasPrefix(detail, kinds[code]) {
		e.Message = detail
	} else if detail != "" {
		e.Message += ": " + detail
	}
	return e
}

// toError turns what a call returned into an error object.
func toError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	detail := strings.TrimPrefix(err.Error(), "ropewalk: ")
	for _, row := range table {
		if errors.Is(err, row.is) {
			return errorOf(row.code, detail)
		}
	}
	return errorOf(codeFailed, detail)
}
