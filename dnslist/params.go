package dnslist

import "time"

// From the specification (EIP-1459, "DNS Record Structure").
const (
	// textBytesMax bounds a text: "small enough to fit into the 512 byte limit imposed
	// on UDP DNS packets".
	textBytesMax = 512
	// hashBytesMin and hashBytesMax bound an abbreviated hash.
	hashBytesMin = 12
	hashBytesMax = 32
	// sigBytes is r, s and a recovery bit, which nobody needs who knows the key.
	sigBytes = 65
)

// Our choice.
const (
	// childrenMax is how many abbreviated hashes of 16 bytes fit into a text with the
	// name and the header of its answer.
	childrenMax = 13
	// domainBytesMax leaves room for the longest hash before a domain.
	domainBytesMax = 253 - 1 - 52
	// listsMax bounds the lists, the linked ones included: a page of links is no
	// reason to ask half of DNS.
	listsMax = 16
	// passMax bounds the names of one list that are asked for between two looks at
	// its root: several times the hosts that the book takes from one source.
	passMax = 300
	// cacheMax bounds the entries that are remembered, of all lists together.
	cacheMax = 1000
	// textsMax bounds the texts of one answer that are looked at; a domain has others.
	textsMax = 64
	// askRate and askBurst bound the questions per second, of all lists together.
	askRate  = 3
	askBurst = 10
	// rootEvery is how often a root is read again: lists change a few times a day.
	rootEvery = 30 * time.Minute
	// retryBase is the pause after a root that could not be read, doubled each time up
	// to rootEvery.
	retryBase = time.Minute
	// missedMax is how many entries that are not there make us doubt the root, and
	// rootGap how long it is believed in any case.
	missedMax = 5
	rootGap   = time.Minute
)
