package ropewalk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
)

// Put keeps data on our disk and offers it to nodes that cover it; to how many is told by
// PutReader. More than a chunk is cut.
func (n *Node) Put(ctx context.Context, data []byte) (ContentID, error) {
	r, err := n.PutReader(ctx, bytes.NewReader(data), PutOptions{Size: int64(len(data))})
	return r.ID, err
}

// PutFile is PutReader of a file.
func (n *Node) PutFile(ctx context.Context, path string, o PutOptions) (PutResult, error) {
	f, err := os.Open(path)
	if err != nil {
		return PutResult{}, err
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.Mode().IsRegular() {
		o.Size = st.Size()
	}
	return n.PutReader(ctx, f, o)
}

// PutReader cuts what it reads into chunks of 1 MiB and keeps each on our disk, as
// durable; each is offered to nodes that cover it. A few are under way at a time, so a
// file of any size costs some MiB of memory. It returns when all offers have ended, with
// how many other nodes hold the pieces; none is no error. What was put before an error
// stays.
func (n *Node) PutReader(ctx context.Context, r io.Reader, o PutOptions) (PutResult, error) {
	to, err := n.blobs(o.Network)
	if err != nil {
		return PutResult{}, err
	}
	return putAll(ctx, to, r, o)
}

// pieces is the network that holds the pieces of files. Of a manifest or a chunk it is
// told which, because that is part of the key.
type pieces interface {
	name() string
	// put keeps a piece and tells how many other nodes have it.
	put(ctx context.Context, k pieceKind, data []byte) (ContentID, int, error)
	get(ctx context.Context, k pieceKind, which ContentID) ([]byte, error)
}

type pieceKind uint8

const (
	chunkPiece pieceKind = iota
	manifestPiece
)

// putting is a put under way.
type putting struct {
	to pieces
	o  PutOptions

	mu       sync.Mutex
	chunks   []ContentID
	done     int64
	finished int // pieces
	least    int
	sum      int
	err      error
}

func putAll(ctx context.Context, to pieces, r io.Reader, o PutOptions) (PutResult, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := &putting{to: to, o: o, least: -1}
	size, err := p.cut(ctx, cancel, r)
	if p.err != nil {
		err = p.err
	}
	if err != nil {
		return PutResult{}, err
	}
	out := PutResult{Network: to.name(), Size: size, Chunks: len(p.chunks)}
	if len(p.chunks) == 1 {
		out.ID = p.chunks[0]
	} else {
		raw, err := encodeManifest(size, p.chunks)
		if err != nil {
			return PutResult{}, err
		}
		which, replicas, err := to.put(ctx, manifestPiece, raw)
		if err != nil {
			return PutResult{}, fmt.Errorf("put the manifest: %w", err)
		}
		out.ID = which
		p.note(0, replicas)
	}
	out.Replicas, out.ReplicasMean = p.least, float64(p.sum)/float64(p.finished)
	return out, nil
}

// cut reads to the end and returns when every chunk is put, or after the first error.
func (p *putting) cut(ctx context.Context, cancel func(), r io.Reader) (size int64, err error) {
	var all sync.WaitGroup
	defer all.Wait()
	places := make(chan struct{}, chunksUnderWay)
	for i := 0; ; i++ {
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
			return size, context.Cause(ctx)
		}
		chunk := make([]byte, chunkBytes)
		got, err := io.ReadFull(r, chunk)
		if errors.Is(err, io.EOF) {
			return size, nil
		}
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			cancel()
			return size, err
		}
		size += int64(got)
		p.mu.Lock()
		p.chunks = append(p.chunks, ContentID{})
		p.mu.Unlock()
		all.Go(func() {
			defer func() { <-places }()
			which, replicas, err := p.to.put(ctx, chunkPiece, chunk[:got:got])
			if err != nil {
				p.fail(fmt.Errorf("put chunk %d: %w", i+1, err))
				cancel()
				return
			}
			p.mu.Lock()
			p.chunks[i] = which
			p.mu.Unlock()
			p.note(int64(got), replicas)
		})
		if err != nil { // a short chunk is the last
			return size, nil
		}
	}
}

func (p *putting) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = err
	}
}

// note counts a piece that was put.
func (p *putting) note(bytes int64, replicas int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done += bytes
	p.finished++
	p.sum += replicas
	if p.least < 0 || replicas < p.least {
		p.least = replicas
	}
	if p.o.Progress != nil {
		at := Progress{Done: p.done, Total: -1, Chunks: p.finished, ReplicasLeast: p.least}
		if p.o.Size > 0 {
			at.Total, at.Of = p.o.Size, int((p.o.Size+chunkBytes-1)/chunkBytes)
		}
		p.o.Progress(at)
	}
}
