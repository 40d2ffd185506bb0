package pex

import (
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/trace"
)

// The protocol, version 1. Both sides must agree on these.
const (
	codeHello = 0
	codeGet   = 1
	codePeers = 2
	codes     = 3

	// recordsMax bounds an answer: 250, as Monero's peer lists.
	recordsMax = 250
	// bytesMax bounds a message: 64 KiB hold 250 records of 262 bytes.
	bytesMax = 64 << 10
)

// DefaultAsk asks for as many records as one answer may hold.
const DefaultAsk = recordsMax

// Our choice.
const (
	// answersFor is how long a peer waits after an answer of recordsMax records, as
	// Bitcoin Core and Monero have it. Smaller ones may come in its place, at most
	// answersMax, by answerEvery, until they hold as many: who starts together with a
	// seed is told of nobody at first, and must not wait for ten minutes.
	answersFor  = 10 * time.Minute
	answersMax  = 6
	answerEvery = 10 * time.Second
	// askSlack is added to these when we ask, so that a question that travels faster
	// than the one before it does not come too early.
	askSlack = 2 * time.Second
	// askTimeout is how long an answer may take.
	askTimeout = 10 * time.Second

	// announceEvery separates two hellos to one peer. It is what a record costs, so
	// that honest hellos never run out of tokens.
	announceEvery = recordEvery

	// unsolicitedMax records are used of an answer that nobody asked for.
	unsolicitedMax = 10
	// recordEvery is how often a peer earns the right to tell a record; Bitcoin Core
	// has the same 0.1/s. It starts with recordsAtStart and never has more than
	// recordsBurst.
	recordEvery    = 10 * time.Second
	recordsAtStart = unsolicitedMax
	recordsBurst   = 1000

	// jobsPerPeer bounds what a peer can have verified at a time: two answers, about
	// 65 ms of one core.
	jobsPerPeer = 2

	// earlyMax bounds the peers whose first words are kept until we may write to them,
	// earlyMessages and earlyBytes what is kept of each: a hello and a get. earlyFor
	// is how long; a lane opens within a few round trips or not at all.
	earlyMax      = 64
	earlyMessages = 2
	earlyBytes    = enr.BytesMax + frameBytes
	earlyFor      = 10 * time.Second

	// frameBytes is more than the heads of an answer and its number take.
	frameBytes = 32
)

// Protocol describes pex to the links.
var Protocol = link.Protocol{Name: "pex", Version: 1, Length: codes, BytesMax: bytesMax}

// Config is useful when zero, but for Self.
type Config struct {
	Self id.ID
	// MaxAnswer bounds the records that we ask for and answer with: 1 to 250, 0
	// means 250.
	MaxAnswer int
	// Hidden asks for hosts of hidden networks too, because we have a way to them.
	Hidden bool
	// Verify checks a record's signature, in a job, and returns the verified record.
	// nil means its own Verify. A simulator that meets one record a thousand times
	// may remember it here.
	Verify func(*enr.Record) (*enr.Record, error)
	Trace  trace.Func
}

func (c *Config) fill() {
	if c.MaxAnswer <= 0 || c.MaxAnswer > recordsMax {
		c.MaxAnswer = recordsMax
	}
	if c.Verify == nil {
		c.Verify = func(r *enr.Record) (*enr.Record, error) { return r, r.Verify() }
	}
}
