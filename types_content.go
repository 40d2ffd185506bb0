package ropewalk

import (
	"errors"
	"fmt"

	"github.com/ropewalk/ropewalk/id"
)

// ContentID names content: the SHA-256 of what is kept under it, and so its point on the
// ring. That of a file above one chunk is the hash of its manifest.
type ContentID = id.ID

// Errors of content, beside ErrTooLarge and ErrBusy.
var (
	ErrNoContent = errors.New("ropewalk: content not found")
	// ErrPartly is or is wrapped by a *PartlyError.
	ErrPartly    = errors.New("ropewalk: only partly found")
	ErrNoRoom    = errors.New("ropewalk: no room for content")
	ErrNoNetwork = errors.New("ropewalk: no such content network")
)

// PartlyError says that a file's manifest was found and not all of its chunks.
type PartlyError struct {
	Have, Of int   // chunks
	Err      error // of the first that is missing
}

func (e *PartlyError) Error() string {
	return fmt.Sprintf("%v: %d of %d chunks: %v", ErrPartly, e.Have, e.Of, e.Err)
}
func (e *PartlyError) Unwrap() []error { return []error{ErrPartly, e.Err} }

// PutResult says where what was put is. It is on our disk.
type PutResult struct {
	ID      ContentID `json:"id"`
	Network string    `json:"network"`
	Size    int64     `json:"size"`
	Chunks  int       `json:"chunks"` // 1 where no manifest is needed
	// Replicas is how many other nodes hold the piece that the fewest hold, and
	// ReplicasMean the mean over all pieces: chunks and manifest.
	Replicas     int     `json:"replicas"`
	ReplicasMean float64 `json:"replicas_mean"`
}

// Manifest says what a file consists of.
type Manifest struct {
	ID        ContentID   `json:"id"`
	Network   string      `json:"network"`
	Size      int64       `json:"size"`
	ChunkSize int         `json:"chunk_size"` // of all but the last
	Chunks    []ContentID `json:"chunks"`
}

// Progress is how far a transfer is. Bytes of a file that was there already count.
type Progress struct {
	Done, Total   int64 // bytes; Total is -1 while unknown
	Chunks, Of    int   // Of is 0 while unknown
	ReplicasLeast int   // of a put, so far
}

// PutOptions say how to put.
type PutOptions struct {
	Network string // default: the first one of blobs
	Size    int64  // for Progress only; 0 when unknown
	// Progress, if any, is called after each piece, from one goroutine at a time.
	Progress func(Progress)
}

// GetOptions say how to get.
type GetOptions struct {
	Network  string
	Progress func(Progress)
}
