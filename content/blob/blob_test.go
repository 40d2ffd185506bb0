package blob

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
)

// The example that the network is described with: key, content ID, and the distance to
// the sample node of EIP-778.
func TestVector(t *testing.T) {
	const hash = "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9"
	n := Network()
	key, err := hex.DecodeString("00" + hash)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Check(key, []byte("hello world")); err != nil {
		t.Error(err)
	}
	if got := KeyOf(Chunk, []byte("hello world")); !bytes.Equal(got.Bytes(), key) || got.String() != "00"+hash {
		t.Errorf("key %s", got)
	}
	at, err := n.ID(key)
	if err != nil || hex.EncodeToString(at[:]) != hash {
		t.Errorf("content ID %s, %v", at, err)
	}
	node, err := id.Parse("a448f24c6d18e575453db13171562b71999873db5b286df957af199ec94617f7")
	if err != nil {
		t.Fatal(err)
	}
	const want = "1d05d5f5fe55db7de013e3e6ab2b808b5d1c9c38217bed17c727ee322ba9da1e"
	if d := content.Between(node, at); hex.EncodeToString(d[:]) != want || id.LogDistance(node, at) != 253 {
		t.Errorf("distance %x, log %d", d, id.LogDistance(node, at))
	}
}

func TestKeys(t *testing.T) {
	k := KeyOf(File, []byte("x"))
	for _, s := range []string{k.String(), "0x" + k.String()} {
		if got, err := ParseKey(s); err != nil || got != k {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	for _, s := range []string{"", "0x", "00", k.String()[1:], k.String() + "0", "0x0x" + k.String()[2:],
		"02" + k.String()[2:], "ff" + k.String()[2:], "zz" + k.String()[2:]} {
		if _, err := ParseKey(s); !errors.Is(err, content.ErrKey) {
			t.Errorf("%q: %v", s, err)
		}
	}
	n := Network()
	for _, b := range [][]byte{nil, {}, {0}, make([]byte, 32), make([]byte, 34), append([]byte{2}, make([]byte, 32)...)} {
		if _, err := n.ID(b); !errors.Is(err, content.ErrKey) {
			t.Errorf("key %x: %v", b, err)
		}
		if err := n.Check(b, []byte("x")); !errors.Is(err, content.ErrKey) {
			t.Errorf("check under key %x: %v", b, err)
		}
	}
}

func TestCheck(t *testing.T) {
	n := Network()
	most := make([]byte, ChunkBytes)
	if err := n.Check(KeyOf(Chunk, most).Bytes(), most); err != nil {
		t.Errorf("the longest chunk: %v", err)
	}
	over := make([]byte, ChunkBytes+1)
	for name, c := range map[string]struct {
		k     Key
		value []byte
	}{
		"nothing":                  {KeyOf(Chunk, nil), nil},
		"too long":                 {KeyOf(Chunk, over), over},
		"another":                  {KeyOf(Chunk, []byte("a")), []byte("b")},
		"a file that is a chunk":   {KeyOf(File, []byte("hello world")), []byte("hello world")},
		"a manifest with a tail":   {KeyOf(File, append(manifest(t, 5), 0)), append(manifest(t, 5), 0)},
		"a manifest cut":           {KeyOf(File, manifest(t, 5)[:43]), manifest(t, 5)[:43]},
		"a manifest of no file":    {KeyOf(File, nil), nil},
		"a chunk's hash, manifest": {KeyOf(File, manifest(t, 6)), manifest(t, 5)},
	} {
		if err := n.Check(c.k.Bytes(), c.value); !errors.Is(err, content.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// manifest is the encoding of the manifest of a file of n zeros, up to one chunk.
func manifest(t testing.TB, n int) []byte {
	t.Helper()
	var c Cutter
	if n > 0 {
		if _, err := c.Add(make([]byte, n)); err != nil {
			t.Fatal(err)
		}
	}
	_, value, _, err := c.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// A manifest has one encoding, 12 bytes and 32 for each chunk.
func TestManifest(t *testing.T) {
	if got := manifest(t, 0); hex.EncodeToString(got) != "00000000000000000c000000" {
		t.Errorf("manifest of no bytes: %x", got)
	}
	want := "05000000000000000c000000" + hex.EncodeToString(sum(make([]byte, 5)))
	if got := manifest(t, 5); hex.EncodeToString(got) != want {
		t.Errorf("manifest of five bytes: %x", got)
	}
	for _, c := range []struct {
		name string
		m    Manifest
		want error
	}{
		{"chunks too few", Manifest{Size: 1}, ErrManifest},
		{"chunks too many", Manifest{Size: 1, Chunks: make([][32]byte, 2)}, ErrManifest},
		{"less than nothing", Manifest{Size: -1}, ErrTooLarge},
		{"too long", Manifest{Size: FileBytesMax + 1}, ErrTooLarge},
	} {
		if _, err := c.m.Encode(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	most := Manifest{Size: FileBytesMax, Chunks: make([][32]byte, ChunksMax)}
	b, err := most.Encode()
	if err != nil || len(b) > ChunkBytes || len(b) < ChunkBytes-hashBytes {
		t.Errorf("the longest file's manifest: %d bytes, %v", len(b), err)
	}
	if _, err := DecodeManifest(b); err != nil {
		t.Error(err)
	}
}

func sum(b []byte) []byte { s := sha256.Sum256(b); return s[:] }

// Twenty ways to spoil a manifest, each refused.
func TestManifestMutations(t *testing.T) {
	good := Manifest{Size: 2*ChunkBytes + 7, Chunks: [][32]byte{{1}, {2}, {3}}}
	b, err := good.Encode()
	if err != nil {
		t.Fatal(err)
	}
	spoil := func(f func(b []byte) []byte) []byte { return f(slices.Clone(b)) }
	set := func(at int, v byte) []byte { return spoil(func(b []byte) []byte { b[at] = v; return b }) }
	for i, bad := range [][]byte{
		{}, b[:1], b[:8], b[:11], b[:12], b[:13], b[:len(b)-1], b[:len(b)-32], b[1:],
		append(slices.Clone(b), 0), append(slices.Clone(b), make([]byte, 32)...),
		set(8, 0), set(8, 11), set(8, 13), set(8, 44), set(9, 1), set(11, 0xff),
		set(2, 0x10), set(2, 0x40), set(7, 0x80), set(5, 1), set(4, 8),
	} {
		if m, err := DecodeManifest(bad); !errors.Is(err, ErrManifest) {
			t.Errorf("mutation %d (%x): %v, %v", i, bad, m, err)
		}
	}
}

// What is cut comes together again, and nothing else is taken for a part of it.
func TestCutter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		whole := rapid.IntRange(0, 2).Draw(t, "whole chunks")
		rest := rapid.IntRange(0, 64).Draw(t, "rest")
		file := make([]byte, whole*ChunkBytes+rest)
		for i := 0; i < len(file); i += 4099 {
			file[i] = byte(i)
		}
		var c Cutter
		var keys []Key
		for at := 0; at < len(file); at += ChunkBytes {
			k, err := c.Add(file[at:min(at+ChunkBytes, len(file))])
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, k)
		}
		_, value, key, err := c.Finish()
		if err != nil {
			t.Fatal(err)
		}
		if err := key.Check(value); err != nil {
			t.Fatal(err)
		}
		m, err := DecodeManifest(value)
		if err != nil || m.Size != int64(len(file)) || len(m.Chunks) != len(keys) {
			t.Fatalf("%d bytes, %d chunks: %v", m.Size, len(m.Chunks), err)
		}
		for i, k := range keys {
			part := file[i*ChunkBytes:][:m.Len(i)]
			if m.Key(i) != k || m.Check(i, part) != nil {
				t.Fatalf("chunk %d", i)
			}
			if err := m.Check(i, part[:len(part)-1]); !errors.Is(err, ErrCut) {
				t.Fatalf("chunk %d, one byte short: %v", i, err)
			}
			spoilt := slices.Clone(part)
			spoilt[0] ^= 1
			if err := m.Check(i, spoilt); !errors.Is(err, content.ErrInvalid) {
				t.Fatalf("chunk %d, spoilt: %v", i, err)
			}
		}
	})
}

func TestCutterRefuses(t *testing.T) {
	for _, bad := range [][]byte{nil, make([]byte, ChunkBytes+1)} {
		if _, err := new(Cutter).Add(bad); !errors.Is(err, ErrCut) {
			t.Errorf("a chunk of %d bytes: %v", len(bad), err)
		}
	}
	var c Cutter
	if _, err := c.Add([]byte("short")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Add([]byte("more")); !errors.Is(err, ErrCut) {
		t.Errorf("a chunk behind a short one: %v", err)
	}
	full := Cutter{m: Manifest{Size: FileBytesMax, Chunks: make([][32]byte, ChunksMax)}}
	if _, err := full.Add([]byte("x")); !errors.Is(err, ErrTooLarge) {
		t.Errorf("one chunk too many: %v", err)
	}
}

func FuzzManifest(f *testing.F) {
	for _, n := range []int{0, 1, 1000} {
		f.Add(manifest(f, n))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := DecodeManifest(b)
		if err != nil {
			return
		}
		if again, err := m.Encode(); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%x came back as %x, %v", b, again, err)
		}
	})
}
