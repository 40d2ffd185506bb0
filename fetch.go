package ropewalk

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Fetch gets the chunks of a manifest, several at a time, from wherever Get finds them,
// and checks each by its hash.
type Fetch struct {
	Manifest Manifest
	// Get finds a chunk; it is called from several goroutines.
	Get func(ctx context.Context, chunk ContentID) ([]byte, error)
	// Progress, if any, is called after each chunk, from one goroutine at a time.
	Progress func(Progress)
}

// PartSuffix ends the name of a file that is not whole yet.
const PartSuffix = ".part"

const (
	// fetchRounds is how often what was not found is looked for: nodes come and go, and a
	// lookup that met the wrong ones is right a little later.
	fetchRounds = 3
	// fetchPause is between two rounds, and once more for each round before.
	fetchPause = time.Second
)

// size is how long a chunk is.
func (f *Fetch) size(i int) int64 {
	return min(int64(f.Manifest.ChunkSize), f.Manifest.Size-f.at(i))
}

// at is where a chunk begins.
func (f *Fetch) at(i int) int64 { return int64(i) * int64(f.Manifest.ChunkSize) }

// is tells whether data is a chunk.
func (f *Fetch) is(i int, data []byte) bool {
	return int64(len(data)) == f.size(i) && sha256.Sum256(data) == f.Manifest.Chunks[i]
}

// one gets a chunk.
func (f *Fetch) one(ctx context.Context, i int) ([]byte, error) {
	data, err := f.Get(ctx, f.Manifest.Chunks[i])
	if err == nil && !f.is(i, data) {
		err = fmt.Errorf("%w: chunk %d of %s is not what its hash promises", ErrNoContent, i+1, f.Manifest.ID)
	}
	return data, err
}

// check refuses manifests that cannot be: of a remote that is asked for one, too.
func (f *Fetch) check() error {
	m := f.Manifest
	if m.Size < 0 || m.ChunkSize < 1 || int64(len(m.Chunks)) != (m.Size+int64(m.ChunkSize)-1)/int64(m.ChunkSize) {
		return fmt.Errorf("%w: a manifest of %d chunks for %d bytes", ErrBadInput, len(m.Chunks), m.Size)
	}
	return nil
}

