package hosts

import "time"

// The sizes of DarkFi's lists, and the periods this kind of book has there.
const (
	GreyMax  = 2000
	WhiteMax = 5000
	DarkMax  = 1000
	BansMax  = 10_000
	// SourceMax bounds the unproven hosts one source group may place.
	SourceMax = 64
	// DarkFor is how long an undialable host is kept without being heard of again.
	DarkFor = 24 * time.Hour
	// BanFor is the length of a ban that names none.
	BanFor = time.Hour
	// SampleMax bounds an answer to an address request.
	SampleMax = 250

	redialBase = time.Second // delay after the first failure, doubled each time
	// RLPxEvery is how often a host is dialled over RLPx: its listener takes one
	// attempt of an address in 30 s (devp2p's throttle), so a second one would only be
	// turned away.
	RLPxEvery = 35 * time.Second

	redialMax = 10 * time.Minute // and no further
	usefulFor = time.Minute      // a link that lived this long clears the delay
)

// Our choice.
const (
	// GoldMax bounds gold: links are bounded already, this bounds a forged file.
	GoldMax = 512
	// AnchorsMax bounds the anchors: saved gold that stays gold; the rest returns as
	// white. A few stop a restart eclipse, many would freeze the choice of peers.
	AnchorsMax = 4
	// strikesMax is at how many unclean exits in a row an anchor may have been one.
	strikesMax = 2
	// BucketMax is the places of a bucket. With it grey has 63 buckets and white 157, for
	// Bitcoin's 1024 of 64 and 256 of 64 in lists thirty and three times as long.
	// sourceBuckets and groupBuckets are how many of them one source group reaches among
	// the unproven, where it may place SourceMax hosts besides, and one address group
	// among the proven: 128 of 5,000 hosts, 2.6 %, where Bitcoin's bound is 3.1 %.
	// docs/decisions/0028 says more.
	BucketMax     = 32
	sourceBuckets = 4
	groupBuckets  = 4
	// eldersMax is how many of white, those we have known for longest, take most picks,
	// eldersShareMax of them while dials of elders succeed, and eldersShareMin when none
	// does; luckDials is how many dials that is judged by. eldersDraws bounds the draws
	// for one pick.
	eldersMax      = 64
	eldersShareMin = 0.25
	eldersShareMax = 0.75
	eldersDraws    = 16
	luckDials      = 16
	// freshTurns is how many turns of hosts that we reached and of such that we did not
	// go to one of hosts that we reached and whose last dial failed.
	freshTurns = 4
	// sweepMany is how many hosts an Advance looks at for times ahead of our clock.
	sweepMany = 16
	// contestsMax, contestFor and contestImmune are the limits of test-before-evict, as
	// Bitcoin has them; contestAgain keeps one incumbent from taking all probes.
	contestsMax   = 10
	contestFor    = 40 * time.Minute
	contestImmune = 4 * time.Hour
	contestAgain  = time.Minute
	// addrsMax bounds the addresses of one host; a record can name six.
	addrsMax = 8
	// observedMax bounds the addresses we saw ourselves, per host.
	observedMax = 4
	// perIPMax bounds the unproven identities on one IP address: keys are free.
	perIPMax = 8
	// unprovenFails and provenFails are how many failures in a row forget a host we
	// never reached, or once reached; the former when they lasted unprovenFor, which
	// outlives a restart, the latter when it was not seen for forgetAfter.
	unprovenFails = 3
	unprovenFor   = 10 * time.Minute
	provenFails   = 10
	forgetAfter   = 7 * 24 * time.Hour
	// unseenMax, futureMax and badGrace are those of Bitcoin's address manager: a host
	// unseen for so long, or with times so far ahead, gives its place to anybody, but not
	// within badGrace of a dial.
	unseenMax = 30 * 24 * time.Hour
	futureMax = 10 * time.Minute
	badGrace  = time.Minute
	// sampleFloor is what an answer in a local network may hold however little we know;
	// beyond it at most a quarter of the book leaves at once.
	sampleFloor = 32
	// outageSpan is how far apart hosts may have begun to fail that one outage took from
	// us: dead links are found within 45 s. returnedEvery is how often the return of one
	// excuses others.
	outageSpan    = time.Minute
	returnedEvery = 5 * time.Second
	// sparedMax doublings, about a minute: while we are off the network every host fails,
	// and the first that answers says that we are back.
	sparedMax = 6
	// excerptFor is how long askers of one kind of network hear of the same part of the
	// book: a day, as Bitcoin Core's cached answers. excerptFloor is its least size: as
	// many hosts as a node by default has outbound slots. excerptTend is how often
	// members that are gone are replaced. excerptsMax is two for each network, and one
	// network more for those who come by a proxy.
	excerptFor   = 24 * time.Hour
	excerptFloor = 8
	excerptTend  = 10 * time.Minute
	excerptsMax  = 16
	// banMax bounds the length of a ban: a year, so that no clock arithmetic wraps.
	banMax = 365 * 24 * time.Hour
	// A peer is banned with blameMax points, which halve every blameHalves, for blameBan,
	// doubled with each ban to blameBanMax; blameBansMax doublings reach it. What was
	// blameFor ago is forgotten.
	blameMax     = 100
	blameHalves  = 10 * time.Minute
	blameBan     = time.Hour
	blameBanMax  = 24 * time.Hour
	blameBansMax = 5
	blameFor     = 7 * 24 * time.Hour
	// ownFor is how long an address counts as ours that a dial found to be.
	ownFor = time.Hour
	// ownMax bounds the addresses remembered as our own.
	ownMax = 16
	// knockEvery is how often one IP address is dialled for hosts that we know by
	// address alone and never reached: a list of somebody else's addresses must not
	// make a crowd of nodes knock at a door.
	// knocksMax bounds what is remembered; session starts at most 600 dials in it.
	knockEvery = time.Minute
	knocksMax  = 1024
	// FileBytesMax bounds a saved book: all lists full, about 1 KiB a line.
	FileBytesMax = 32 << 20
	// ImportBytesMax bounds a list of hosts of another program, and importLineMax a line
	// of it: DarkFi's lists have at most 8,000 hosts or so, of some 60 bytes.
	ImportBytesMax = 1 << 20
	importLineMax  = 1024
	// lineBytesMax bounds one line of it: a record's text, eight addresses, rest.
	lineBytesMax = 4096
)

// portsDenied are services that a stranger could make us knock at: mail, shells,
// file and database servers. A node has no business on them.
var portsDenied = [...]uint16{
	0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 53, 69, 79, 109, 110, 111, 113, 119, 123, 135,
	137, 138, 139, 143, 161, 162, 179, 389, 445, 465, 512, 513, 514, 515, 548, 554, 563, 587, 631, 636, 873,
	989, 990, 993, 995, 1080, 1433, 1521, 1723, 1900, 2049, 2375, 3128, 3306, 3389, 5060, 5061, 5353, 5432,
	5900, 6000, 6379, 6443, 6667, 9200, 10250, 11211, 27017,
}
