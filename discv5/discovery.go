package discv5

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/ropewalk/ropewalk/discv5/wire"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/kad"
)

// Sender is what a Discovery needs of the floor under it.
type Sender interface {
	// Send hands a packet to the network. The packet may be reused after it returns.
	Send(now time.Time, to netip.AddrPort, packet []byte)
}

// Discovery is one node of the discv5 network.
type Discovery struct {
	cfg    Config
	self   id.ID
	record *enr.Record // ours
	suite  wire.Suite
	mask   *wire.Mask
	rng    *rand.Rand // for what nobody gains by guessing
	secret *rand.Rand // for nonces, challenges and keys
	send   Sender
	worn   uint32 // packets that keys seal; keysPackets

	running bool
	now     time.Time // the latest that was seen
	started time.Time
	stats   Stats

	sessions    sessions
	challenges  challenges
	limits      limits
	responses   map[id.Ticket]*response // handshakes of others, until Done; ≤ respondMax
	responding  map[place]*response
	held        int                      // packets of them
	initiations map[id.Ticket]initiation // our own, until Done; ≤ calls
	calls       map[uint64]*call         // by request ID; ≤ callsMax
	nonces      map[wire.Nonce]*call     // of their packets; ≤ 2 each
	timers      timers                   // of them
	siftings    map[id.Ticket]sifting    // answers whose records are verified, until Done
	told        []toldPacket             // by nonce; tellsKept
	turn        uint64                   // of what is told
	protocols   map[string]protocol
	talks       talks
	tickets     id.Tickets

	table     *kad.Table
	verified  verified
	lookups   []*lookup // ≤ lookupsMax and the table's own
	stale     bool      // a lookup can go on
	gracious  bool      // strangers wait at the start
	filling   bool      // the table's own lookup is under way
	refreshed bool      // it has been, once
	fillAt    time.Time
	fills     int
	hunger    time.Duration // pause between two, while the table is poor

	// Room to work in, each written over by the next use.
	in      wire.Packet
	msg     wire.Message
	plain   []byte // the text of the packet that came
	text    []byte // of a message that goes
	packet  []byte // that goes
	name    []byte
	records [][]byte

	news  *News // where to report: heard or said
	heard News  // of Packet
	said  News  // of anything else
}

// New makes a Discovery that stands still until Start. rng serves draws that nobody
// gains by guessing; secrets come from cfg.Seed.
func New(now time.Time, cfg Config, rng *rand.Rand, send Sender) (*Discovery, error) {
	if err := cfg.fill(); err != nil {
		return nil, err
	}
	d := &Discovery{
		cfg: cfg, self: cfg.Key.ID(), record: cfg.Record, rng: rng, send: send, now: now, worn: keysPackets,
		secret:   rand.New(rand.NewChaCha8(cfg.Seed)),
		sessions: newSessions(cfg.Sessions), verified: newVerified(), tickets: id.Tickets{Owner: Owner},
		responses: map[id.Ticket]*response{}, responding: map[place]*response{},
		initiations: map[id.Ticket]initiation{}, siftings: map[id.Ticket]sifting{},
		calls: map[uint64]*call{}, nonces: map[wire.Nonce]*call{}, protocols: map[string]protocol{},
		table: kad.New(kad.Config{Self: cfg.Key.ID(), Localnet: cfg.Localnet}, rng),
	}
	if cfg.Plain {
		d.suite = wire.Plain
	}
	d.mask = d.suite.Mask(d.self)
	d.limits.key0, d.limits.key1 = d.secret.Uint64(), d.secret.Uint64()
	d.turn = d.secret.Uint64()
	d.said, d.news = News{}, &d.said
	return d, nil
}

// Start begins to look for nodes.
func (d *Discovery) Start(now time.Time) News {
	d.begin(now)
	if d.running {
		return d.said
	}
	d.running, d.started, d.fillAt = true, now, now
	d.gracious = len(d.cfg.Bootnodes)+len(d.cfg.Known) > 0
	d.remind(now)
	d.advance(now)
	return d.said
}

