package discv5

import (
	"time"

	"github.com/ropewalk/ropewalk/discv5/wire"
	"github.com/ropewalk/ropewalk/id"
)

// Owner is of the tickets of our jobs.
const Owner id.Owner = "discv5"

// From the specification.
const (
	// TalkMax is the largest body of a TALKREQ in an established session, for a protocol
	// whose name has two bytes; each further byte of the name takes one of it
	// (discv5-wire, "UDP Communication": packets of at most 1280 bytes).
	TalkMax = 1174
	// ReplyMax is the largest body of a TALKRESP.
	ReplyMax = wire.TalkResponseMax

	// answerFor and handshakeFor are how long a request waits, in a session and while
	// there is none ("Good timeout values are 500ms for a single request/response and 1s
	// for the handshake").
	answerFor    = 500 * time.Millisecond
	handshakeFor = time.Second
	// foundMax bounds the records of an answer to FINDNODE ("The recommended result limit
	// for FINDNODE queries is 16 nodes").
	foundMax = 16
)

// Our choice, of sessions.
const (
	// sessionsMax is what is kept of sessions when nothing else is configured: an overlay
	// talks to many more nodes than stand in its table. A session takes some 2 KiB.
	sessionsMax = 8192
	// Keys are replaced before they have sealed keysPackets, half of what is allowed (2^31),
	// or when they are keysFor old.
	keysPackets = 1 << 30
	keysFor     = 24 * time.Hour
	// keysKept is how many generations of keys a session has: its own, and those that
	// packets on their way, or a handshake that the other side began, are sealed with.
	keysKept = 3
	// keysOld is how long older generations are kept once the newest has opened something.
	keysOld = 10 * time.Second
	// evictSteps is how many of the least lately used sessions are looked at for one that
	// nobody waits on.
	evictSteps = 16
)

// Our choice, of challenges and handshakes.
const (
	// challengesMax bounds the WHOAREYOU that may still be answered; challengeFor is how
	// long one may be, and how often further packets get the same bytes.
	challengesMax   = 1024
	challengesFirst = 16 // room for, at first
	challengeFor    = time.Second
	// challengeTries is how many handshakes are looked into for one challenge: who can
	// forge an address can send wrong ones, and each costs some 300 µs.
	challengeTries = 3
	// respondMax bounds the handshakes of others that are looked into at a time.
	respondMax = 64
	// heldEach and heldMax bound the packets that wait for a handshake's job, of one node
	// and in all.
	heldEach = 16
	heldMax  = 512
	// initiateMax is how often one request may be answered with WHOAREYOU.
	initiateMax = 2
)

// Our choice, of strangers: packets that belong to no session.
const (
	// Of one address: so many a second, and at once.
	strangerRate  = 10
	strangerBurst = 50
	// Of all addresses.
	strangersRate  = 500
	strangersBurst = 1000
	// WHOAREYOU to one address, and to all.
	whoRate   = 1
	whoBurst  = 5
	whosRate  = 100
	whosBurst = 200
	// knownRate and knownBurst are the share of those in our table, on top: a flood of
	// strangers does not keep them out.
	knownRate  = 50
	knownBurst = 100
	// hostsTracked is how many addresses have their own allowance at a time; more of them
	// share, by a hash with a secret key.
	hostsTracked = 1024
	// idsMax bounds the nodes at one address that have sessions with us. One more takes
	// the place of one that was silent for idsIdle.
	idsMax  = 10
	idsIdle = 5 * time.Minute
	// graceFor and graceNodes are how long, at most, and until how many live nodes strangers
	// wait after a start: graceRate of them a second are challenged, beside those we
	// know, so that old clients that hammer a node which came back do not keep it from
	// finding others.
	graceFor   = time.Minute
	graceNodes = 16
	graceRate  = 5
)

// Our choice, of requests.
const (
	// callsMax and callsEach bound our requests under way, in all and to one node;
	// waitingEach those of them that wait for a handshake.
	callsMax    = 4096
	callsEach   = 128
	waitingEach = 64
	// tries is how often a request is sent.
	tries = 2
	// talkWithin is how long TALK in a session waits in all: what answers it is a protocol's
	// work, not discv5's. Ultralight answers Portal's requests after 1 s.
	talkWithin = 2 * time.Second
	// patience is in how many round trips, beyond the time above, an answer may come; it
	// is at most answerMost.
	patience   = 4
	answerMost = 3 * time.Second
	// partsMax bounds the NODES that answer a request (others send at most five).
	partsMax = 5
	// againMax bounds the requests, and the packets told, that are sent again because the
	// other side had lost the session.
	againMax = 64
	// tellsKept is how many of the latest packets that were told are kept, for tellFor, to
	// be sent again in a handshake.
	tellsKept = 256
	tellFor   = 2 * time.Second
	// nearFor is how long a node is written to where it last wrote from, when its record
	// names another endpoint or none.
	nearFor = 2 * time.Minute
	// lookupsMax bounds the lookups under way.
	lookupsMax = 64
	// verifiedMax is how many records that were verified are remembered, by their hash.
	verifiedMax = 4096
)

// Our choice, of TALK.
const (
	// protocolBytesMax bounds a protocol's name.
	protocolBytesMax = 16
	// talksEach and talksMax bound the requests that are with their protocols, of one node
	// and in all; talkFor is how long one may be there.
	talksEach = 16
	talksMax  = 1024
	talkFor   = time.Second
	// queuedEach and queuedMax bound those that wait until there is room, for queuedFor at
	// most. What is beyond gets an empty answer at once.
	queuedEach = 64
	queuedMax  = 1024
	queuedFor  = 400 * time.Millisecond
)

// Our choice, of the table.
const (
	// The table is filled every fillFirst, then twice that and so on to fillMost, while
	// fewer than fillBelow nodes are live, and every refreshEvery otherwise.
	fillFirst    = time.Second
	fillMost     = time.Minute
	fillBelow    = 16
	refreshEvery = 10 * time.Minute
	// greetEvery is how often the nodes that others' handshakes introduce are pinged.
	greetEvery = 5 * time.Minute
	// checksAtOnce bounds the nodes that one input has pinged because the table wants to
	// know.
	checksAtOnce = 16
	// nodesSaved bounds Nodes.
	nodesSaved = 256
)
