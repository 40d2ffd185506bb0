package sim

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/content/blob"
	"github.com/ropewalk/ropewalk/content/store"
	"github.com/ropewalk/ropewalk/discv5"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/node"
	"github.com/ropewalk/ropewalk/portal"
	"github.com/ropewalk/ropewalk/scenario"
)

// library is the content of a play: what its nodes put and get, chunk by chunk.
type library struct {
	w     *world
	files map[string]*parcel
	gets  map[shelved]*parcel
	asked map[errand]*parcel
}

// shelved is a file at a node, errand a question of a host that is not answered yet.
type (
	shelved struct {
		i    int
		file string
	}
	errand struct {
		i int
		t id.Ticket
	}
)

// parcel is a file on its way: put, or got. As in the program, a few chunks are under way at
// a time, and the manifest goes after all of them, or comes before.
type parcel struct {
	pieces   []piece // in the order in which they are asked for
	manifest int     // which of them is it, -1 for none; it goes alone
	put      bool
	next     int               // the first that was not asked for
	left     map[id.Ticket]int // pieces under way by question
	spread   int               // nodes that have the piece that the fewest have
	at       time.Time
	err      error
}

// piece is a chunk, or the manifest.
type piece struct{ key, value []byte }

var _ scenario.Library = stage{}

// stock gives every node of a world discv5 and a network of blobs, where chat keeps its
// archive.
func (w *world) stock() {
	l := &library{w: w, files: map[string]*parcel{}, gets: map[shelved]*parcel{}, asked: map[errand]*parcel{}}
	w.library = l
	w.configure, w.answered = l.configure, l.answered
}

func (l *library) configure(h *host, c *node.Config) {
	d := discv5.Config{Plain: true, Verify: l.w.verify}
	binary.BigEndian.PutUint64(d.Seed[:], l.w.rng.Uint64()|1)
	c.Discovery, c.Overlays = &d, []portal.Config{{Network: blob.Network(), Radius: content.DistanceMax}}
	c.Archive = blob.Name
	if h.store != nil {
		return
	}
	s, err := store.NewMemory(store.Config{Self: h.key.ID(), Networks: []content.Network{blob.Network()}, Capacity: shelfBytes, Share: 1, Now: l.w.time})
	if err != nil {
		l.w.err = err
		return
	}
	h.store = s
}

// shelfBytes is what a node keeps for others.
const shelfBytes = 1 << 30

// Put has a node put a file.
func (s stage) Put(now time.Time, i int, file string, size int64) {
	p := &parcel{put: true, spread: -1, manifest: -1}
	rng := rand.NewChaCha8(sha256.Sum256([]byte(file)))
	m := blob.Manifest{Size: size}
	for ; size > 0; size -= blob.ChunkBytes {
		chunk := make([]byte, min(size, blob.ChunkBytes))
		_, _ = rng.Read(chunk)
		key := blob.KeyOf(blob.Chunk, chunk)
		m.Chunks = append(m.Chunks, key.Hash)
		p.pieces = append(p.pieces, piece{key.Bytes(), chunk})
	}
	if len(m.Chunks) > 1 {
		raw, err := m.Encode()
		if err != nil {
			p.err = err
		}
		p.manifest = len(p.pieces)
		p.pieces = append(p.pieces, piece{blob.KeyOf(blob.File, raw).Bytes(), raw})
	}
	s.w.library.files[file] = p
	s.w.library.begin(now, i, p)
}

func (s stage) WasPut(file string) (done bool, replicas int, err error) {
	p := s.w.library.files[file]
	return p.done(), max(p.spread, 0), p.err
}

// Get has a node get it.
func (s stage) Get(now time.Time, i int, file string) {
	put := s.w.library.files[file]
	p := &parcel{pieces: put.pieces, manifest: put.manifest}
	if last := put.manifest; last > 0 {
		p.pieces = append([]piece{put.pieces[last]}, put.pieces[:last]...)
		p.manifest = 0
	}
	s.w.library.gets[shelved{i, file}] = p
	s.w.library.begin(now, i, p)
}

func (s stage) Got(i int, file string) (done bool, at time.Time, err error) {
	p := s.w.library.gets[shelved{i, file}]
	return p.done(), p.at, p.err
}

func (p *parcel) done() bool {
	return p.err != nil || p.next == len(p.pieces) && len(p.left) == 0
}

// mayAsk tells whether it is time for the next piece.
func (p *parcel) mayAsk() bool {
	alone := p.next == p.manifest || p.next > 0 && p.next-1 == p.manifest
	return p.err == nil && p.next < len(p.pieces) &&
		len(p.left) < blob.ChunksUnderWay && !(alone && len(p.left) > 0)
}

var errNotRunning = errors.New("the node does not run")

// begin has the node put or get a file.
func (l *library) begin(now time.Time, i int, p *parcel) {
	h := l.w.hosts[i]
	if !h.alive {
		p.err = errNotRunning
		return
	}
	p.left = map[id.Ticket]int{}
	l.ask(now, h, p)
	h.flush()
}

// ask has the node put or get the pieces whose time it is.
func (l *library) ask(now time.Time, h *host, p *parcel) {
	for p.mayAsk() {
		t, it := h.tickets.Next(), p.pieces[p.next]
		p.left[t] = p.next
		p.next++
		l.asked[errand{h.i, t}] = p
		err := h.node.Overlay(now, blob.Name, func(o *portal.Overlay) portal.News {
			if p.put {
				return o.Put(now, t, it.key, it.value, content.Durable)
			}
			return o.Get(now, t, it.key, false)
		})
		if err != nil {
			p.err = err
		}
		h.asked = true
	}
}

// answered hears what a node answers.
func (l *library) answered(h *host, a portal.Answer) {
	p, ok := l.asked[errand{h.i, a.Ticket}]
	if !ok {
		return
	}
	delete(l.asked, errand{h.i, a.Ticket})
	k := p.left[a.Ticket]
	delete(p.left, a.Ticket)
	p.at = l.w.time()
	switch {
	case a.Err != nil:
		p.err = a.Err
	case p.put && (p.spread < 0 || a.Put.Replicas() < p.spread):
		p.spread = a.Put.Replicas()
	case !p.put && !bytes.Equal(a.Value, p.pieces[k].value):
		p.err = fmt.Errorf("piece %d is not what was put", k+1)
	}
	l.ask(p.at, h, p)
}