// Stop ends all questions. Nothing is sent afterwards, nor taken in; Start begins anew,
// with the table and the sessions as they are.
func (d *Discovery) Stop(now time.Time) News {
	d.begin(now)
	d.running = false
	for _, l := range d.lookups {
		if !l.over && !l.ticket.IsZero() {
			d.news.Answers = append(d.news.Answers, Answer{Ticket: l.ticket, Err: ErrStopped})
		}
		l.over = true
	}
	d.lookups, d.filling, d.stale = nil, false, false
	for len(d.timers) > 0 {
		d.end(now, d.timers[0], ErrStopped)
	}
	for s := d.sessions.first; s != nil; {
		next := s.next
		s.shake = shake{} // a job's result finds nothing
		d.sessions.spent(s)
		s = next
	}
	clear(d.initiations)
	clear(d.responses)
	clear(d.responding)
	d.held = 0
	for d.talks.open > 0 {
		i := d.talks.first
		s := d.talks.slots[i].s
		d.talks.remove(s, i)
		d.sessions.spent(s)
	}
	for _, q := range d.talks.queue {
		q.s.queued--
		d.sessions.spent(q.s)
	}
	d.talks.queue, d.talks.room = nil, false
	return d.said
}

// Advance does what is due.
func (d *Discovery) Advance(now time.Time) News {
	d.begin(now)
	if d.running {
		d.advance(now)
	}
	return d.said
}

func (d *Discovery) advance(now time.Time) {
	for len(d.timers) > 0 && !now.Before(d.timers[0].due) {
		d.expire(now, d.timers[0])
	}
	d.advanceTalks(now)
	d.advanceTable(now)
	d.stale = true
	d.advanceLookups(now)
}

// Deadline is when Advance is next due; zero when nothing is.
func (d *Discovery) Deadline() time.Time {
	if !d.running {
		return time.Time{}
	}
	if d.stale {
		return d.now
	}
	at := earlier(d.timers.next(), d.talks.deadline(d.now))
	at = earlier(at, d.table.Deadline())
	if !d.filling {
		at = earlier(at, d.fillAt)
	}
	for _, l := range d.lookups {
		at = earlier(at, l.search.Deadline())
	}
	return at
}

// Done takes the result of a job.
func (d *Discovery) Done(now time.Time, t id.Ticket, result any) News {
	d.begin(now)
	switch r := result.(type) {
	case initiated:
		if i, ok := d.initiations[t]; ok {
			delete(d.initiations, t)
			d.initiated(now, i, r)
		}
	case responded:
		if p, ok := d.responses[t]; ok {
			delete(d.responses, t)
			d.responded(now, p, r)
		}
	case []*enr.Record:
		if s, ok := d.siftings[t]; ok {
			delete(d.siftings, t)
			d.sifted(now, s.c, r)
		}
	}
	d.advanceLookups(now)
	return d.said
}

// SetRecord says that our own record has changed.
func (d *Discovery) SetRecord(now time.Time, r *enr.Record) News {
	d.begin(now)
	if r != nil && r.ID() == d.self && r.Seq() >= d.record.Seq() {
		d.record = r
	}
	return d.said
}

// begin is the start of every input but Packet.
func (d *Discovery) begin(now time.Time) {
	d.see(now)
	d.said = News{}
	d.news = &d.said
}

func (d *Discovery) see(now time.Time) {
	if now.After(d.now) {
		d.now = now
	}
}

// draw fills b with secret bytes.
func (d *Discovery) draw(b []byte) {
	for len(b) > 0 {
		var w [8]byte
		binary.LittleEndian.PutUint64(w[:], d.secret.Uint64())
		b = b[copy(b, w[:]):]
	}
}

// earlier is the earlier of two deadlines; zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
