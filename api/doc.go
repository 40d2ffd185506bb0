// Package api is the control surface of a running node: JSON-RPC 2.0 over HTTP
// and WebSocket, the dashboard, metrics, health and, when asked for, the socket
// that DarkFi's viewers speak to.
//
// Everything is on one port, loopback unless the owner says otherwise:
//
//	POST /rpc          calls, single or in a batch         token
//	GET  /ws           calls and subscriptions             token, in the header or in the first message
//	PUT  /content/     a file, as it is                    token
//	GET  /content/ID   the same, or a range of its bytes   token
//	GET  /dash/graph   what the dashboard draws            token
//	GET  /debug/pprof  profiles                            token
//	GET  /             the dashboard's page and assets     none: they hold nothing private
//	GET  /metrics      Prometheus                          none on loopback: counts only, no names and no addresses
//	GET  /healthz /readyz                                  none; details only on loopback
//
// Four locks stand in front of it, in this order and before any routing. The
// Host header must name this listener, which defeats DNS rebinding. An Origin,
// when there is one, must be the listener's own, with the standard library's
// http.CrossOriginProtection as a second opinion: together they keep other web
// pages out. The body of a POST must be application/json, which no plain form can
// send. Last comes the bearer token, 256 bits, compared in constant time; it is
// never accepted in a URL.
//
// A request is read whole, checked for size, UTF-8, depth and shape, and only
// then is anything executed. Parameters are one object by name; a field nobody
// asked for is an error, and so is a number out of range. Methods of the Portal network,
// portal_* and discv5_*, take their parameters by place as well, as its clients send them. Errors carry the codes
// of JSON-RPC, or one of ours from -32000 down (errors.go has the table), each
// with data.kind in plain words.
//
// A subscription delivers notifications NAMESPACE_subscription with {subscription,
// result}. A reader that is too slow loses messages, not the node's memory, and is
// told so by a notification "lagged" with {subscription, lost}.
//
// Surface, floor 5: it knows the public face of package ropewalk and nothing
// under it. It does no encryption: to reach it from afar, put a tunnel or a
// TLS proxy in front.
package api
