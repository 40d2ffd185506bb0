package kad

import "time"

// From the specification (discv5 theory, "Node Table" and "Lookup"; Kademlia, section 2).
const (
	// BucketMax is Kademlia's k: nodes of a bucket, and of a search's result.
	BucketMax = 16
	// Alpha is how many questions a search has in flight.
	Alpha = 3
	// distanceMax is the greatest log distance of two IDs.
	distanceMax = 256
)

// As other clients do, so that tables of the network look alike.
const (
	// buckets is how many there are: log distances 241 to 256 have one each, all below
	// share the first. At 2^16 nodes that one holds what is nearest to us.
	buckets = 17
	// cacheMax is how many replacements wait beside a bucket.
	cacheMax = 10
	// netBucketMax and netTableMax bound the nodes of one network, IPv4 /24 or IPv6 /48,
	// in a bucket and in the table, caches included.
	netBucketMax = 2
	netTableMax  = 10
	// portMin is the least UDP port that is believed on a stranger's word.
	portMin = 1025
	// creditCut divides what a node has earned by answering when it does not.
	creditCut = 3
)

// Our choice.
const (
	// hostTableMax bounds the nodes of one host, an IPv4 address or an IPv6 /64, in the
	// table: 384 ground IDs on four addresses hold eight places.
	hostTableMax = 2
	// toldMax bounds those in a bucket that we did not find ourselves, toldCacheMax those
	// in its cache.
	toldMax      = BucketMax / 2
	toldCacheMax = cacheMax / 2
	// toldLeast is how many such nodes a table takes that has found few itself; they are a
	// third of it otherwise. A bootnode begins with these, and finds the others by them.
	toldLeast = BucketMax
	// creditMax is as much as a node can earn: after it three checks in a row may fail.
	creditMax = 27
	// failsMax is how often in a row a node may fail that has no replacement, unprovenMax
	// one that has never answered; one that failed staleFails times is not given to others.
	failsMax    = 5
	unprovenMax = 3
	staleFails  = 2
	// checkEvery is the time in which a node that answers is not checked again: any
	// answer counts, so who is talked to is not pinged.
	checkEvery = 30 * time.Second
	// A node that failed is asked again after retryFor times its failures, at most retryMax.
	retryFor = 5 * time.Second
	retryMax = time.Minute
	// patience is how long a check may be under way before it counts for nothing.
	patience = 10 * time.Second
	// Pauses between two checks are drawn from zero to these: of newcomers, of the
	// proven, and of either when most checks fail.
	newPause    = 3 * time.Second
	provenPause = 9 * time.Second
	cutOffPause = 15 * time.Second
	// hungryPause is that of newcomers while fewer than hungry nodes are live: with the
	// long pause a network of 50 has two entries a table after 25 s.
	hungryPause = 60 * time.Millisecond
	hungry      = 2 * BucketMax
	// refetchEvery is how often a node's record is fetched because its number rose.
	refetchEvery = 5 * time.Minute
	// dropEvery and dropShare bound what checks cost the table: a tenth a minute.
	dropEvery = time.Minute
	dropShare = 10
	// silentFails is how many checks in a row, of nodes that had answered before, say that
	// we are cut off: nobody is dropped until one answers.
	silentFails = 8
)

// Of a search; our choice but for Alpha.
const (
	// QueriesMax bounds whom one search asks.
	QueriesMax = 128
	// TimeMax ends a search.
	TimeMax = time.Minute
	// HedgeAfter is how long an answer may take before the search goes on without it. A
	// round trip with a handshake takes two.
	HedgeAfter = 700 * time.Millisecond
	// flightMax bounds the questions in flight on a path, slow ones included, in alphas.
	flightMax = 4
	// PathsMax bounds the paths of a search.
	PathsMax = 8
	// knownMax bounds the nodes a search remembers, and answerMax those it takes of one
	// answer: what discv5's NODES (16) and Portal's (32) can carry.
	knownMax  = 1024
	answerMax = 32
	// hostSearchMax bounds the nodes of one host (/32, /64) in a search, netSearchMax those
	// of one network.
	hostSearchMax = 4
	netSearchMax  = 16
	// vouchersMax is how many of those that named a node are remembered; one that more name
	// is not doubted.
	vouchersMax = 3
	// distrustAfter is how many of those a node named may not answer before the others it
	// alone named are left to the last.
	distrustAfter = 3
	// regionNodes is how many honest nodes a search should have asked where the closest
	// are too dense; crowdChance is the chance below which they are. From the work on
	// Sybils around a key in IPFS: 20 closest, p < 1e-4.
	regionNodes = 20
	crowdChance = 1e-4
	// regionLeast is how large a network must be for that: in a smaller one a search asks
	// a good part of it anyhow.
	regionLeast = 4 * regionNodes
	// sizeNodes is how many nodes around us an estimate of the network's size needs.
	sizeNodes = 8
)
