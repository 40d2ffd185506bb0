// Package rpc is the wire form of GossipSub: the protobuf message RPC with its
// subscriptions, messages and control entries (libp2p specifications, pubsub/README
// "The RPC", gossipsub v1.0 to v1.3). The length prefix of a frame is the link's.
//
// Decode walks the raw bytes once, fills a reusable RPC whose slices alias the
// frame, and stops at the first excess: element counts are never trusted, memory
// grows with what was really read, and everything that is not message payload is
// charged against a budget. Unknown fields are skipped; a known field of the wrong
// wire type, a group, a truncated or oversized number is an error. Absent and
// present-but-empty bytes are kept apart (nil and empty), because they sign
// differently.
//
// A message that came in canonical form (known fields only, ascending, each once,
// minimal varints) is forwarded as the bytes it came in: Message.Frame is at the
// same time the field of the RPC it came in and a whole RPC of its own.
//
// The package does not interpret: no topics, no signatures, no UTF-8 check. The
// v1.3 extension messages are carried as raw bytes.
package rpc
