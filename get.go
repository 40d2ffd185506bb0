package ropewalk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ropewalk/ropewalk/portal"
)

// getBytesMax bounds what Get brings into memory. Our choice: larger files are for
// GetFile.
const getBytesMax = 64 << 20

// Get finds content, here or elsewhere, and checks it. ErrNoContent when nobody asked had
// it, a *PartlyError when some of it is missing, ErrTooLarge above 64 MiB, which are for
// GetFile.
func (n *Node) Get(ctx context.Context, which ContentID) ([]byte, error) {
	f, err := n.Fetch(ctx, which, GetOptions{})
	if err != nil {
		return nil, err
	}
	return f.all(ctx)
}

// GetFile is Get into a file, of any size. What has come is in path+".part" until all of
// it has; a later GetFile of the same path goes on from there.
func (n *Node) GetFile(ctx context.Context, which ContentID, path string, o GetOptions) (Manifest, error) {
	f, err := n.Fetch(ctx, which, o)
	if err != nil {
		return Manifest{}, err
	}
	return f.Manifest, f.ToFile(ctx, path)
}

// Fetch finds what a file consists of; the chunks are got by the methods of what it
// returns. Content of one chunk is a file of that chunk, and is here then.
func (n *Node) Fetch(ctx context.Context, which ContentID, o GetOptions) (*Fetch, error) {
	from, err := n.blobs(o.Network)
	if err != nil {
		return nil, err
	}
	m, whole, err := findManifest(ctx, from, which)
	if errors.Is(err, ErrNoContent) && n.arrives(ctx, from.name()) {
		m, whole, err = findManifest(ctx, from, which)
	}
	if err != nil {
		return nil, err
	}
	return fetchOf(from, m, whole, o), nil
}

const (
	// arriveWithin is how long a node that has just come may take to find its first
	// neighbours in a network, and arriveLook how often it is looked.
	arriveWithin = 5 * time.Second
	arriveLook   = 50 * time.Millisecond
	// arrivedFor is how long it then is no newcomer to a network any more.
	arrivedFor = 10 * time.Second
)

// arrives tells whether a node that had just begun to find its place in a network when it
// looked for something has found more of it by now, so that another look is worthwhile.
func (n *Node) arrives(ctx context.Context, network string) bool {
	s := &n.cfg.Session
	n.mu.Lock()
	age := time.Since(n.started)
	n.mu.Unlock()
	if age > arrivedFor || len(s.Bootnodes)+len(s.Seeds)+len(s.Peers) == 0 {
		return false
	}
	o, err := n.Network(network)
	if err != nil {
		return false
	}
	for end := time.Now().Add(arriveWithin); time.Now().Before(end); {
		live, err := overlayLook(ctx, o, func(_ time.Time, x *portal.Overlay) (int, error) { return x.Stats().Live, nil })
		if err != nil || !pause(ctx, arriveLook) {
			return false
		}
		if live > 0 {
			return pause(ctx, 10*arriveLook) // its neighbours have told it of others
		}
	}
	return false
}

// GetChunk is Get of one chunk, at most 1 MiB: of what a Manifest names, or of content
// that needs none.
func (n *Node) GetChunk(ctx context.Context, which ContentID, o GetOptions) ([]byte, error) {
	from, err := n.blobs(o.Network)
	if err != nil {
		return nil, err
	}
	return from.get(ctx, chunkPiece, which)
}

// fetchOf gets the chunks of a manifest from a network, but for content of one chunk that
// is here already.
func fetchOf(from pieces, m Manifest, whole []byte, o GetOptions) *Fetch {
	return &Fetch{Manifest: m, Progress: o.Progress, Get: func(ctx context.Context, chunk ContentID) ([]byte, error) {
		if whole != nil {
			return whole, nil
		}
		return from.get(ctx, chunkPiece, chunk)
	}}
}

// findManifest finds what an ID names: a manifest, or a chunk that is the content itself
// and then is returned too. Bytes have one hash whichever they are, so both keys are asked
// for, and what comes first is judged by its form: what reads as a manifest is one.
func findManifest(ctx context.Context, from pieces, which ContentID) (Manifest, []byte, error) {
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	type found struct {
		data []byte
		err  error
	}
	answers := make(chan found, 2)
	for _, k := range []pieceKind{chunkPiece, manifestPiece} {
		all.Go(func() { // ends with the context
			data, err := from.get(ctx, k, which)
			answers <- found{data, err}
		})
	}
	var worst error
	for range 2 {
		a := <-answers
		if a.err != nil {
			if worst == nil || errors.Is(worst, ErrNoContent) {
				worst = a.err
			}
			continue
		}
		m := Manifest{ID: which, Network: from.name(), ChunkSize: chunkBytes}
		var err error
		if m.Size, m.Chunks, err = decodeManifest(a.data); err == nil {
			return m, nil, nil
		}
		m.Size, m.Chunks = int64(len(a.data)), []ContentID{which}
		return m, a.data, nil
	}
	return Manifest{}, nil, worst
}

// all gets a file into memory.
func (f *Fetch) all(ctx context.Context) ([]byte, error) {
	if f.Manifest.Size > getBytesMax {
		return nil, fmt.Errorf("%w: %d bytes, of which at most %d are held in memory: use GetFile", ErrTooLarge, f.Manifest.Size, getBytesMax)
	}
	out := bytes.NewBuffer(make([]byte, 0, f.Manifest.Size))
	if err := f.Stream(ctx, out); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
