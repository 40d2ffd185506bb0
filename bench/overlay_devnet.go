package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/ropewalk/ropewalk"
)

// devnetFigures are of a file in a network of eight nodes, put at one and got at another.
var devnetFigures = []figure{
	{name: "devnet-put-100m", says: "100 MiB put at one of eight nodes", workload: "devnet-100m", key: "put", kind: limit, bar: 20, atLeast: true, unit: mbps},
	{name: "devnet-put-replicas", says: "other nodes that have each piece then, at least", workload: "devnet-100m", key: "replicas", kind: shown},
	{name: "devnet-get-100m", says: "got at one that keeps nothing, equal hash", workload: "devnet-100m", key: "get", kind: limit, bar: 20, atLeast: true, unit: mbps},
}

var devnetWorkloads = []workload{
	{name: "devnet-100m", run: func(s side, _ uint64) (values, error) { return runDevnet(s, devnetNodes, 100<<20) }},
}

const (
	devnetNodes = 8
	// devnetWithin bounds it all.
	devnetWithin = 5 * time.Minute
	// keepsNothing is the least radius: that of one point beside a node's own.
	keepsNothing = "0x0000000000000000000000000000000000000000000000000000000000000001"
)

var errOther = errors.New("what came is not what was put")

// runDevnet puts a file at the second node and gets it at the last, which keeps nothing of
// what it is offered, so that all of it has to come from others.
func runDevnet(s side, nodes, size int) (values, error) {
	if s == rival {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), devnetWithin)
	defer cancel()
	l, err := newLibrary(nodes, true, func(i int, cfg *ropewalk.Config) {
		if i == nodes-1 {
			cfg.Overlay.Radius = keepsNothing
		}
	})
	if err != nil {
		return nil, err
	}
	defer l.close()
	if err := l.know(ctx); err != nil {
		return nil, err
	}
	data := chance(size)
	stop := profile()
	defer stop()
	start := read(true)
	put, err := l.nodes[1].PutReader(ctx, bytes.NewReader(data), ropewalk.PutOptions{Size: int64(size)})
	if err != nil {
		return nil, err
	}
	v := values{"replicas": float64(put.Replicas)}
	v.since("put", start, size)
	path := filepath.Join(l.dir, "got")
	start = read(true)
	if _, err := l.nodes[nodes-1].GetFile(ctx, put.ID, path, ropewalk.GetOptions{}); err != nil {
		return nil, err
	}
	v.since("get", start, size)
	return v, same(path, data)
}

// since notes MB per second, and CPU per MB.
func (v values) since(key string, start meter, bytes int) {
	mb := float64(bytes) / 1e6
	v[key] = mb / time.Since(start.at).Seconds()
	v[key+"cpu"] = float64(start.used().cpu) / mb
}

// same tells whether a file is what was put.
func same(path string, data []byte) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	got := sha256.New()
	if _, err := io.Copy(got, f); err != nil {
		return err
	}
	if want := sha256.Sum256(data); !bytes.Equal(got.Sum(nil), want[:]) {
		return errOther
	}
	return nil
}
