package ropewalk_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk"
)

// sized is a network whose keys say how long their values are and what they begin with.
var sized = ropewalk.Network{Name: "sized", Protocol: []byte("sized"), Check: func(key, value []byte) error {
	if len(key) != 8 || !bytes.Equal(value, sizedValue(int(binary.BigEndian.Uint64(key)))) {
		return errors.New("not what the key says")
	}
	return nil
}}

func sizedKey(size int) []byte { return binary.BigEndian.AppendUint64(nil, uint64(size)) }

func sizedValue(size int) []byte {
	out := make([]byte, size)
	for i := range out {
		out[i] = byte(i * 7 >> 3)
	}
	return out
}

// Values of every size around the borders between packet and stream go from node to node,
// when they are offered and when they are looked for.
func TestOverlaySizes(t *testing.T) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	sizes := []int{1, 1165, 1166, 1175, 1176, 2000, 2048, 2049, 100_000, 1_600_000}
	if !testing.Short() {
		sizes = append(sizes, 16_000_000)
	}
	join := func(bootnodes ...string) (*ropewalk.Node, *ropewalk.Overlay) {
		n, err := ropewalk.New(ropewalk.Config{Localnet: true, Session: ropewalk.SessionConfig{Bootnodes: bootnodes}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { n.Close() })
		o, err := n.Overlay(sized)
		if err == nil {
			err = n.Start(ctx)
		}
		if err != nil {
			t.Fatal(err)
		}
		return n, o
	}
	first, a := join()
	_, b := join(first.Record())
	until(t, ctx, "they know each other", func() bool {
		table, err := b.Table(ctx)
		return err == nil && len(fmt.Sprint(table.Buckets)) > len("[]")
	})
	for _, size := range sizes {
		if err := a.Store(ctx, sizedKey(size), sizedValue(size)); err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		begun := time.Now()
		found, err := b.Get(ctx, sizedKey(size))
		if err != nil || !bytes.Equal(found.Content, sizedValue(size)) || found.UTPTransfer != (size > 1165) {
			t.Errorf("%d bytes, looked for: %d bytes, by stream %v, %v", size, len(found.Content), found.UTPTransfer, err)
		}
		t.Logf("%d bytes, looked for: %v", size, time.Since(begun).Round(time.Microsecond))
	}
	for _, size := range sizes {
		size += 7
		begun := time.Now()
		spread, err := b.Put(ctx, sizedKey(size), sizedValue(size))
		if err != nil || spread.Replicas() != 1 {
			t.Errorf("%d bytes, offered: %+v, %v", size, spread, err)
		}
		t.Logf("%d bytes, offered: %v", size, time.Since(begun).Round(time.Microsecond))
		until(t, ctx, "it is there", func() bool {
			got, err := a.Local(ctx, sizedKey(size))
			return err == nil && bytes.Equal(got, sizedValue(size))
		})
	}
}

// until waits for a condition.
func until(t *testing.T, ctx context.Context, what string, ok func() bool) {
	t.Helper()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("in vain: %s", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
