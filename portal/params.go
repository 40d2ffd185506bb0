package portal

import "time"

// Requests. Our choice, but where it says otherwise.
const (
	// callTimeout is how long a node may take to answer: shisui and trin answer within
	// 200 ms, and discv5 may have to shake hands first. Slower nodes have callRTTs of
	// their round trips, up to callTimeoutMax.
	callTimeout    = 2 * time.Second
	callTimeoutMax = 5 * time.Second
	callRTTs       = 4
	// A node is slow that has not answered within slowRTTs of its round trips, which are
	// counted as slowLeast at least: a node with a busy disk takes that long. slowUnknown is
	// for nodes that never answered, and the most: a handshake takes two round trips.
	slowRTTs    = 4
	slowLeast   = 250 * time.Millisecond
	slowUnknown = 700 * time.Millisecond
	// callsMax bounds our requests in flight.
	callsMax = 1024
	// replyWithin is how long a request may wait for the store: shisui gives up on us
	// after 700 ms.
	replyWithin = 400 * time.Millisecond
	// readsMax and readsPerPeer bound requests that wait for the store.
	readsMax     = 512
	readsPerPeer = 16
	// requestsPerSecond and requestsBurst bound what one node may ask.
	requestsPerSecond = 100
	requestsBurst     = 300
	// offersPerSecond and offersBurst bound its offers (threats, "OFFER flood").
	offersPerSecond = 10
	offersBurst     = 20
)

// Transfers. Our choice.
const (
	// transfersMax bounds streams of one direction, and transfersPerPeer those of one
	// node. nimbus, trin and shisui have 50 and no bound per peer, so that one node can
	// block all of them.
	transfersMax     = 64
	transfersPerPeer = 8
	// pendingPerPeer bounds what a node has under way with us, with offers that wait for
	// the store.
	pendingPerPeer = 16
	// repeatsMax bounds the requests that wait for the answer to one offer: discv5 sends
	// each twice.
	repeatsMax = 4
	// bytesPerStream bounds one stream of an offer.
	bytesPerStream = 64 << 20
	// heldBytesMax bounds what transfers hold of content that came and is not stored
	// yet, and heldPerPeer what comes from one node.
	heldBytesMax = 256 << 20
	heldPerPeer  = 64 << 20
	// sentBytesMax bounds what waits in streams to others; a value counts once for each.
	sentBytesMax = 512 << 20
	// openWithin is how long we wait for a stream we offered to be opened.
	openWithin = 10 * time.Second
	// itemWithin is how long one item may take, and slowBytes what must come in every
	// slowEvery: 10 KiB/s.
	itemWithin = 60 * time.Second
	slowEvery  = 5 * time.Second
	slowBytes  = 50 << 10
	// lingerFor is how long a stream that brought everything may take to end.
	lingerFor = 5 * time.Second
	// sendWithin bounds a stream to another node, with a second more for every
	// sendRate bytes.
	sendWithin = 30 * time.Second
	sendRate   = slowBytes / 5
	// secondAfter is when a second inbound transfer of one item is let in beside a slow
	// one.
	secondAfter = 10 * time.Second
	// claimsMax bounds items on their way in; fallbacksMax the nodes remembered for each,
	// fallbackFor how long.
	claimsMax    = 4096
	fallbacksMax = 8
	fallbackFor  = 120 * time.Second
)

// Offers of ours. Our choice.
const (
	// offersInFlight bounds offers and their streams to one node; while they are under
	// way further items gather and go together.
	offersInFlight = 4
	// batchBytes is what one stream carries at most of gathered items.
	batchBytes = 8 << 20
	// ourOffersPerSecond and ourOffersBurst are what we ask of one node, less than what
	// we let one ask of us.
	ourOffersPerSecond = 8
	ourOffersBurst     = 12
	// gossipStreams bounds offers of gossip under way.
	gossipStreams = 16
	// gossipWait is how long gossip gives way to what is coming in, gossipBytesMax what
	// waits of it, where a value counts once for each node it is to go to.
	gossipWait     = 3 * time.Second
	gossipBytesMax = 512 << 20
	// offerHead and offerKeyHead are what an offer's list costs beside its keys.
	offerHead    = 5
	offerKeyHead = 4
	// queueItems bounds items that wait for one node, and queuedMax those for all.
	queueItems = 256
	queuedMax  = 16384
	// limitedFor is how long a node that said "rate limited" is offered nothing.
	limitedFor = 5 * time.Second
	// gossipNear and gossipFar are how many of the nearest interested nodes, and of the
	// others, are offered what came in (trin's 4 and 4).
	gossipNear = 4
	gossipFar  = 4
	// gossipFrom is among how many of the nearest.
	gossipFrom = 64
	// cooldown is how long an item is not offered again to a node on our own account.
	cooldown     = 10 * time.Minute
	cooldownsMax = 8192
	// crowdedFrom is up to how many things we want of one node it should have room for them,
	// crowdedRounds how often it is asked again for content that nobody had, and
	// crowdedAfter when, each time so much later.
	crowdedFrom   = transfersPerPeer / 2
	crowdedRounds = 8
	crowdedAfter  = 150 * time.Millisecond
	// pokes is how many nodes are told of what they lacked.
	pokes = 3
	// replicasDefault and replicaTries bound a Put.
	replicasDefault = 3
	replicaTries    = 24
	// retriesMax is how often a node that said "later" is offered an item again,
	// retryAfter when, each time so much later: together longer than a stream is waited for
	// that nobody opens.
	retriesMax = 5
	retryAfter = time.Second
	// silentRetries is how often one is that did not answer, for want of others: the offer
	// and what discv5 sent again may both have been lost.
	silentRetries = 1
	// slowMax is for how many slow nodes a Put turns to others: more are slow because we are.
	slowMax = 8
	// lookedLately is how long a small table needs no further lookup.
	lookedLately = 30 * time.Second
	// putsMax bounds Puts under way, putWithin how long one may take.
	putsMax   = 1024
	putWithin = 120 * time.Second
)

