// Package score judges the peers of a GossipSub router by what they do: the score
// function P1 to P7 of gossipsub-v1.1 "Peer Scoring", its decay and retention, and
// a guard that looks at one topic at a time.
//
// Strand, pure. It knows no frames and no meshes: the router tells it what happened
// (Up, Graft, Copy, Judge, Penalty …) and asks for a number. Time is handed in;
// Advance does what is due, a bounded part of it at a time.
//
// # What a score is made of
//
//	score = min(what topics earned, TopicScoreCap) + what topics lost
//	      + w5·P5 + w6·P6 + w7·P7 − debt
//	topic = TopicWeight · (w1·P1 + w2·P2 + w3·P3 + w3b·P3b + w4·P4)
//
// A message is a record from its first copy on: who sent it, in which order, and
// what became of it. The verdict credits the first sender (P2) and every mesh peer
// that sent it so far (P3), or charges all of them (P4). Copies that come within the
// window after it count for P3, once per peer; copies of what is known to be invalid
// are charged each time.
//
// Three things differ from the specification, each to the disadvantage of an
// attacker only. The cap is laid on what topics earn before losses come off, so no
// topic pays for another beyond it. P3 ends with the time in the mesh, where the
// reference implementation lets it grow after a prune; P3b keeps what was missing.
// And a newcomer from a network whose retained peers are below zero owes part of
// what they lost: an eighth, at most half the gossip threshold, for minutes.
//
// A total cannot show that a peer keeps back one topic and is good in others.
// Starves can; it says who might be swapped, and costs nobody anything.
//
// # What it costs
//
// Each peer keeps the sum of its topics, and each topic its weighted part: an event
// changes one part, a question adds the parts up if one changed. Counters decay in
// rounds over the peers that have any. Records stand in a queue by age without
// pointers, with an index beside it.
//
// # What it does not do
//
// It does not prune, refuse or close; it does not check messages; it keeps nothing
// on disk. It does not know what we sent, so a peer that echoes everything at once
// is told from one that forwards only by the window.
//
// # Limits
//
// Some million messages for RecordTTL, 60 senders of each, 65,536 blocks of senders
// in all; 8,192 peers that left, for RetainScore, those with nothing against them
// evicted first; three groups of addresses for each peer known. All of it is gone
// when the last peer is.
package score
