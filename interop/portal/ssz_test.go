package portal

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/protolambda/ztyp/codec"
	"pgregory.net/rapid"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/portal/wire"
)

// Types of Portal's containers, as ztyp wants them told.
type (
	u8     uint8
	u16    uint16
	u64    uint64
	fixed  []byte // a vector of bytes, of the length it has
	list16 struct {
		v   []u16
		max uint64
	}
	text struct {
		b   []byte
		max uint64
	}
	texts struct {
		items []*text
		max   uint64
	}
)

func (*u8) FixedLength() uint64  { return 1 }
func (*u16) FixedLength() uint64 { return 2 }
func (*u64) FixedLength() uint64 { return 8 }
func (*u8) ByteLength() uint64   { return 1 }
func (*u16) ByteLength() uint64  { return 2 }
func (*u64) ByteLength() uint64  { return 8 }

func (v *u8) Serialize(w *codec.EncodingWriter) error  { return w.WriteByte(byte(*v)) }
func (v *u16) Serialize(w *codec.EncodingWriter) error { return w.WriteUint16(uint16(*v)) }
func (v *u64) Serialize(w *codec.EncodingWriter) error { return w.WriteUint64(uint64(*v)) }

func (v *u8) Deserialize(r *codec.DecodingReader) error {
	x, err := r.ReadByte()
	*v = u8(x)
	return err
}

func (v *u16) Deserialize(r *codec.DecodingReader) error {
	x, err := r.ReadUint16()
	*v = u16(x)
	return err
}

func (v *u64) Deserialize(r *codec.DecodingReader) error {
	x, err := r.ReadUint64()
	*v = u64(x)
	return err
}

func (v fixed) FixedLength() uint64                       { return uint64(len(v)) }
func (v fixed) ByteLength() uint64                        { return uint64(len(v)) }
func (v fixed) Serialize(w *codec.EncodingWriter) error   { return w.Write(v) }
func (v fixed) Deserialize(r *codec.DecodingReader) error { _, err := r.Read(v); return err }

func (v *list16) FixedLength() uint64 { return 0 }
func (v *list16) ByteLength() uint64  { return 2 * uint64(len(v.v)) }
func (v *list16) Serialize(w *codec.EncodingWriter) error {
	return w.List(func(i uint64) codec.Serializable { return &v.v[i] }, 2, uint64(len(v.v)))
}

func (v *list16) Deserialize(r *codec.DecodingReader) error {
	var all []*u16
	err := r.List(func() codec.Deserializable { all = append(all, new(u16)); return all[len(all)-1] }, 2, v.max)
	for _, x := range all {
		v.v = append(v.v, *x)
	}
	return err
}

func (v *text) FixedLength() uint64                       { return 0 }
func (v *text) ByteLength() uint64                        { return uint64(len(v.b)) }
func (v *text) Serialize(w *codec.EncodingWriter) error   { return w.Write(v.b) }
func (v *text) Deserialize(r *codec.DecodingReader) error { return r.ByteList(&v.b, v.max) }

func (v *texts) FixedLength() uint64 { return 0 }
func (v *texts) ByteLength() (n uint64) {
	for _, item := range v.items {
		n += 4 + item.ByteLength()
	}
	return n
}

func (v *texts) Serialize(w *codec.EncodingWriter) error {
	return w.List(func(i uint64) codec.Serializable { return v.items[i] }, 0, uint64(len(v.items)))
}

func (v *texts) Deserialize(r *codec.DecodingReader) error {
	return r.List(func() codec.Deserializable {
		v.items = append(v.items, &text{max: 2048})
		return v.items[len(v.items)-1]
	}, 0, v.max)
}

func newTexts(items [][]byte, max uint64) *texts {
	out := &texts{max: max}
	for _, b := range items {
		out.items = append(out.items, &text{b, 2048})
	}
	return out
}

func (v *texts) bytes() (out [][]byte) {
	for _, item := range v.items {
		out = append(out, item.b)
	}
	return out
}

// field is something that ztyp reads and writes.
type field interface {
	codec.Serializable
	codec.Deserializable
}

// theirs writes a message of ztyp's: the selectors, and a container.
func theirs(t *rapid.T, selectors []byte, fields ...field) []byte {
	var b bytes.Buffer
	list := make([]codec.Serializable, len(fields))
	for i, f := range fields {
		list[i] = f
	}
	if err := codec.NewEncodingWriter(&b).Container(list...); err != nil {
		t.Fatal(err)
	}
	return append(selectors, b.Bytes()...)
}

// read has ztyp read a container, and tells whether it is one.
func read(b []byte, fields ...field) bool {
	list := make([]codec.Deserializable, len(fields))
	for i, f := range fields {
		list[i] = f
	}
	return codec.NewDecodingReader(bytes.NewReader(b), uint64(len(b))).Container(list...) == nil
}

// blobs draws byte strings.
func blobs(t *rapid.T, least, most int) [][]byte {
	return rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 40), least, most).Draw(t, "items")
}

// same wants two encodings equal, and what ours reads back to be the message.
func same[M any](t *rapid.T, what string, m M, ours []byte, err error, theirs []byte, decode func([]byte) (M, error)) {
	if err != nil || !bytes.Equal(ours, theirs) {
		t.Fatalf("%s: ours %x (%v), theirs %x", what, ours, err, theirs)
	}
	if got, err := decode(theirs); err != nil || !reflect.DeepEqual(got, m) {
		t.Fatalf("%s: ours reads %+v (%v), want %+v", what, got, err, m)
	}
}

