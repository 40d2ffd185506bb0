package ropewalk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"
)

// shelf is a network of pieces in memory.
type shelf struct {
	mu       sync.Mutex
	pieces   map[pieceKind]map[ContentID][]byte
	replicas func(n int) int
	puts     int
	gets     int
	under    int // way
	most     int
	fail     func(n int) error
	damage   bool
	lost     map[ContentID]int // how often it is not found
}

func newShelf() *shelf {
	return &shelf{pieces: map[pieceKind]map[ContentID][]byte{chunkPiece: {}, manifestPiece: {}}, lost: map[ContentID]int{}}
}

func (s *shelf) name() string { return "shelf" }

func (s *shelf) put(_ context.Context, k pieceKind, data []byte) (ContentID, int, error) {
	s.mu.Lock()
	s.puts++
	n := s.puts
	s.under++
	s.most = max(s.most, s.under)
	s.mu.Unlock()
	defer func() { s.mu.Lock(); s.under--; s.mu.Unlock() }()
	if s.fail != nil {
		if err := s.fail(n); err != nil {
			return ContentID{}, 0, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	which := ContentID(sha256.Sum256(data))
	s.pieces[k][which] = bytes.Clone(data)
	if s.replicas != nil {
		return which, s.replicas(n), nil
	}
	return which, 3, nil
}

func (s *shelf) get(ctx context.Context, k pieceKind, which ContentID) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gets++
	data, ok := s.pieces[k][which]
	if !ok {
		return nil, ErrNoContent
	}
	if s.lost[which] > 0 {
		s.lost[which]--
		return nil, ErrNoContent
	}
	if s.damage && k == chunkPiece {
		data = append(bytes.Clone(data[1:]), 7)
	}
	return data, nil
}

func someBytes(n int) []byte {
	out := make([]byte, n)
	r := rand.NewChaCha8([32]byte{byte(n)})
	r.Read(out)
	return out
}

func TestPutGetSizes(t *testing.T) {
	defer goleak.VerifyNone(t)
	for _, size := range []int{1, 1165, chunkBytes - 1, chunkBytes, chunkBytes + 1, 3 * chunkBytes, 9*chunkBytes + 17} {
		s, data := newShelf(), someBytes(size)
		var last Progress
		r, err := putAll(t.Context(), s, bytes.NewReader(data), PutOptions{Size: int64(size), Progress: func(p Progress) { last = p }})
		if err != nil {
			t.Fatal(err)
		}
		chunks := (size + chunkBytes - 1) / chunkBytes
		if r.Size != int64(size) || r.Chunks != chunks || r.Replicas != 3 || r.ReplicasMean != 3 || r.Network != "shelf" {
			t.Errorf("%d bytes: %+v", size, r)
		}
		if last.Done != int64(size) || last.Of != chunks {
			t.Errorf("%d bytes: progress ends with %+v", size, last)
		}
		if chunks == 1 && r.ID != sha256.Sum256(data) {
			t.Errorf("%d bytes: ID %s is not the hash", size, r.ID)
		}
		got, err := getAll(t.Context(), s, r.ID)
		if err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes: got %d of them, %v", size, len(got), err)
		}
	}
}

// What is in memory is bounded, however large the file.
func TestPutBounded(t *testing.T) {
	s := newShelf()
	block := make(chan struct{})
	s.fail = func(n int) error {
		if n == chunksUnderWay {
			close(block)
		}
		<-block
		return nil
	}
	if _, err := putAll(t.Context(), s, bytes.NewReader(make([]byte, 40*chunkBytes)), PutOptions{}); err != nil {
		t.Fatal(err)
	}
	if s.most > chunksUnderWay {
		t.Errorf("%d chunks under way at once, want %d", s.most, chunksUnderWay)
	}
}

func TestPutTellsReplicas(t *testing.T) {
	s := newShelf()
	s.replicas = func(n int) int { return n % 4 }
	r, err := putAll(t.Context(), s, bytes.NewReader(someBytes(7*chunkBytes)), PutOptions{})
	if err != nil || r.Replicas != 0 || r.ReplicasMean != (1+2+3+0+1+2+3+0)/8.0 {
		t.Errorf("%+v %v", r, err)
	}
}

