package chat

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// Owner is the owner of every ticket the hall makes.
const Owner id.Owner = "chat"

// Protocol is the lane for history and receipts.
var Protocol = link.Protocol{Name: "chat", Version: 1, Length: codes, BytesMax: 128 << 10}

// From the threat model (X3, X4, X11).
const (
	// TextBytesMax bounds the text of a line.
	TextBytesMax = 4096
	// backwardMax and forwardMax are how far the claimed time of a live line may
	// lie before and after our clock.
	backwardMax = 24 * time.Hour
	forwardMax  = 60 * time.Second
	// roomLinesMax and roomBytesMax bound what a room keeps; the oldest lines go.
	roomLinesMax = 10_000
	roomBytesMax = 64 << 20
)

// Our choice.
const (
	// RoomBytesMax bounds the name of a room.
	RoomBytesMax = 64
	// roomsMax bounds the rooms of a hall, those left included, so that the list
	// of all fits one small message.
	roomsMax = 256
	// lineBytesMax bounds an encoded line: text, name and some 260 bytes of keys
	// and signatures.
	lineBytesMax = TextBytesMax + RoomBytesMax + 320
	// timeMax bounds a claimed time in Unix nanoseconds (the year 2116), so that
	// arithmetic on it cannot overflow.
	timeMax = 1 << 62
	// An author that says more than floodLines in floodEvery is dropped live; its
	// lines can still come as history.
	floodLines = 100
	floodEvery = 10 * time.Second
	// Above authorBurst and one line a second an author is only counted.
	authorBurst = 10
	authorRate  = 1
	// What we say ourselves stays below what others drop: 50 + 5/s · 10 s = 100.
	sayBurst = 50
	sayRate  = 5
	// sayingMax bounds own lines between Say and the answer; outboxMax bounds own
	// undelivered lines of a room.
	sayingMax = 256
	outboxMax = 1000
	// authorsMax bounds the table of authors heard of (a few hundred bytes each).
	authorsMax = 4096
	// acksMax bounds the peers whose receipts are told apart for one line, and
	// ackedMax the lines for which they are.
	acksMax  = 64
	ackedMax = 256

	// syncWindow is how far back members compare their history.
	syncWindow = 7 * 24 * time.Hour
	// hoursMax bounds the hours of one summary: the window, the hour at either
	// end and the one ahead.
	hoursMax = 7*24 + 3
	// idsMax bounds the line IDs of one answer (64 KB), pagesMax the pages one
	// comparison may have.
	idsMax   = 2000
	pagesMax = 8
	// wantMax bounds the lines of one request; batchBytesMax their bytes.
	wantMax       = 256
	batchBytesMax = 64 << 10
	// staleAfter is how long a transfer may stand still before another member is
	// asked as well; pullTimeout ends it.
	staleAfter  = 2 * time.Second
	pullTimeout = 10 * time.Second
	// joinTimeout bounds how long Join waits for the first history.
	joinTimeout = 3 * time.Second
	// resyncEvery is how often each room is compared with one more member.
	resyncEvery = 30 * time.Second
	// announceEvery bounds how often a change of our rooms is told.
	announceEvery = 200 * time.Millisecond
	// receiptEvery is how long receipts are gathered; receiptsMax how many.
	receiptEvery = 100 * time.Millisecond
	receiptsMax  = 256
	// What a peer may send, and, at less than half of it, what we ask.
	recvBurst, recvRate = 1200, 120
	askBurst, askRate   = 300, 50
	// publishTimeout is how long an answer waits to hear to how many peers a line
	// went; retryEvery is when a line that went to none is tried again, doubled up
	// to six times (5 min).
	publishTimeout = 2 * time.Second
	retryEvery     = 5 * time.Second
	retryDoublings = 6
	// A log is rewritten when it has 1 MiB and a quarter more than its lines need.
	slackBytes = 1 << 20
	// The archive. pageLinesMax and pageBytesMax bound the lines of a page: a room's log is
	// some 150 of them, and a page fits one chunk of content many times. prevsMax is how
	// many pages before it a page names: so many in a row must be lost to hide the rest.
	pageLinesMax = 64
	pageBytesMax = 64 << 10
	prevsMax     = 8
	// pageEncodedMax and pageSealedMax bound a page: its lines with their heads, and 1 KiB
	// for all else.
	pageEncodedMax = pageBytesMax + 4*pageLinesMax + 1<<10
	pageSealedMax  = pageEncodedMax + 28
	headBytesMax   = 400
	// Lines of ours are put archiveAfter the last one, archiveWithin the first one at the
	// latest: not for every line anew, but before most people leave.
	archiveAfter  = 30 * time.Second
	archiveWithin = 5 * time.Minute
	// putsMax bounds pages of ours that are being put. One that cannot be put is tried
	// again after putRetry, doubled up to six times (64 min); one that no other node took
	// is offered again after lonelyEvery, doubled likewise. lonelyMax bounds the latter.
	putsMax      = 4
	putRetry     = time.Minute
	putDoublings = 6
	lonelyEvery  = time.Minute
	lonelyMax    = 128
	// headsMax bounds the authors of a room whose heads we keep (some 800 bytes each),
	// headsBatch those of one message. A peer may send headsMax new ones at once and
	// headRate a second.
	headsMax   = 256
	headsBatch = 128
	headRate   = 2
	// flushGrace is how long a head that was told has to reach members, before links end
	// that would take it with them.
	flushGrace = 250 * time.Millisecond
	// headsSaveAfter is how much of what is known of heads a crash may lose.
	headsSaveAfter = 5 * time.Second
	// walksMax bounds the archives that are followed at a time, getsMax the pages that are
	// fetched or checked (64 KiB each), walkPagesMax those of one walk (more than a log
	// holds, when they are full). After missingMax that nobody had it leaves off, and goes
	// on with the others in a later round.
	walksMax     = 8
	getsMax      = 4
	walkPagesMax = 512
	missingMax   = 16
	// A new head is looked at after walkSettle, when the members' own history is in. The
	// next round of a walk comes after walkRetry, doubled up to twelve times (5.7 h); an
	// archive with something in it that does not belong there after barFor.
	walkSettle    = 300 * time.Millisecond
	walkRetry     = 5 * time.Second
	walkDoublings = 12
	barFor        = time.Hour
	// repairEvery is how often a log whose write failed is rewritten.
	repairEvery = 10 * time.Second
)
