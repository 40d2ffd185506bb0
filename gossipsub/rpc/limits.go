package rpc

import (
	"errors"
	"fmt"
)

// Limits of one RPC. Excess of Subs and PX is cut off; any other makes Decode fail.
type Limits struct {
	Bytes   int // the frame
	Control int // bytes of all that is not message data, envelopes included
	Publish int // messages
	IDs     int // message IDs of each kind: IHAVE, IWANT, IDONTWANT
	IDBytes int // length of a message ID in a control entry
	Subs    int // subscriptions kept; further ones are counted
	Grafts  int // GRAFT entries
	Prunes  int // PRUNE entries
	PX      int // peers kept of one PRUNE
	// Metadata bounds the parts metadata of a partial message, in bytes. Its group ID
	// is bounded by IDBytes.
	Metadata int
}

// Our choice, after the fields' strictest that still let every known
// implementation speak: 1 MiB frames (go, nim), 5000 IDs (go's MaxIHaveLength).
const (
	BytesMax   = 1 << 20
	ControlMax = 512 << 10
	PublishMax = 5000
	IDsMax     = 5000
	IDBytesMax = 128
	SubsMax    = 16384
	GraftsMax  = 128 // above the number of own topics
	PXMax      = 16
	// MetadataMax is the size of a bitmap of 131,072 parts.
	MetadataMax = 16 << 10
	// extensionsMax bounds the fields of an Extensions message.
	extensionsMax = 10
)

// DefaultLimits are the limits of a node that has joined the given number of topics.
func DefaultLimits(topics int) Limits {
	return Limits{
		Bytes: BytesMax, Control: ControlMax, Publish: PublishMax, IDs: IDsMax, IDBytes: IDBytesMax,
		Subs: SubsMax, Grafts: topics + GraftsMax, Prunes: topics + GraftsMax, PX: PXMax, Metadata: MetadataMax,
	}
}

// What is wrong with a frame.
var (
	ErrMalformed = errors.New("rpc: malformed")
	ErrExcess    = errors.New("rpc: too much of something")
)

func excess(what string, n, most int) error {
	return fmt.Errorf("%w: %s: %d, at most %d", ErrExcess, what, n, most)
}
