// Package sim is the simulated world: one clock, one seed, any number of whole
// nodes over a modelled network. The nodes are those of package node, glue
// included; only sockets, disk, clock and chance are the simulator's.
//
// Everything happens in one goroutine, in the order of virtual time and, within
// one moment, in the order of asking. Two runs with the same script, options and
// seed handle the same events in the same order and therefore print the same
// hash: SHA-256 over every event handled and every event the nodes report.
//
// The network: a link is a pair of ordered, reliable pipes, as TCP gives. A
// message takes the latency with its jitter; a lost packet is sent again after a
// time-out that doubles, and what was sent after it waits. A partition holds what
// crosses it until it heals or the links die. A killed node says nothing; the
// other ends notice when a reset reaches them.
//
// A datagram takes the latency with its jitter, once: lost or behind a partition it is
// gone, and datagrams overtake each other. Asks of the store of content are answered at
// once.
//
// Jobs are done at once, and once for all nodes when their Key says the result is
// the same. Saves reach the simulated disk at once and survive a kill.
//
// A script that lays out its network makes an experiment (lab.go): nodes have the
// links it says and no others, gossip is all they carry, hosts may be hostile
// (hostile.go) and uplinks slow (uplink.go), and the report has figures (figures.go).
// docs/simulation.md says what came out.
//
// World: it reads no clock but its own. It does not model downlinks, NAT or packet
// formats; the links' own code is tested on real sockets.
package sim
