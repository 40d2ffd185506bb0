package wire

import (
	"bytes"
	"testing"
)

// FuzzMessage: every decoder, on anything. What one accepts it writes again as it came,
// and no two kinds accept the same bytes.
func FuzzMessage(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(unhex(f, v.hex), uint8(1), uint8(8))
	}
	f.Add([]byte(nil), uint8(0), uint8(0))
	f.Add([]byte{0}, uint8(0), uint8(0))
	f.Fuzz(func(t *testing.T, b []byte, version, keys uint8) {
		decodeAccept, encodeAccept := accept(version%3, int(keys%65))
		taken := 0
		for _, d := range []struct {
			decode func([]byte) (any, error)
			encode func(any) ([]byte, error)
		}{
			{dec(DecodePing), enc(Ping.AppendPing)},
			{dec(DecodePong), enc(Ping.AppendPong)},
			{dec(DecodeFindNodes), enc(FindNodes.Append)},
			{dec(DecodeNodes), enc(Nodes.Append)},
			{dec(DecodeFindContent), enc(FindContent.Append)},
			{dec(DecodeContent), enc(Content.Append)},
			{dec(DecodeOffer), enc(Offer.Append)},
			{decodeAccept, encodeAccept},
		} {
			m, err := d.decode(b)
			if err != nil {
				continue
			}
			taken++
			if again, err := d.encode(m); err != nil || !bytes.Equal(again, canonical(b)) {
				t.Fatalf("%x came back as %x, %v", b, again, err)
			}
		}
		if taken > 1 {
			t.Fatalf("%x is %d messages at once", b, taken)
		}
	})
}

// canonical is a message as we write it: with a total of one answer in NODES.
func canonical(b []byte) []byte {
	if len(b) < 2 || Kind(b[0]) != KindNodes {
		return b
	}
	b = bytes.Clone(b)
	b[1] = 1
	return b
}

func FuzzPayload(f *testing.F) {
	for _, v := range vectors(f) {
		if p, ok := v.want.(pinged); ok {
			b, err := p.Payload.Append(nil)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(p.Payload.Type, b)
		}
	}
	f.Fuzz(func(t *testing.T, kind uint16, b []byte) {
		p, err := DecodePayload(kind, b)
		if err != nil {
			return
		}
		if again, err := p.Append(nil); err != nil || !bytes.Equal(again, b) {
			t.Fatalf("%d, %x came back as %x, %v", kind, b, again, err)
		}
	})
}

func FuzzEntries(f *testing.F) {
	for _, s := range []string{"c3020201", "c602030182abcd", "820001", "80", "00"} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, read := range []func([]byte) (Support, error){supportOfRange, supportOfList} {
			_, _ = read(b)
		}
	})
}
