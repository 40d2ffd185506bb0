// Package utp carries byte streams between nodes in small packets: uTP as of BEP 29,
// with what the Portal network does otherwise (portal-network-specs utp/discv5-utp.md,
// at 54b1db3): connection IDs are agreed elsewhere, whoever listens may write first, and
// a SYN's answer takes no sequence number.
//
// Strand; asks below: Sender, which carries packets within a session that both ends have
// proven (discv5's TALK). News: what happened to each stream, by the ticket of its user.
// One Endpoint serves a whole node.
//
// A stream is made in two steps. Who is to listen reserves a connection ID for one
// remote (Reserve) and tells it, in a message of another protocol; the remote dials
// (Dial). Either end writes (Write) and closes (Finish). Streams of this network go one
// way: one end writes, the other reads, and the writer's FIN ends the stream for both.
//
// What is sent is paced and bounded by LEDBAT (RFC 6817): the window grows while packets
// wait less than 100 ms in queues on the way, and shrinks when they wait longer, so
// that whoever else uses the line goes first. It starts by doubling in each round trip.
// Losses are seen in the order of sending: who was sent three transmissions before
// another that has arrived is sent again, with some more patience where the way is seen
// to change the order (RFC 8985). A round trip without an answer probes the tail.
// A stream goes on with the window of one to the same place that has just ended.
//
// Bytes to send are kept by reference until they are acknowledged and copied into one
// buffer per endpoint when they go. Bytes received in order are handed up where they lie
// in the packet. So a stream in good order copies once, allocates nothing and touches no
// timer: a stream's place in the heap of deadlines is only ever too early, and is put
// right when its time comes.
//
// Limits (params.go): streams per peer and of each direction, time for a SYN, time
// without progress, retries, bytes out of order per stream, peer and in total, RESETs per
// peer and in total, streams that are kept after their end to answer late packets.
//
// It does not open sockets, encrypt, choose connection IDs for outbound streams, or
// know what its bytes mean.
package utp