func TestPutFails(t *testing.T) {
	defer goleak.VerifyNone(t)
	full := errors.New("full")
	s := newShelf()
	s.fail = func(n int) error {
		if n > 2 {
			return full
		}
		return nil
	}
	if _, err := putAll(t.Context(), s, bytes.NewReader(make([]byte, 50*chunkBytes)), PutOptions{}); !errors.Is(err, full) {
		t.Errorf("%v", err)
	}
	if s.puts > 2+2*chunksUnderWay {
		t.Errorf("%d chunks were put although the third failed", s.puts)
	}
	broken := errors.New("cannot be read")
	if _, err := putAll(t.Context(), newShelf(), io.MultiReader(bytes.NewReader(make([]byte, chunkBytes+5)), failing{broken}), PutOptions{}); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := putAll(ctx, newShelf(), bytes.NewReader(make([]byte, 20*chunkBytes)), PutOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestGetNothing(t *testing.T) {
	if _, err := getAll(t.Context(), newShelf(), ContentID{1}); !errors.Is(err, ErrNoContent) {
		t.Errorf("%v", err)
	}
}

func getAll(ctx context.Context, from pieces, which ContentID) ([]byte, error) {
	m, whole, err := findManifest(ctx, from, which)
	if err != nil {
		return nil, err
	}
	return fetchOf(from, m, whole, GetOptions{}).all(ctx)
}

// onShelf puts a file and returns what gets it.
func onShelf(t *testing.T, s *shelf, data []byte) *Fetch {
	t.Helper()
	r, err := putAll(t.Context(), s, bytes.NewReader(data), PutOptions{})
	if err != nil {
		t.Fatal(err)
	}
	m, whole, err := findManifest(t.Context(), s, r.ID)
	if err != nil {
		t.Fatal(err)
	}
	return fetchOf(s, m, whole, GetOptions{})
}

// A file that was got in part is not got anew, and nobody is trusted with what there is
// of it.
func TestFetchGoesOn(t *testing.T) {
	s, data := newShelf(), someBytes(6*chunkBytes+100)
	f := onShelf(t, s, data)
	path := filepath.Join(t.TempDir(), "file")
	had := bytes.Clone(data[:4*chunkBytes])
	had[chunkBytes+3] ^= 1 // the second chunk is damaged
	if err := os.WriteFile(path+PartSuffix, had, 0o600); err != nil {
		t.Fatal(err)
	}
	s.gets = 0
	if err := f.ToFile(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, data) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if s.gets != 4 {
		t.Errorf("%d chunks were asked for, want the second and the last three", s.gets)
	}
	if _, err := os.Stat(path + PartSuffix); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the part is left: %v", err)
	}
}

// A part that is longer than the file, from another one of the same name, leaves nothing.
func TestFetchOverALongerPart(t *testing.T) {
	s, data := newShelf(), someBytes(chunkBytes+9)
	f := onShelf(t, s, data)
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path+PartSuffix, someBytes(3*chunkBytes), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := f.ToFile(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(path); !bytes.Equal(got, data) {
		t.Errorf("%d bytes", len(got))
	}
}

func TestFetchPartly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, data := newShelf(), someBytes(5*chunkBytes)
		f := onShelf(t, s, data)
		s.lost[f.Manifest.Chunks[0]] = fetchRounds - 1 // found in the last round
		s.lost[f.Manifest.Chunks[3]] = fetchRounds
		path := filepath.Join(t.TempDir(), "file")
		var part *PartlyError
		if err := f.ToFile(t.Context(), path); !errors.As(err, &part) || !errors.Is(err, ErrPartly) || part.Have != 4 || part.Of != 5 {
			t.Fatalf("%v", err)
		}
		if _, err := os.Stat(path); err == nil {
			t.Error("a file that is not whole has its name")
		}
		if err := f.ToFile(t.Context(), path); err != nil {
			t.Fatal(err)
		}
	})
}

func TestFetchDamaged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		f := onShelf(t, s, someBytes(3*chunkBytes))
		s.damage = true
		if err := f.To(t.Context(), nil, nil); !errors.Is(err, ErrPartly) {
			t.Errorf("%v", err)
		}
		if err := f.Stream(t.Context(), io.Discard); !errors.Is(err, ErrPartly) {
			t.Errorf("%v", err)
		}
	})
}

func TestFetchEndsWithItsContext(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := newShelf()
	f := onShelf(t, s, someBytes(20*chunkBytes))
	for _, how := range []func(context.Context) error{
		func(ctx context.Context) error { return f.Stream(ctx, io.Discard) },
		func(ctx context.Context) error { return f.ToFile(ctx, filepath.Join(t.TempDir(), "f")) },
	} {
		ctx, cancel := context.WithCancel(t.Context())
		f.Progress = func(p Progress) {
			if p.Chunks == 3 {
				cancel()
			}
		}
		if err := how(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	}
}

func TestFetchRefusesManifests(t *testing.T) {
	for i, m := range []Manifest{
		{Size: 5, ChunkSize: 0, Chunks: make([]ContentID, 1)},
		{Size: -1, ChunkSize: 8},
		{Size: 9, ChunkSize: 8, Chunks: make([]ContentID, 1)},
		{Size: 1 << 62, ChunkSize: 8, Chunks: make([]ContentID, 3)},
	} {
		f := &Fetch{Manifest: m}
		for _, err := range []error{f.To(t.Context(), nil, nil), f.Stream(t.Context(), io.Discard), f.ToFile(t.Context(), fmt.Sprint(t.TempDir(), "/x"))} {
			if !errors.Is(err, ErrBadInput) {
				t.Errorf("%d: %v", i, err)
			}
		}
	}
}

// A store knows bytes by their hash, so it may answer for a chunk with a manifest and the
// other way round.
func TestGetFromAStoreOfHashes(t *testing.T) {
	for _, size := range []int{5, 2*chunkBytes + 5} {
		s, data := newShelf(), someBytes(size)
		r, err := putAll(t.Context(), s, bytes.NewReader(data), PutOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range []pieceKind{chunkPiece, manifestPiece} {
			for which, piece := range s.pieces[1-k] {
				s.pieces[k][which] = piece
			}
		}
		if got, err := getAll(t.Context(), s, r.ID); err != nil || !bytes.Equal(got, data) {
			t.Errorf("%d bytes: %d, %v", size, len(got), err)
		}
	}
}

// A file of no bytes is a manifest without chunks.
func TestPutNothing(t *testing.T) {
	s := newShelf()
	r, err := putAll(t.Context(), s, bytes.NewReader(nil), PutOptions{})
	if err != nil || r.Chunks != 0 || r.Size != 0 {
		t.Fatalf("%+v %v", r, err)
	}
	if got, err := getAll(t.Context(), s, r.ID); err != nil || len(got) != 0 {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	path := filepath.Join(t.TempDir(), "empty")
	if err := onShelf(t, s, nil).ToFile(t.Context(), path); err != nil {
		t.Fatal(err)
	}
}
