// Package dash is the dashboard: one page that shows a node or a devnet live. It
// draws who is linked to whom, lists peers, slots, meshes and events, and has a
// chat box that sends; a page of its own shows what slots are for, the host book by
// colour, and bans, and another the content networks, what is kept of them, and a lookup
// hop by hop. Package api serves it and answers its calls; this package
// holds the files and the words of the picture (Graph).
//
// The page is Preact, uPlot and d3-force on a canvas, about 100 KiB, bundled by
// Go's esbuild from web/ into dist/, which is committed and embedded, so building
// the node needs neither Node.js nor a network:
//
//	go generate ./dash     builds dist/ anew; a test compares it with the sources
//	go test ./api -run TestShow -show 127.0.0.1:7480 -timeout 0
//	                       serves the page with a made-up node, to work on it
//
// It gets the token from the fragment of its address (#token=…), which browsers
// send nowhere, keeps it for the tab, and asks for it when there is none. It calls
// POST /rpc every two seconds and GET /dash/graph a little more often, and has one
// WebSocket for events and chat lines that it opens again when it breaks.
//
// Text from other nodes becomes text nodes and nothing else, cleaned of controls,
// bidirectional overrides and piled marks (web/src/clean.js); the ways from text
// to markup are kept out of sources and bundle by a test, and in the browser by
// the content policy. Remembered and drawn are bounded: 300 events, 500 lines a
// room, 64 rooms. It comfortably draws some hundreds of nodes; it is no tool for
// thousands.
//
// Surface, floor 5; imports nothing of the project.
package dash
