package blob

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/ropewalk/ropewalk/internal/ssz"
)

// Errors of manifests.
var (
	ErrManifest = errors.New("blob: no manifest")
	// ErrTooLarge is of a file longer than FileBytesMax.
	ErrTooLarge = errors.New("blob: the file is too long")
	// ErrCut is of a chunk of the wrong length.
	ErrCut = errors.New("blob: chunk of the wrong length")
)

// Manifest says what a file is made of.
type Manifest struct {
	Size   int64 // bytes of the file
	Chunks [][hashBytes]byte
}

// chunksOf is how many chunks a file of a length has.
func chunksOf(size int64) int { return int((size + ChunkBytes - 1) / ChunkBytes) }

// DecodeManifest reads a manifest. Its memory is its own.
func DecodeManifest(b []byte) (Manifest, error) {
	parts, err := ssz.Parts(b, manifestHead, 8)
	if err != nil {
		return Manifest{}, fmt.Errorf("%w: %w", ErrManifest, err)
	}
	size, hashes := binary.LittleEndian.Uint64(b), parts[0]
	switch {
	case size > FileBytesMax:
		return Manifest{}, fmt.Errorf("%w: a file of %d bytes, at most %d", ErrManifest, size, int64(FileBytesMax))
	case len(hashes) != chunksOf(int64(size))*hashBytes:
		return Manifest{}, fmt.Errorf("%w: %d bytes of hashes for a file of %d", ErrManifest, len(hashes), size)
	}
	m := Manifest{Size: int64(size), Chunks: make([][hashBytes]byte, len(hashes)/hashBytes)}
	for i := range m.Chunks {
		m.Chunks[i] = [hashBytes]byte(hashes[i*hashBytes:])
	}
	return m, nil
}

// Encode is the manifest's encoding. It refuses one whose parts do not fit together.
func (m Manifest) Encode() ([]byte, error) {
	switch {
	case m.Size < 0 || m.Size > FileBytesMax:
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, m.Size, int64(FileBytesMax))
	case len(m.Chunks) != chunksOf(m.Size):
		return nil, fmt.Errorf("%w: %d chunks for a file of %d bytes", ErrManifest, len(m.Chunks), m.Size)
	}
	b := make([]byte, 0, manifestHead+len(m.Chunks)*hashBytes)
	b = ssz.AppendOffset(ssz.AppendUint64(b, uint64(m.Size)), manifestHead)
	for i := range m.Chunks {
		b = append(b, m.Chunks[i][:]...)
	}
	return b, nil
}

// Key is the key of the chunk of a number.
func (m Manifest) Key(chunk int) Key { return Key{Chunk, m.Chunks[chunk]} }

// Len is the length of the chunk of a number, in bytes.
func (m Manifest) Len(chunk int) int {
	return int(min(m.Size-int64(chunk)*ChunkBytes, ChunkBytes))
}

// Check tells whether a value is the chunk of a number: its hash, and its length, which
// the hash alone does not bind to the manifest's size (ErrCut, content.ErrInvalid).
func (m Manifest) Check(chunk int, value []byte) error {
	if len(value) != m.Len(chunk) {
		return fmt.Errorf("%w: %d bytes, want %d", ErrCut, len(value), m.Len(chunk))
	}
	return m.Key(chunk).Check(value)
}

// Cutter makes a manifest as a file is read.
type Cutter struct {
	m     Manifest
	short bool // the last chunk was shorter than others
}

// Add takes the file's next chunk, ChunkBytes long but for the last, and gives its key.
func (c *Cutter) Add(chunk []byte) (Key, error) {
	switch {
	case len(chunk) == 0 || len(chunk) > ChunkBytes || c.short:
		return Key{}, fmt.Errorf("%w: chunk %d has %d bytes", ErrCut, len(c.m.Chunks), len(chunk))
	case len(c.m.Chunks) == ChunksMax:
		return Key{}, fmt.Errorf("%w: more than %d bytes", ErrTooLarge, int64(FileBytesMax))
	}
	k := KeyOf(Chunk, chunk)
	c.m.Chunks = append(c.m.Chunks, k.Hash)
	c.m.Size += int64(len(chunk))
	c.short = len(chunk) < ChunkBytes
	return k, nil
}

// Finish gives the manifest of what was added, its encoding and its key.
func (c *Cutter) Finish() (m Manifest, value []byte, key Key, err error) {
	if value, err = c.m.Encode(); err != nil {
		return Manifest{}, nil, Key{}, err
	}
	return c.m, value, KeyOf(File, value), nil
}
