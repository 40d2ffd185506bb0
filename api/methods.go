package api

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// method executes one call. It reads its parameters first and does nothing
// before args.end says that all were right.
type method func(s *Server, ctx context.Context, a *args) (any, error)

// methods are the calls, by name.
var methods = map[string]method{
	"node_info":   (*Server).nodeInfo,
	"node_health": (*Server).nodeHealth,
	"node_stop":   (*Server).nodeStop,

	"session_list":       (*Server).sessionList,
	"session_slots":      (*Server).sessionSlots,
	"session_scopes":     (*Server).sessionScopes,
	"session_hosts":      (*Server).sessionHosts,
	"session_import":     (*Server).sessionImport,
	"session_connect":    (*Server).sessionConnect,
	"session_disconnect": (*Server).sessionDisconnect,
	"session_ban":        (*Server).sessionBan,
	"session_unban":      (*Server).sessionUnban,
	"session_trust":      (*Server).sessionTrust,
	"session_untrust":    (*Server).sessionUntrust,
	"session_protect":    (*Server).sessionProtect,
	"session_unprotect":  (*Server).sessionUnprotect,
	"session_seed":       (*Server).sessionSeed,
	"seed_networks":      (*Server).seedNetworks,
	"session_bans":       (*Server).sessionBans,
	"session_set":        (*Server).sessionSet,

	"gossip_publish": (*Server).gossipPublish,
	"gossip_topics":  (*Server).gossipTopics,
	"gossip_mesh":    (*Server).gossipMesh,
	"gossip_stats":   (*Server).gossipStats,
	"gossip_scores":  (*Server).gossipScores,
	"gossip_direct":  (*Server).gossipDirect,

	"content_put":      (*Server).contentPut,
	"content_get":      (*Server).contentGet,
	"content_manifest": (*Server).contentManifest,
	"content_list":     (*Server).contentList,
	"content_stat":     (*Server).contentStat,
	"content_drop":     (*Server).contentDrop,

	"web3_clientVersion": (*Server).web3ClientVersion,

	"chat_join":    (*Server).chatJoin,
	"chat_leave":   (*Server).chatLeave,
	"chat_rooms":   (*Server).chatRooms,
	"chat_send":    (*Server).chatSend,
	"chat_history": (*Server).chatHistory,
}

// socketMethods open and close subscriptions, so they need a WebSocket.
var socketMethods = map[string]func(c *socket, ctx context.Context, a *args) (any, error){
	"node_events":        (*socket).nodeEvents,
	"node_unsubscribe":   (*socket).unsubscribe,
	"gossip_subscribe":   (*socket).gossipSubscribe,
	"gossip_unsubscribe": (*socket).unsubscribe,
	"chat_subscribe":     (*socket).chatSubscribe,
	"chat_unsubscribe":   (*socket).unsubscribe,
}

// Methods names every call, those of subscriptions too, in order.
func Methods() []string {
	return slices.Sorted(func(yield func(string) bool) {
		for name := range methods {
			if !yield(name) {
				return
			}
		}
		for name := range socketMethods {
			if !yield(name) {
				return
			}
		}
		for _, name := range portalMethods() {
			if !yield(name) {
				return
			}
		}
		for verb := range discv5Verbs {
			if !yield("discv5_" + verb) {
				return
			}
		}
	})
}

// exists tells whether there is such a call.
func exists(method string) bool {
	_, plain := methods[method]
	_, socket := socketMethods[method]
	_, _, portal := cutPortal(method)
	verb, is := strings.CutPrefix(method, "discv5_")
	_, discovery := discv5Verbs[verb]
	return plain || socket || portal || is && discovery
}

// within is how long a call may take.
func within(method string) time.Duration {
	for _, strand := range []string{"content_", "portal_", "discv5_"} {
		if strings.HasPrefix(method, strand) {
			return longWithin
		}
	}
	return callWithin
}

// call executes one request that was read well. sock is nil over plain HTTP.
func (s *Server) call(ctx context.Context, sock *socket, r request) (result any, err error) {
	if r.bad != nil {
		return nil, r.bad
	}
	defer func() {
		if p := recover(); p != nil {
			s.log.Error("call panicked", "method", r.method, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
			result, err = nil, errorOf(codeInternal, "")
		}
	}()
	a := newArgs(r.params)
	short, stop := context.WithTimeout(ctx, within(r.method))
	defer stop()
	if m, ok := methods[r.method]; ok {
		return m(s, short, a)
	}
	if network, v, ok := cutPortal(r.method); ok {
		return s.callPortal(short, network, v, a)
	}
	if v, ok := discv5Verbs[strings.TrimPrefix(r.method, "discv5_")]; ok && strings.HasPrefix(r.method, "discv5_") {
		out, err := v.call(s, short, a)
		return out, portalError(err)
	}
	if m, ok := socketMethods[r.method]; ok {
		if sock == nil {
			return nil, errorOf(codeNeedsSocket, "subscribe over /ws")
		}
		return m(sock, ctx, a)
	}
	return nil, errorOf(codeNoMethod, fmt.Sprintf("%.64q", r.method))
}

// done is the result of a call that has nothing to tell.
var done = map[string]bool{"ok": true}
