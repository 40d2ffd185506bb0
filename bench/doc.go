// Command bench measures what gossip costs and compares it with go-libp2p-pubsub, and
// what links cost beside go-ethereum's p2p and bare go-libp2p, and what discovery and
// content cost beside go-ethereum's discv5 and others, figure by figure, each with a bar.
// `make bench-gossip`, `make bench-links` and `make bench-overlay` run it; README.md says
// what each figure is.
//
// # How it measures
//
// Every measurement is a process of its own: the program starts itself once for
// ours and once for theirs, in turn, and takes medians over the repetitions. Heap,
// garbage collector and caches of one measurement therefore never meet the next.
// CPU is user and system time of the whole process around the measured phase
// (getrusage), so that goroutines, garbage collection and the kernel's part count,
// and so that other work on the machine does not. Allocations are differences of
// runtime.MemStats. Latency is read from a clock reading in each message.
//
// # What is the same on both sides
//
// The network figures run 20 nodes in one process over TCP on loopback with Noise
// and yamux of the same go-libp2p; the same secp256k1 keys, or Ed25519 authors where the figure says so; the same random graph
// of about ten links a node, made of the repetition's number; D 6, Dlo 5, Dhi 12 and
// one heartbeat a second; the same messages from the same authors in the same
// order. Under load 64 messages are in flight: the next one is published when one
// has reached everybody. Theirs has no resource manager and queues long enough to
// lose nothing; ours is the library as its users start it, with its resource
// manager, metrics and events.
//
// The figures of the router alone leave the network out: bytes of a peer go in,
// bytes for the peers come out. Ours is the machine itself with a Sender that
// counts. Theirs cannot be had without a host, so it gets one whose streams are in
// memory: a Read returns prepared frames, a Write counts and returns at once. Its
// own goroutines and marshalling belong to it, as ours' encoding does.
package main
