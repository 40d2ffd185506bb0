// Package client talks to a running node: JSON-RPC 2.0 over HTTP for calls, over
// one WebSocket per Client for subscriptions.
//
// A node that runs leaves DIR/rpc.json in its data folder (mode 0600: url, token,
// pid) and removes it when it ends. Open reads it; when the file is missing, or
// its process is gone, the answer is *NoNodeError. The token goes into the
// Authorization header, never into a URL.
//
// Surface, floor 5: it knows the public face of package ropewalk, for the shapes
// of answers, and nothing under it. It does not reconnect: a subscription ends
// with its error, and the caller decides. Limits: an answer of 32 MiB, 256 items
// waiting per subscription.
package client