// Every message is written by both as the same bytes.
func TestMessages(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seq, kind := rapid.Uint64().Draw(t, "seq"), rapid.Uint16().Draw(t, "kind")
		payload := rapid.SliceOfN(rapid.Byte(), 0, 1100).Draw(t, "payload")
		s, k := u64(seq), u16(kind)
		ping := wire.Ping{Seq: seq, Type: kind, Payload: payload}
		b, err := ping.AppendPing(nil)
		same(t, "ping", ping, b, err, theirs(t, []byte{0}, &s, &k, &text{payload, 1100}), wire.DecodePing)
		b, err = ping.AppendPong(nil)
		same(t, "pong", ping, b, err, theirs(t, []byte{1}, &s, &k, &text{payload, 1100}), wire.DecodePong)

		distances := rapid.SliceOfNDistinct(rapid.Uint16Range(0, 256), 0, 256, rapid.ID).Draw(t, "distances")
		ds := &list16{max: 256}
		for _, d := range distances {
			ds.v = append(ds.v, u16(d))
		}
		find := wire.FindNodes{Distances: distances}
		b, err = find.Append(nil)
		same(t, "findnodes", find, b, err, theirs(t, []byte{2}, ds), wire.DecodeFindNodes)

		records := blobs(t, 1, 32)
		one := u8(1)
		nodes := wire.Nodes{Records: records}
		b, err = nodes.Append(nil)
		same(t, "nodes", nodes, b, err, theirs(t, []byte{3}, &one, newTexts(records, 32)), wire.DecodeNodes)

		key := rapid.SliceOfN(rapid.Byte(), 0, 2048).Draw(t, "key")
		ask := wire.FindContent{Key: key}
		b, err = ask.Append(nil)
		same(t, "findcontent", ask, b, err, theirs(t, []byte{4}, &text{key, 2048}), wire.DecodeFindContent)

		found := wire.Content{Form: wire.FormRecords, Records: records}
		b, err = found.Append(nil)
		var list bytes.Buffer
		if err := newTexts(records, 32).Serialize(codec.NewEncodingWriter(&list)); err != nil {
			t.Fatal(err)
		}
		same(t, "content", found, b, err, append([]byte{5, 2}, list.Bytes()...), wire.DecodeContent)

		keys := blobs(t, 1, 64)
		offer := wire.Offer{Keys: keys}
		b, err = offer.Append(nil)
		same(t, "offer", offer, b, err, theirs(t, []byte{6}, newTexts(keys, 64)), wire.DecodeOffer)

		accepted := wire.Accept{Conn: 0x0102, Codes: []wire.Code{wire.Accepted}}
		raw := []byte{0}
		for _, c := range rapid.SliceOfN(rapid.Byte(), 0, 63).Draw(t, "codes") {
			raw, accepted.Codes = append(raw, c), append(accepted.Codes, wire.Code(c))
		}
		b, err = accepted.Append(nil, 1)
		same(t, "accept", accepted, b, err, theirs(t, []byte{7}, fixed{1, 2}, &text{raw, 64}),
			func(b []byte) (wire.Accept, error) { return wire.DecodeAccept(b, 1, len(raw)) })
	})
}

// Payloads of pings, too; a radius is a number whose low byte goes first.
func TestPayloads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		info := rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "info")
		caps := rapid.SliceOfN(rapid.Uint16(), 0, 400).Draw(t, "capabilities")
		var radius content.Distance
		low := make(fixed, 32)
		for i := range radius {
			radius[i] = rapid.Byte().Draw(t, "radius")
			low[31-i] = radius[i]
		}
		list := &list16{max: 400}
		for _, c := range caps {
			list.v = append(list.v, u16(c))
		}
		p := wire.Payload{Type: wire.TypeClient, Info: string(info), Radius: radius, Capabilities: caps}
		b, err := p.Append(nil)
		same(t, "client", p, b, err, theirs(t, nil, &text{info, 200}, low, list),
			func(b []byte) (wire.Payload, error) { return wire.DecodePayload(wire.TypeClient, b) })

		code := u16(rapid.Uint16().Draw(t, "code"))
		why := wire.Payload{Type: wire.TypeError, Code: uint16(code), Message: string(info)}
		b, err = why.Append(nil)
		same(t, "error", why, b, err, theirs(t, nil, &code, &text{info, 300}),
			func(b []byte) (wire.Payload, error) { return wire.DecodePayload(wire.TypeError, b) })
	})
}

// What ours takes of anything, theirs takes too, and reads the same from it. (Ours is the
// stricter: ztyp lets some bytes pass that it never writes.)
func TestNothingMoreIsTaken(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := blobs(t, 1, 8)
		b, err := wire.Offer{Keys: keys}.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 3).Draw(t, "changes") {
			at := rapid.IntRange(1, min(len(b), 40)-1).Draw(t, "at")
			b[at] = rapid.Byte().Draw(t, "byte")
		}
		b = b[:rapid.IntRange(1, len(b)).Draw(t, "length")]
		m, err := wire.DecodeOffer(b)
		if err != nil {
			return
		}
		got := newTexts(nil, 64)
		if !read(b[1:], got) || len(got.items) != len(m.Keys) {
			t.Fatalf("%x: ours reads %d keys, theirs %d", b, len(m.Keys), len(got.items))
		}
		for i, item := range got.bytes() {
			if !bytes.Equal(item, m.Keys[i]) {
				t.Fatalf("%x: key %d: %x, theirs %x", b, i, m.Keys[i], item)
			}
		}
	})
}
