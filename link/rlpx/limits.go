package rlpx

import "time"

// From the specifications, and from what others do on the wire.
const (
	// readIdle: nothing at all for so long ends the link (devp2p: clients drop a
	// link that is silent for 30 s).
	readIdle = 30 * time.Second

	// pingAfter without traffic one way or the other sends a ping; pingTimeout with
	// nothing at all after a ping ends the link. Both keep us far from the 30 s after
	// which others drop a link.
	pingAfter   = 15 * time.Second
	pingTimeout = 20 * time.Second
)

// What a message may take more on the wire than its payload has.
const (
	codeBytesMax  = 9   // of a message code
	codeShort     = 1   // of one up to codeMax
	literalHead   = 8   // of Snappy's before a payload that is not compressed
	frameOverhead = 128 // head, code, padding, MAC, and what compressing needs
)

// snappyBytesMax is how long a payload may be after compression (Snappy's
// MaxCompressedLength).
func snappyBytesMax(payload int) int { return 32 + payload + payload/6 }

// Our choice.
const (
	// dialTimeout bounds a visit; setupTimeout bounds handshake and Hello together, from
	// the connected socket on. A way through a proxy has link.Timeouts instead.
	dialTimeout  = 15 * time.Second
	setupTimeout = 5 * time.Second
	// hiddenSetupTimeout is setupTimeout for who comes through a hidden service: what
	// link.Timeouts gives the other end.
	hiddenSetupTimeout = 55 * time.Second

	// pingJitter is by how much pings may be earlier, so that they do not all go out at
	// once after an outage.
	pingJitter = time.Second

	// A frame that has begun must end within frameTimeout, or keep progressBytes each
	// progressEvery from then on: 128 KiB a second, at which the largest frame takes
	// two minutes.
	frameTimeout  = 30 * time.Second
	progressEvery = 5 * time.Second
	progressBytes = 5 * 128 << 10

	// writeTimeout bounds each stallBytes of what is written, so that whoever reads
	// less than 128 KiB a second is dropped. writeSlack is by how much a deadline may
	// be late, because moving it costs a timer.
	writeTimeout = 20 * time.Second
	writeSlack   = 5 * time.Second
	stallBytes   = 20 * 128 << 10

	// pongPatience is how long the reader itself waits for the wire. What was not
	// written then is tried again each owedEvery, or goes with the next batch.
	pongPatience = 50 * time.Millisecond
	owedEvery    = 500 * time.Millisecond

	// reasonTimeout is for writing why a link ends, lingerTimeout for the remote to
	// close: closing with unread input makes the kernel send a reset, which can
	// overtake the reason. tornTimeout is for finding the remote's own reason after
	// a write has failed.
	reasonTimeout = time.Second
	lingerTimeout = 2 * time.Second
	tornTimeout   = time.Second

	// pingsBurst inbound pings at once, then one each pingsEvery; more is a breach.
	pingsBurst = 5
	pingsEvery = time.Second

	// A probe waits for its pong through at most probeFramesMax other messages, and for
	// the remote to close no longer than probeLinger.
	probeFramesMax = 1024
	probeLinger    = 200 * time.Millisecond

	// readBufferBytes is what one link reads at a time; frames that fit are decoded
	// in it.
	readBufferBytes = 16 << 10

	// growBytes is how much memory a larger frame takes first, and then doubles as it
	// arrives: no more is allocated on a remote's word.
	growBytes = 64 << 10

	// Buffers from pooledBytesMin to pooledBytesMax are kept for their next use.
	pooledBytesMin = 512
	pooledBytesMax = 2 << 20

	// Payloads up to slabPayloadMax are cut from slabs of slabBytes, so that a small
	// message costs a small part of an allocation. One that is kept keeps its slab, so
	// larger ones have memory of their own.
	slabBytes      = 16 << 10
	slabPayloadMax = 256

	// After plainAfter payloads in a row that compressing made no smaller, up to
	// plainBytesMax bytes each, only each plainEvery-th such is tried: looking for what
	// repeats in a KiB costs nearly what encrypting and decrypting it does.
	plainAfter    = 8
	plainEvery    = 16
	plainBytesMax = 16 << 10

	// batchBytes is how much goes into one write.
	batchBytes = 64 << 10

	// pendingMax and pendingPerIPMax bound sockets that are not links yet, each way;
	// acceptPause is the rest after a failed accept.
	pendingMax      = 50
	pendingPerIPMax = 4
	acceptPause     = 200 * time.Millisecond

	// A source (an IPv4 address, an IPv6 /64) may connect throttleBurst times at once
	// and then each throttleEvery; so many are remembered in each of two generations.
	throttleBurst      = 8
	throttleEvery      = 5 * time.Second
	throttleSourcesMax = 4096

	// infoAgentBytesMax is link.Info's bound of a remote's name.
	infoAgentBytesMax = 128

	// eventsPerSecond and eventsBurst bound what strangers can make us report.
	eventsPerSecond = 10
	eventsBurst     = 50
)