// ToFile fills path+PartSuffix, which is given its name when all chunks are in it and on
// disk. Chunks that are there already, from an earlier run, are kept: each is judged by
// its hash, so nothing beside the file has to be trusted. After an error the part stays.
// ErrBadInput when the path is a folder, a device or the like: those are not replaced.
func (f *Fetch) ToFile(ctx context.Context, path string) (err error) {
	if err := f.check(); err != nil {
		return err
	}
	if st, err := os.Stat(path); err == nil && !st.Mode().IsRegular() {
		return fmt.Errorf("%w: %s is there and is no file", ErrBadInput, path)
	}
	part, err := os.OpenFile(path+PartSuffix, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	have, err := f.found(ctx, part)
	if err == nil {
		err = f.To(ctx, part, have)
	}
	if err == nil {
		err = errors.Join(part.Truncate(f.Manifest.Size), part.Sync())
	}
	if err = errors.Join(err, part.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+PartSuffix, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// found tells which chunks a file holds.
func (f *Fetch) found(ctx context.Context, file io.ReaderAt) ([]bool, error) {
	have := make([]bool, len(f.Manifest.Chunks))
	buf := make([]byte, f.Manifest.ChunkSize)
	for i := range have {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n, err := file.ReadAt(buf[:f.size(i)], f.at(i))
		if n == 0 && errors.Is(err, io.EOF) {
			break
		}
		have[i] = f.is(i, buf[:n])
	}
	return have, nil
}

// To writes the chunks where they belong, in the order in which they come. have tells
// which are there already; nil means none. A chunk that is not found does not keep
// others from coming: the error is then a *PartlyError.
func (f *Fetch) To(ctx context.Context, w io.WriterAt, have []bool) error {
	if err := f.check(); err != nil {
		return err
	}
	t := &fetching{f: f, w: w}
	var want []int
	for i := range f.Manifest.Chunks {
		if have != nil && have[i] {
			t.at.Done += f.size(i)
			t.at.Chunks++
			continue
		}
		want = append(want, i)
	}
	t.at.Total, t.at.Of = f.Manifest.Size, len(f.Manifest.Chunks)
	t.tell()
	for round := range fetchRounds {
		if round > 0 {
			if !pause(ctx, time.Duration(round)*fetchPause) {
				break
			}
		}
		if want = t.round(ctx, want); len(want) == 0 || t.broken != nil || ctx.Err() != nil {
			break
		}
	}
	switch {
	case t.broken != nil:
		return t.broken
	case ctx.Err() != nil:
		return ctx.Err()
	case len(want) > 0:
		return &PartlyError{Have: t.at.Chunks, Of: t.at.Of, Err: t.missing}
	}
	return nil
}

// fetching is a Fetch.To under way.
type fetching struct {
	f *Fetch
	w io.WriterAt

	mu      sync.Mutex
	at      Progress
	missing error // why the last chunk that is missing is
	broken  error // of writing, which no other chunk would mend
}

// round looks for each chunk once and returns those that it did not find.
func (t *fetching) round(ctx context.Context, want []int) (left []int) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	next := make(chan int)
	for range min(chunksUnderWay, len(want)) {
		all.Go(func() {
			for i := range next {
				if !t.chunk(ctx, i, cancel) {
					t.mu.Lock()
					left = append(left, i)
					t.mu.Unlock()
				}
			}
		})
	}
	for _, i := range want {
		next <- i // when the context has ended, each is refused at once
	}
	close(next)
	all.Wait()
	return left
}

// chunk gets one and writes it.
func (t *fetching) chunk(ctx context.Context, i int, cancel func()) bool {
	if ctx.Err() != nil {
		return false
	}
	data, err := t.f.one(ctx, i)
	broken := false
	if err == nil {
		_, err = t.w.WriteAt(data, t.f.at(i))
		broken = err != nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case broken:
		t.broken = err
		cancel()
	case err != nil:
		t.missing = err
	default:
		t.at.Done += int64(len(data))
		t.at.Chunks++
		t.tell()
	}
	return err == nil
}

func (t *fetching) tell() {
	if t.f.Progress != nil {
		t.f.Progress(t.at)
	}
}

// Stream writes all chunks in order, while those behind are on their way.
func (f *Fetch) Stream(ctx context.Context, w io.Writer) error {
	if err := f.check(); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer cancel()
	type got struct {
		data []byte
		err  error
	}
	var coming []chan got
	asked := 0
	at := Progress{Total: f.Manifest.Size, Of: len(f.Manifest.Chunks)}
	for range f.Manifest.Chunks {
		for ; asked < len(f.Manifest.Chunks) && len(coming) < chunksUnderWay; asked++ {
			i, c := asked, make(chan got, 1)
			coming = append(coming, c)
			all.Go(func() {
				data, err := f.patiently(ctx, i)
				c <- got{data, err}
			})
		}
		g := <-coming[0]
		coming = coming[1:]
		if g.err != nil && ctx.Err() == nil {
			g.err = &PartlyError{Have: at.Chunks, Of: at.Of, Err: g.err}
		}
		if g.err != nil {
			return g.err
		}
		if _, err := w.Write(g.data); err != nil {
			return err
		}
		at.Done += int64(len(g.data))
		at.Chunks++
		if f.Progress != nil {
			f.Progress(at)
		}
	}
	return nil
}

// patiently gets a chunk as often as To would.
func (f *Fetch) patiently(ctx context.Context, i int) (data []byte, err error) {
	for round := range fetchRounds {
		if round > 0 {
			if !pause(ctx, time.Duration(round)*fetchPause) {
				return nil, ctx.Err()
			}
		}
		if data, err = f.one(ctx, i); err == nil || ctx.Err() != nil {
			break
		}
	}
	return data, err
}
