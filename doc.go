// Package ropewalk is a peer-to-peer node: discovery, encrypted links,
// self-healing sessions, gossip and chat under one secp256k1 key.
//
//	n, err := ropewalk.New(ropewalk.Config{})
//	if err != nil { … }
//	if err := n.Start(ctx); err != nil { … }
//	defer n.Close()
//	topic, err := n.Join(ctx, "news")
//	receipt, err := topic.Publish(ctx, []byte("hello"))
//	for m := range topic.Messages(ctx) { … }
//
// The package is the real world of the node machine (package node): it owns the
// sockets, the clock, the disk and every goroutine, and does nothing else. One
// loop goroutine owns the machine; links have one reader each, and one writer
// where writing can block; a bounded pool does slow jobs; one goroutine writes
// files. Start starts them, Close ends them and waits.
//
// The default transport is libp2p, and linking it in costs every program some 13
// MB on disk and 6 MiB of memory, used or not. A program that brings its own
// Config.Transports and wants neither is built with the tag nolibp2p; New then
// refuses a Config without Transports.
package ropewalk
