// Package devnet runs real nodes on loopback, one of them a seed that the others
// learn of each other from, plays a script on them and shows them all on one
// dashboard.
//
// The nodes live in this process, or with Options.Processes in child processes
// that a script kills with SIGKILL. Either way the devnet talks to them as any
// user would, over their RPC, so a script that passes here has passed through
// every floor of the house.
//
// Surface: package scenario says what a script is; latency, loss and partitions
// are the simulator's and not possible here.
package devnet
