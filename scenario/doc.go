// Package scenario is a small language for what users do and what they must then
// see. One script runs in the simulator and on real nodes; when the two disagree,
// one of them is wrong.
//
// Value; it asks a Stage (what a world offers) and decides nothing about worlds.
// Parse makes a Script of text, NewPlay puts it on a Stage, Advance plays it as
// time goes by, Report tells how each step went. Pure: the world passes the clock
// in and seeds the randomness, so a play repeats.
//
// # The language
//
// One step per line; # starts a comment. Nodes are called node1, node2 and so on;
// the first ones are the seeds. NODES is a comma-separated list of all, alive
// (running now), down (not), seeds, stayed (running ever since they were started),
// returned (running again), nodeN and nodeN..nodeM. D is a duration as Go writes it, 250ms or 10s. TEXT is the words
// as they stand, or one quoted string.
//
//	nodes N [seeds K] [over D]             start N nodes that know only the K seeds (first step)
//	nodes N links K [over D]               start N nodes with K random links each, which find nobody
//	wait NODES peers>=N within D           N, or as many others as are running
//	join NODES ROOM
//	say NODE ROOM TEXT [as NAME]
//	load NODES ROOM lines N over D         N different lines by NODES, evenly spread
//	load NODES topic:TOPIC lines N over D [of SIZE]   the same in a topic; SIZE is 200B, 96KiB or 1MiB
//	expect NODES ROOM TEXT within D        each of them has the line exactly once
//	expect NODES ROOM $NAME within D       the line said "as NAME"
//	expect NODES ROOM everything within D  every line said there that reached anybody
//	sub NODES TOPIC
//	pub NODE TOPIC TEXT [as NAME]
//	expect NODES topic:TOPIC TEXT within D (also $NAME and everything)
//	expect NODES ROOM TEXT latest D within D   and no arrival later than D after it was said
//	kill NODES
//	kill random N [except NODES]           of those running; N may be a share, 50%
//	restart NODES
//	expect NODES refilled within D         as many peers as each could have
//	expect NODES filled [P%] [median] within D   each, or half of them, with that share of the
//	                                       slots that it could fill, D after the last nodes, kill, restart or heal
//	expect NODES rejoined within D         their first peer came within D of their own start, and they
//	                                       have asked no seed since
//	put NODE SIZE as NAME within D         a file of so many bytes, until it is on disk and offered to others
//	put NODES files N of SIZE [over D] as NAME within D   each by one of the nodes, drawn at random
//	get NODES $NAME [P%] within D          each gets the file, and it is the same; of several files each is got
//	                                       by one node; P% of them will do
//	partition NODES NODES
//	heal
//	latency D±D                            or D+-D, or D alone
//	loss P                                 0.1 or 10%
//	sleep D
//
// Experiments, which only a Lab can do:
//
//	latency D..D±P                         drawn for each link; P is the jitter, 10% or 0.1
//	uplink RATE                            what each host can send, 50Mbit in a second
//	hostile N links K [dialled P] [at NODES] in TOPIC do CONDUCT
//	                                       N hosts with K links each, to NODES or to any; the
//	                                       nodes dial a share of them, which counts as outbound
//	flash                                  hostile hosts stop passing messages on
//	churn P [except NODES]                 a share of the nodes comes and goes from now on
//	against VERSION                        play once more, every router held to VERSION, and compare
//
// CONDUCT is drop, forward (until the flash) or censor:NODE (forward, but not what
// NODE says), with ",storm" to GRAFT every second whatever the backoff and ",lie" to
// advertise messages and never send them.
//
// Not every world can do everything: Script.Check names the steps that are not
// possible in one, before anything has started.
//
// # How a play goes
//
// Steps run in order; a wait or an expectation holds the play until it is met or
// its time is over, and a step that fails ends the play. Expectations of lines also
// measure how long each node took, from the say to the arrival. At the end every
// line that was expected is looked at once more, so that a duplicate that came late
// is found too.
//
// It does not start processes, keep clocks or know what a room is, and it has no
// variables, branches or loops. Limits are in params.go.
package scenario
