package api

import "time"

// Our choice, all of it. The figures are those of the threat model: they bound
// what one caller can cost, whoever he is.
const (
	tokenBytes  = 32 // of a token made here: 256 bits
	tokenMinLen = 16 // of a token that was given: shorter ones can be guessed

	bodyBytesMax     = 72 << 20 // an item of content of 32 MiB is 64 MiB of hex
	bodySmall        = 4 << 20  // a gossip message of 1 MiB is 1.4 MiB of base64; longer bodies are bodiesLarge at once
	bodiesLarge      = 2
	answerBytesMax   = 25 << 20 // of one batch; calls after that are refused
	headerBytesMax   = 16 << 10
	depthMax         = 32  // nesting of a request
	batchMax         = 100 // calls in a batch
	requestIDMax     = 256 // bytes of a request's id
	connsMax         = 512 // TCP connections on the listener
	inFlightMax      = 64  // requests being executed
	readHeaderWithin = 5 * time.Second
	readWithin       = 30 * time.Second
	writeWithin      = 90 * time.Second // more than a call's deadline and the longest profile
	idleWithin       = 60 * time.Second
	callWithin       = 30 * time.Second
	longWithin       = 80 * time.Second // of calls that search the network
	filesMax         = 16               // files on their way at once, of 8 chunks of 1 MiB each
	fileWithin       = 5 * time.Minute  // without a byte of a file that moves

	socketsMax     = 128 // WebSockets at once
	subsPerConnMax = 1024
	subsMax        = 16000           // the node allows 16,384 listeners, its own included
	authWithin     = 5 * time.Second // until a WebSocket has shown the token
	authBytesMax   = 4 << 10         // of that first message
	outboxMax      = 256             // notifications waiting for one WebSocket

	topicBytesMax = 1 << 10
	dataBytesMax  = 1 << 20 // of a gossip message
	textBytesMax  = 64 << 10
	addrBytesMax  = 2 << 10
	tagBytesMax   = 64   // of a protection, as the node has it
	pageMax       = 1000 // hosts or chat lines in one answer
	pageDefault   = 100
	banMin        = time.Second
	banMax        = 10 * 365 * 24 * time.Hour
	banDefault    = 24 * time.Hour
	joinWait      = 3 * time.Second // for the history of a room
	joinWaitMax   = 20 * time.Second
	minPeersMax   = 10000
	itemBytesMax  = 32 << 20 // of an item of content, as the node has it
	getBytesMax   = 16 << 20 // of a file as the answer of a call
	keyBytesMax   = 2048     // of an item (Portal, SSZ ByteList[2048])
	offerMax      = 64       // items in one offer (Portal)
	distancesMax  = 256
	talkNameMax   = 16  // bytes of a TALK protocol's name
	recordMax     = 512 // text of a record: 300 bytes as base64
	strandsMax    = 32
	outboundMax   = 128  // slots, as the configuration allows
	inboundMax    = 4096 // and links taken in

	dnetConnsMax  = 16
	dnetFlightMax = 16       // requests of one viewer being answered
	dnetLineMax   = 16 << 20 // as DarkFi
	dnetSmallLine = 64 << 10 // above it a line is one of dnetLargeMax
	dnetLargeMax  = 2        // long lines held at once, of all viewers
)
