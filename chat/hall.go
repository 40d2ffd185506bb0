package chat

import (
	"errors"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/ordered"
	"github.com/ropewalk/ropewalk/trace"
	"github.com/ropewalk/ropewalk/work"
)

// Errors of the user's verbs.
var (
	// ErrNoRoom is returned for a room we are not in.
	ErrNoRoom = errors.New("chat: not in that room")
	// ErrTooManyRooms is returned when no more room can be joined.
	ErrTooManyRooms = errors.New("chat: too many rooms")
	// ErrTooFast is returned when we say more than others would take.
	ErrTooFast = errors.New("chat: too many lines at once")
	// ErrOutbox is returned when too many lines wait to be delivered.
	ErrOutbox = errors.New("chat: too many lines wait for delivery")
	// ErrCursor is returned for a cursor History did not make.
	ErrCursor = errors.New("chat: not a cursor")
	// ErrOld is returned for a line older than all a full room keeps.
	ErrOld = errors.New("chat: older than what the room keeps")
)

// Publisher is asked for room topics. The outcome of Publish comes back by
// Published with the ticket. A line that went to nobody is published again later;
// a Publisher that refuses it as a duplicate leaves it to history.
type Publisher interface {
	Publish(now time.Time, t id.Ticket, topic string, data []byte)
	Follow(now time.Time, topic string)
	Unfollow(now time.Time, topic string)
}

// Sender is asked for messages on the chat lane.
type Sender interface {
	Send(to id.ID, code uint64, data []byte) error
	Drop(to id.ID, why error)
}

// Config of a Hall.
type Config struct {
	Self    id.ID  // zero: the author's node
	Network string // the network's name
	Author  *Author
	// NodeID is the node of a key; nil means the key's own ID method. It costs a
	// square root, so a simulator of many halls may remember it here.
	NodeID func(id.Public) (id.ID, error)
	Trace  trace.Func
	// RoomLines and RoomBytes bound what a room keeps; 0 means 10,000 lines and
	// 64 MiB, which are also the most.
	RoomLines, RoomBytes int
	// ResyncEvery is how often each room is compared with one more member; 0
	// means 30 s, negative never.
	ResyncEvery time.Duration
	// Pages is the archive; nil means none: neither are our lines put there, nor those of
	// others looked for.
	Pages Pages
}

func (c *Config) fill() {
	if c.Self.IsZero() && c.Author != nil {
		c.Self, _ = c.Author.node.ID()
	}
	if c.NodeID == nil {
		c.NodeID = id.Public.ID
	}
	if c.RoomLines <= 0 || c.RoomLines > roomLinesMax {
		c.RoomLines = roomLinesMax
	}
	if c.RoomBytes <= 0 || c.RoomBytes > roomBytesMax {
		c.RoomBytes = roomBytesMax
	}
	if c.ResyncEvery == 0 {
		c.ResyncEvery = resyncEvery
	}
}

// Answer ends a Join, Leave or Say.
type Answer struct {
	Ticket id.Ticket
	Line   *Line // of Say
	Err    error
}

// News is what came of an input.
type News struct {
	Jobs    []work.Job
	Saves   []work.Save // of one file: in this order
	Lines   []Line      // new, or in a new state
	Answers []Answer
}

func (n *News) empty() bool {
	return len(n.Jobs)+len(n.Saves)+len(n.Lines)+len(n.Answers) == 0
}

// Hall holds the rooms of one node.
type Hall struct {
	cfg Config
	pub Publisher
	snd Sender
	tag networkTag

	rooms   ordered.Map[roomKey, *room]
	remotes ordered.Map[id.ID, *remote]
	authors ordered.Map[id.Public, *author]
	tickets id.Tickets
	open    ordered.Map[uint64, task] // by ticket number
	saying  int                       // tasks between Say and its Save

	lastSeq uint64
	lastAt  int64 // claimed time of our last line
	said    bucket
	acked   []*entry // own lines whose acks are told apart, at most ackedMax

	announceDue time.Time // our list of rooms is to be told; zero when it is not
	announced   time.Time
	resyncDue   time.Time

	puts, gets int         // pages of archives under way
	walks      []*walk     // under way, at most walksMax; whose turn it is comes first
	flushes    []id.Ticket // to be answered when our archive is up to date
	headTold   time.Time   // the last head of ours, to members

	news News
	due  time.Time
}

// New makes a hall without rooms. cfg.Author must be set.
func New(cfg Config, p Publisher, s Sender) *Hall {
	cfg.fill()
	return &Hall{cfg: cfg, pub: p, snd: s, tag: tagOf(cfg.Network), tickets: id.Tickets{Owner: Owner}}
}

// take hands the news over.
func (h *Hall) take() News {
	n := h.news
	h.news = News{}
	return n
}

