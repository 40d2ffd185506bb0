package devnet

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"time"

	"github.com/ropewalk/ropewalk/api/client"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/scenario"
)

var _ scenario.Library = stage{}

// shared is a file of a script: what its name and size make of it, and its ID when it is
// put.
type shared struct {
	id       id.ID
	bytes    int64
	sum      [sha256.Size]byte
	done     bool
	replicas int
	err      error
}

// fetched is a file at a node.
type fetched struct {
	i    int
	file string
}

// delivery is how getting one went.
type delivery struct {
	done bool
	at   time.Time
	err  error
}

var errOther = errors.New("it is not what was put")

// made is a file of so many bytes that its name makes.
func made(name string, bytes int64) io.Reader {
	return io.LimitReader(rand.NewChaCha8(sha256.Sum256([]byte(name))), bytes)
}

// Put gives a node a file, over HTTP as `ropewalk put` does.
func (s stage) Put(_ time.Time, i int, file string, bytes int64) {
	d, m := s.d, s.d.members[i]
	d.mu.Lock()
	d.files[file] = shared{bytes: bytes}
	d.mu.Unlock()
	d.run(func() {
		sum := sha256.New()
		r, err := m.current().Put(d.ctx, io.TeeReader(made(file, bytes), sum), bytes, "")
		d.mu.Lock()
		defer d.mu.Unlock()
		d.files[file] = shared{id: r.ID, bytes: bytes, sum: [32]byte(sum.Sum(nil)), done: true, replicas: r.Replicas, err: err}
	})
}

func (s stage) WasPut(file string) (done bool, replicas int, err error) {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	f := s.d.files[file]
	return f.done, f.replicas, f.err
}

// Get has a node find a file, and compares.
func (s stage) Get(_ time.Time, i int, file string) {
	d, m, key := s.d, s.d.members[i], fetched{i, file}
	d.mu.Lock()
	f := d.files[file]
	d.got[key] = delivery{}
	d.mu.Unlock()
	d.run(func() {
		err := f.compare(d.ctx, m.current())
		d.mu.Lock()
		defer d.mu.Unlock()
		d.got[key] = delivery{true, time.Now(), err}
	})
}

// compare gets a file and tells whether it is what was put.
func (f shared) compare(ctx context.Context, c *client.Client) error {
	body, _, err := c.Get(ctx, f.id, "")
	if err != nil {
		return err
	}
	defer body.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, body)
	switch {
	case err != nil:
		return fmt.Errorf("after %d bytes: %w", n, err)
	case n != f.bytes || !bytes.Equal(sum.Sum(nil), f.sum[:]):
		return errOther
	}
	return nil
}

func (s stage) Got(i int, file string) (done bool, at time.Time, err error) {
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	g := s.d.got[fetched{i, file}]
	return g.done, g.at, g.err
}
