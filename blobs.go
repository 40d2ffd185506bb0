package ropewalk

import (
	"context"
	"fmt"

	"github.com/ropewalk/ropewalk/content/blob"
)

const (
	chunkBytes     = blob.ChunkBytes
	chunksUnderWay = blob.ChunksUnderWay
)

func encodeManifest(size int64, chunks []ContentID) ([]byte, error) {
	m := blob.Manifest{Size: size}
	for _, c := range chunks {
		m.Chunks = append(m.Chunks, c)
	}
	out, err := m.Encode()
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrTooLarge, err)
	}
	return out, nil
}

func decodeManifest(raw []byte) (int64, []ContentID, error) {
	m, err := blob.DecodeManifest(raw)
	if err != nil {
		return 0, nil, err
	}
	out := make([]ContentID, len(m.Chunks))
	for i, c := range m.Chunks {
		out[i] = c
	}
	return m.Size, out, nil
}

// blobPieces are the pieces of files in a network of blobs.
type blobPieces struct{ o *Overlay }

func (b blobPieces) name() string { return b.o.Name() }

func (b blobPieces) put(ctx context.Context, k pieceKind, data []byte) (ContentID, int, error) {
	key := blob.KeyOf(blob.Kind(k), data)
	s, err := b.o.Put(ctx, key.Bytes(), data)
	return key.ID(), s.Replicas(), err
}

func (b blobPieces) get(ctx context.Context, k pieceKind, which ContentID) ([]byte, error) {
	f, err := b.o.Get(ctx, blob.Key{Kind: blob.Kind(k), Hash: which}.Bytes())
	return f.Content, err
}

// blobs is a network of files: the one of that name, or by default the first by name.
func (n *Node) blobs(network string) (pieces, error) {
	for _, name := range sortedKeys(n.cfg.Overlay.Networks) {
		if n.cfg.Overlay.Networks[name].Kind == kindBlob && (network == "" || network == name) {
			o, err := n.Network(name)
			return blobPieces{o}, err
		}
	}
	return nil, fmt.Errorf("%w that holds files: %.40q", ErrNoNetwork, network)
}
