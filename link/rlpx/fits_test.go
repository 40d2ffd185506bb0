package rlpx

import (
	"bytes"
	"crypto/rand"
	"errors"
	"testing"
)

// The largest payloads: whatever Fits says yes to is sealed and comes out again, and
// what it says no to is refused as too large, by a sealer that has not moved.
func TestLargestPayloads(t *testing.T) {
	noise := make([]byte, payloadBytesMax)
	if _, err := rand.Read(noise); err != nil {
		t.Fatal(err)
	}
	flat := make([]byte, payloadBytesMax)
	const sure = frameBytesMax - codeShort - literalHead
	for _, c := range []struct {
		name    string
		payload []byte
		snappy  bool
		fits    bool
	}{
		{"noise that always fits", noise[:sure], true, true},
		{"noise of one byte more", noise[:sure+1], true, false},
		{"the largest noise", noise, true, false},
		{"the largest of zeros", flat, true, true},
		{"uncompressed", noise[:frameBytesMax-codeShort], false, true},
		{"uncompressed, one byte more", noise[:frameBytesMax-codeShort+1], false, false},
	} {
		a, b := pair(t)
		a.seal.snappy = c.snappy
		if a.seal.fits(c.payload) != c.fits {
			t.Errorf("%s: fits %v", c.name, !c.fits)
		}
		wire, err := a.seal.seal(nil, codeMax, c.payload)
		if !c.fits {
			if !errors.Is(err, ErrTooLarge) || len(wire) != 0 {
				t.Errorf("%s: %v", c.name, err)
			}
			wire, err = a.seal.seal(nil, codeMax, noise[:10]) // it lives on
			c.payload = noise[:10]
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		_, payload, _, err := openWhole(b.open, wire)
		if err == nil && c.snappy {
			n, _ := inflatedLen(payload)
			payload, err = inflate(make([]byte, n), payload)
		}
		if err != nil || !bytes.Equal(payload, c.payload) {
			t.Errorf("%s: comes out as %d bytes, %v", c.name, len(payload), err)
		}
	}
}
