package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/content/blob"
)

// files is the network of content that nodes of the library have by default.
const files = "blob"

// library is some nodes as an application has them: the library with its defaults, a store
// on disk, real sockets on loopback. They have no links: all of it is discv5 and content.
type library struct {
	dir   string
	nodes []*ropewalk.Node
	nets  []*ropewalk.Overlay
}

// newLibrary starts nodes. With a boot all know the first; else nobody knows anybody.
func newLibrary(count int, boot bool, set func(i int, cfg *ropewalk.Config)) (*library, error) {
	dir, err := os.MkdirTemp("", "bench-content-")
	if err != nil {
		return nil, err
	}
	l := &library{dir: dir}
	for i := range count {
		cfg := ropewalk.Config{Localnet: true, DataDir: fmt.Sprintf("%s/%d", dir, i)}
		cfg.Listen.LibP2P, cfg.Listen.RLPx = []string{}, []string{}
		if boot && i > 0 {
			cfg.Session.Bootnodes = []string{l.nodes[0].Record()}
		}
		if set != nil {
			set(i, &cfg)
		}
		n, err := ropewalk.New(cfg)
		if err != nil {
			return nil, errors.Join(err, l.close())
		}
		l.nodes = append(l.nodes, n)
		if err := n.Start(context.Background()); err != nil {
			return nil, errors.Join(err, l.close())
		}
		o, err := n.Network(files)
		if err != nil {
			return nil, errors.Join(err, l.close())
		}
		l.nets = append(l.nets, o)
	}
	return l, nil
}

func (l *library) close() error {
	var errs []error
	for _, n := range l.nodes {
		errs = append(errs, n.Close())
	}
	return errors.Join(append(errs, os.RemoveAll(l.dir))...)
}

// know waits until every node has all others in its table.
func (l *library) know(ctx context.Context) error {
	for {
		least := len(l.nets)
		for _, o := range l.nets {
			t, err := o.Table(ctx)
			if err != nil {
				return err
			}
			known := 0
			for _, b := range t.Buckets {
				known += len(b)
			}
			least = min(least, known)
		}
		if least >= len(l.nets)-1 {
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("of %d nodes the poorest knows %d", len(l.nets), least)
		}
	}
}

// stock has nodes store the same things, and tells their keys.
func (l *library) stock(ctx context.Context, at []*ropewalk.Overlay, items, size int) ([][]byte, error) {
	keys, values := make([][]byte, items), make([][]byte, items)
	for i := range values {
		values[i] = chance(size)
		keys[i] = blob.KeyOf(blob.Chunk, values[i]).Bytes()
	}
	var group sync.WaitGroup
	errs := make([]error, len(at)*storeAskers)
	for e, o := range at {
		for w := range storeAskers {
			group.Go(func() {
				err := &errs[e*storeAskers+w]
				for i := w; i < items && *err == nil; i += storeAskers {
					*err = o.Store(ctx, keys[i], values[i])
				}
			})
		}
	}
	group.Wait()
	return keys, errors.Join(errs...)
}

// chance are bytes that nothing can make smaller.
func chance(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.Read(b)
	return b
}
