package session

import "time"

// As DarkFi's sessions do, or bounds that hold for sessions of every kind.
const (
	dialsPerSecond = 10                     // new dials of any kind
	inFlightMax    = 50                     // dials without an outcome
	pauseMin       = 100 * time.Millisecond // of a slot after a failure
	pauseMax       = time.Second
	refineEvery    = 15 * time.Second
	seedGapSome    = 30 * time.Second // between seed contacts with peers, at least; doubled
	seedGapMax     = 10 * time.Minute
	offlineAfter   = 30 * time.Second // without peers, probing pauses
	inboundReserve = 4                // of the inbound cap, for manual peers and anchors
	perIPv4        = 8                // inbound links of one IPv4 address
	perIPv4Subnet  = 16               // of one /24
	perIPv6        = 8                // of one IPv6 /56
	perIPv6Subnet  = 64               // of one /48
	usefulFor      = time.Minute      // a link that lived this long clears backoff
	anchorSlots    = 2                // Bitcoin's and Monero's number
	refineMax      = 8                // probes in flight
	refineHaste    = 15               // times refineEvery goes into the period for who is new: 1 s
	feelerEvery    = 2 * time.Minute  // Bitcoin's period
	lookEvery      = 5 * time.Minute  // Bitcoin's, for a network that is not reached
)

// As Bitcoin Core's: how many inbound links each class keeps from giving way to a
// newcomer; half of the others are kept for their age.
const (
	spareByGroup   = 4 // network groups, in an order only we know
	spareByRTT     = 8 // lowest round trips
	spareByUse     = 4 // last who told us something new
	spareByContent = 4 // last who gave us content
)

// DarkFi's: how many percent of the outbound slots prefer proven hosts, at most, when
// nothing is said, and the most that can be said.
const (
	KnownPercent    = 70
	KnownPercentMax = 80
)

// Our choice.
const (
	// spareByValue is how many links are kept that the application values most.
	spareByValue = 4
	// leavingMax bounds the links that we have given up and that are not down yet, and
	// with that how far above the cap inbound links can be: each still holds a socket.
	leavingMax = 16
	// protectedMax, tagsMax and tagBytesMax bound who is protected, the tags of each,
	// and their length.
	protectedMax = 256
	tagsMax      = 8
	tagBytesMax  = 64
	// valueMax is the most that one tag is worth, which is gone after as many
	// valueEvery.
	valueMax   = 100
	valueEvery = time.Minute
	// OutboundDefault and InboundDefault serve a zero Config.
	OutboundDefault = 8
	InboundDefault  = 32
	// OutboundMax bounds the slots: above it a node is a crawler.
	OutboundMax = 128
	// SlotsMax bounds configured peers and seeds, each kind.
	SlotsMax = 128
	// TrustedMax bounds the trusted peers: each may hold a link above all limits.
	TrustedMax = 256
	// directsMax bounds the user's dials that wait for an outcome.
	directsMax = 64
	// dialFor is the deadline of one dial, resolve to hello, where Config.DialFor has none:
	// five seconds more than a world's own.
	dialFor = 20 * time.Second
	// farEvery is how often an empty slot for another network searches the whole book.
	farEvery = 10 * time.Second
	// patience is how long an outbound slot waits for one host before it looks further.
	patience = 2 * time.Second
	// Where dials that come up take longer than that on average, it waits for slowShare of
	// what they take, and at most patienceMax.
	slowShare = 2
	// Dials take tookFair on an ordinary way. Where they take longer, fewer are made at a
	// time, in proportion, but atOnceMin.
	tookFair    = time.Second
	atOnceMin   = 2
	patienceMax = 10 * time.Second
	// alonePatience is after how many failures of each slot in a row, without a peer, the
	// pauses double, up to alonePauseMax on average.
	alonePatience = 2
	alonePauseMax = 5 * time.Second
	// lossPauseMin and lossPauseMax bound the pause of an outbound slot that lost a useful
	// link, while no more than lossesFew were lost with gaps below lossesWithin.
	lossPauseMin = time.Millisecond
	lossPauseMax = 50 * time.Millisecond
	lossesFew    = 2
	lossesWithin = 2 * time.Second
	// givenUpAfter is how long a dial that nobody waits for is sure of its time, while
	// there are others who want it.
	givenUpAfter = 2 * patience
	// whiteFor is how long a proven host stays proven before a probe looks again.
	whiteFor = 10 * time.Minute
	// toldFor is the same where proven hosts are there to tell others of, as in a seed's
	// book: lilith looks at its oldest host that often.
	toldFor = 2 * time.Minute
	// zeroWait is how long a node without peers leaves its saved hosts to come up
	// before it asks seeds all the same; ±1/6 jitter.
	zeroWait = 3 * time.Second
	// seedGapZero is the first gap between contacts with a seed without peers; doubled.
	seedGapZero = time.Second
	// seedGapAlone is the longest gap between contacts with one seed while there is no peer.
	// The seeds take turns within it.
	seedGapAlone = 5 * time.Minute
	// seedFirstSome is how long a node that has found peers without seeds does without
	// them, though its slots are not full.
	seedFirstSome = 15 * time.Second
	// seedsAtOnce is how many seeds one contact asks: two, so that one seed alone
	// does not choose our peers.
	seedsAtOnce = 2
	// seedFor is how long a seed may take to answer.
	seedFor = 10 * time.Second
	// lateFor is how long a link may take to show that is said to be there already; the
	// other end of a race is a round trip and a turn of its loop behind.
	lateFor = 2 * time.Second
	// seedAgain is when a seed that knew nobody is asked once more on the same
	// link: nodes that start together find the seed as empty as themselves.
	seedAgain = time.Second
	// findGap and findGapMax space the rounds of asking connected peers; doubled.
	findGap    = time.Second
	findGapMax = 30 * time.Second
	// barrenRounds is how many rounds that brought nothing lead to a seed.
	barrenRounds = 2
	// After a disturbance, slots dial within restartMin and restartMax, which is time
	// enough for a new network to be ready and for nodes of one outage to spread.
	restartMin = time.Second
	restartMax = 3 * time.Second
	// staleDial is how old a dial is that is begun anew when an outage seems over: TCP and
	// QUIC try again after 1 s, then after twice as long each time (RFC 6298, RFC 9002).
	staleDial = 2 * time.Second
	// disturbedFor is how long before a disturbance dials may have failed for its reason.
	disturbedFor = 10 * time.Minute
	// outageMin without a peer is an outage of our own, whose end is the first peer.
	outageMin = 10 * time.Second
	// bookEvery is how often the book ends bans and forgets the dark.
	bookEvery = 10 * time.Second
)