// Lookups. Our choice, but where it says otherwise.
const (
	// lookupWithin bounds a lookup, contentWithin the search for content before any came.
	lookupWithin = 60 * time.Second
	// lookupsMax bounds lookups under way, lookupsWaiting those that wait for one to end.
	lookupsMax     = 64
	lookupsWaiting = 4096
	// pathsDefault is how many disjoint paths a content lookup takes (threats, "lookup
	// capture").
	pathsDefault = 4
	// pathsPut is for the lookup before a Put: what is put at the wrong nodes is lost.
	pathsPut = 8
	// headStart is how long the first node asked for content is alone, so that large
	// content is not fetched three times.
	headStart = 200 * time.Millisecond
	// hedgeAfter is when the next node is asked while one is slow, with its answer or
	// its stream.
	hedgeAfter = 1500 * time.Millisecond
	// reservedFor is how long a stream that a node keeps for us is good for.
	reservedFor = 8 * time.Second
	// lackedMax bounds the nodes remembered as having lacked the content.
	lackedMax = 32
	// varintMax is what a length before an item has at most.
	varintMax = 5
	// tracedMax bounds the nodes of a trace.
	tracedMax = 512
)

// The table. Our choice, but where it says otherwise.
const (
	// refreshAfter is how long there may be no lookup (origins A16).
	refreshAfter = 5 * time.Minute
	// reseedEvery is how often an empty table is seeded again.
	reseedEvery = 5 * time.Second
	// seedsMax bounds the nodes remembered for that.
	seedsMax = 128
	// announceStep is the change of our radius, in percent, that is told before the next
	// ping, announceEvery how fast.
	announceStep  = 10
	announceEvery = 200 * time.Millisecond
)

// joinAt are the times after the start at which we look ourselves up: when many nodes
// start together the first finds few.
var joinAt = []time.Duration{0, time.Second, 3 * time.Second, 10 * time.Second, 30 * time.Second}

// Nodes. Our choice.
const (
	// peersMax bounds nodes we remember something of: radius, conduct, quotas. Clients
	// keep 512 radii.
	peersMax = 2048
	// radiusEvery is how often a node may change the radius it tells (threats, "radius
	// lies").
	radiusEvery = 30 * time.Second
	// refusedFor is how long a refusal for want of radius counts against what it tells.
	refusedFor = 10 * time.Minute
	// banAt is the score that bans, blameHalf how long it takes to be half forgotten.
	banAt     = 100
	blameHalf = 10 * time.Minute
	// banFor is for wrong answers, banInvalid for bad content (nimbus: 30 and 60 min).
	banFor     = 30 * time.Minute
	banInvalid = 60 * time.Minute
)

// What a node's conduct costs it.
const (
	blameRequest = 2   // a request that cannot be read
	blameRecord  = 10  // a bad record in an answer
	blameAnswer  = 30  // an answer of another kind, or that cannot be read
	blameStall   = 5   // a transfer that stalls or ends early: so does one over a line that is full
	blameLie     = 40  // a stream that does not hold what was agreed
	blameInvalid = 100 // content that is not what its key promises
)

// CacheBytesDefault bounds the values kept in memory, beside the store.
const CacheBytesDefault = 32 << 20

// Content that failed its check. refusedKeys and refusedEach bound the keys and, of each,
// the values that are remembered; refusedLately is for how long: what a value is judged by,
// such as a chain of blocks, may change.
const (
	refusedKeys   = 1024
	refusedEach   = 8
	refusedLately = 10 * time.Minute
)

// verifiedMax bounds the records remembered as verified: tables hold hundreds, and the
// same ones come in most answers.
const verifiedMax = 1024