// wake asks for an Advance at t or before.
func (h *Hall) wake(t time.Time) {
	if h.due.IsZero() || t.Before(h.due) {
		h.due = t
	}
}

// Deadline is when Advance is wanted; zero when nothing is due.
func (h *Hall) Deadline() time.Time {
	if !h.news.empty() {
		return time.Unix(0, 1) // news of an input that returns none: at once
	}
	return h.due
}

// Advance does what is due.
func (h *Hall) Advance(now time.Time) News {
	if h.due.IsZero() || now.Before(h.due) {
		return h.take()
	}
	h.due = time.Time{}
	h.advanceAnnounce(now)
	h.advanceResync(now)
	for _, p := range h.remotes.Values() {
		h.advanceRemote(now, p)
	}
	for _, r := range h.rooms.Values() {
		h.advanceRoom(now, r)
	}
	h.advancePublish(now)
	h.flushed(now)
	return h.take()
}

func (h *Hall) advanceRoom(now time.Time, r *room) {
	h.advanceTurn(now, r)
	h.advanceJoins(now, r)
	h.advanceOutbox(now, r)
	h.advanceLog(now, r)
	h.advanceArchive(now, r)
	h.advanceWalks(now, r)
	h.advanceHeads(now, r)
}

// task is what an open ticket is about.
type task struct {
	kind  taskKind
	room  *room
	entry *entry
	ask   id.Ticket // whom to answer
	pull  *pull
	due   time.Time
	whole bool // the save replaces the log

	from   *remote     // who sent heads
	heads  []*known    // to be checked
	sealed *sealedPage // of ours
	page   PageID      // that is fetched or offered
	walk   *walk
	number uint64 // of the page
}

type taskKind uint8

const (
	taskSign    taskKind = iota // job: an own line
	taskVerify                  // job: lines of an answer
	taskCompact                 // job: a room's log as a whole
	taskSay                     // save: an own line
	taskLog                     // save: other records of a room's log
	taskRooms                   // save: the list of rooms
	taskList                    // save: the list of rooms, repaired
	taskPublish                 // publish: an own line
	taskHeads                   // job: heads that a member told us
	taskSeal                    // job: a page of ours
	taskPut                     // pages: that page
	taskHead                    // save: the head that names it
	taskTail                    // pages: our newest page of before
	taskUnseal                  // job: that page
	taskLonely                  // pages: a page of ours that nobody took
	taskOffer                   // pages: that page
	taskGet                     // pages: a page of a walk
	taskOpen                    // job: that page
)

func (h *Hall) begin(t task) id.Ticket {
	ticket := h.tickets.Next()
	h.open.Put(ticket.N, t)
	return ticket
}

// end takes the task of a ticket of ours, once.
func (h *Hall) end(t id.Ticket) (task, bool) {
	if t.Owner != Owner {
		return task{}, false
	}
	k, ok := h.open.Get(t.N)
	h.open.Delete(t.N)
	return k, ok
}

func (h *Hall) answer(t id.Ticket, l *Line, err error) {
	if !t.IsZero() {
		h.news.Answers = append(h.news.Answers, Answer{t, l, err})
	}
}

func (h *Hall) emit(now time.Time, kind string, r *room, n int, err error) {
	if h.cfg.Trace == nil {
		return
	}
	e := trace.Event{Strand: "chat", Kind: kind, N: int64(n)}
	if r != nil {
		e.Topic = r.name
	}
	if err != nil {
		e.Err = err.Error()
	}
	h.cfg.Trace(now, e)
}

// Done brings the result of a job.
func (h *Hall) Done(now time.Time, t id.Ticket, result any) News {
	k, ok := h.end(t)
	if !ok {
		return h.take()
	}
	switch k.kind {
	case taskSign:
		h.wasSigned(now, k, result)
	case taskVerify:
		h.wasVerified(now, k.pull, result)
	case taskCompact:
		h.wasCompacted(now, k.room, t.N, result)
	case taskHeads:
		h.headsVerified(now, k, result)
	case taskSeal:
		h.pageSealed(now, k.room, result)
	case taskUnseal:
		h.tailOpened(now, k.room, result)
	case taskOpen:
		h.pageOpened(now, k, result)
	}
	return h.take()
}

// Saved brings the outcome of a save.
func (h *Hall) Saved(now time.Time, t id.Ticket, err error) News {
	k, ok := h.end(t)
	if !ok {
		return h.take()
	}
	switch k.kind {
	case taskSay:
		h.wasSaved(now, k, err)
	case taskRooms:
		h.roomsSaved(now, k, err)
	case taskHead:
		h.headSaved(now, k.page, err)
		return h.take()
	}
	if err != nil && k.room != nil && k.kind != taskRooms {
		h.logFailed(now, k.room, err)
	}
	return h.take()
}
