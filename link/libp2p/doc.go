// Package libp2p makes links of libp2p connections: TCP and QUIC, Noise or TLS,
// yamux or QUIC streams, identify. It is the only package that imports libp2p.
//
// Edge, blocking. It implements link.Link, link.Busier and the transport a world
// drives: Listen, Dial, Accept, Close. The host is put together by hand (host.go)
// because the library's own constructor links every transport it knows.
//
// One connection is one link, finished when identify has named the remote's
// protocols and our lanes are negotiated. A lane is a pair of streams, each used
// one way, as GossipSub's peers use them: we write on the one we
// opened and read on the one the remote opened. When our stream dies while the
// connection lives we report Shut, open another (at once, then with growing
// pauses, a few times) and report Opened. When the remote opens a new stream for a
// lane the old one is reset, Ended is reported, then Began. A lane that identify
// did not name is opened later, when the remote's protocols change or when it
// opens that lane to us. A connection without any lane of ours is no link; it is
// left to libp2p's own services and trimmed by its connection manager. One with a
// remote that Config.Foreign recognises is closed as Useless.
//
// A frame is an unsigned varint length and the payload; protocols that are not
// Bare put the code in front of the payload as a varint, inside the length. A
// frame that breaks the rules resets its stream; breachesMax of them close the
// link with Breach.
//
// Each lane has a bounded out-queue and its own writer, so that a lane whose
// remote does not read holds up no other (Busy, Freed). What was read waits in one
// bounded inbox per link; when that is full the streams are not read, which holds
// up the remote. What was written shortly before Close may be lost. Data written
// to a lane whose stream has just died is dropped without an error, because the
// Shut event already tells; only misuse is an error.
//
// Reasons cross as libp2p connection error codes, reasonBase + reason.
//
// What it does not do: keep addresses (its peerstore forgets them with the
// connection; hosts is the book), choose whom to dial, judge duplicates, offer a
// relay or an AutoNAT v1 server, WebSocket, WebTransport or WebRTC.
//
// Goroutines: one accept loop of events per transport, one per connection while it
// is set up, per link one per open stream and one per lane while it has something
// to write; Close waits for all of them. libp2p runs its own behind this.
//
// Limits: params.go and Limits.
package libp2p
