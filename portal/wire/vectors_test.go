package wire

import (
	"bytes"
	"encoding/hex"
	"reflect"
	"strings"
	"testing"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// record1 and record2 are the node records of the specification's vectors.
const (
	record1 = "enr:-HW4QBzimRxkmT18hMKaAL3IcZF1UcfTMPyi3Q1pxwZZbcZVRI8DC5infUAB_UauARLOJtYTxaagKoGmIjzQxO2qUygBgmlkgnY0iXNlY3AyNTZrMaEDymNMrg1JrLQB2KTGtv6MVbcNEVv0AHacwUAPMljNMTg"
	record2 = "enr:-HW4QNfxw543Ypf4HXKXdYxkyzfcxcO-6p9X986WldfVpnVTQX1xlTnWrktEWUbeTZnmgOuAY_KUhbVV1Ft98WoYUBMBgmlkgnY0iXNlY3AyNTZrMaEDDiy3QkHAxPyOgWbxp5oF1bDdlYE6dLCUUp8xfVw50jU"
	hex1    = "f875b8401ce2991c64993d7c84c29a00bdc871917551c7d330fca2dd0d69c706596dc655448f030b98a77d4001fd46ae0112ce26d613c5a6a02a81a6223cd0c4edaa53280182696482763489736563703235366b31a103ca634cae0d49acb401d8a4c6b6fe8c55b70d115bf400769cc1400f3258cd3138"
	hex2    = "f875b840d7f1c39e376297f81d7297758c64cb37dcc5c3beea9f57f7ce9695d7d5a67553417d719539d6ae4b445946de4d99e680eb8063f29485b555d45b7df16a1850130182696482763489736563703235366b31a1030e2cb74241c0c4fc8e8166f1a79a05d5b0dd95813a74b094529f317d5c39d235"
	client  = "7472696e2f76302e312e312d62363166646335632f6c696e75782d7838365f36342f7275737463312e38312e30"
	almost  = "feffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff" // 2^256-2, little-endian
)

// vector is one message of the specification, or derived from one where it says so.
type vector struct {
	name, hex string
	decode    func([]byte) (any, error)
	encode    func(any) ([]byte, error)
	want      any
}

func records(t testing.TB) [][]byte {
	var out [][]byte
	for _, s := range []string{record1, record2} {
		r, err := enr.Parse(s)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, r.Bytes())
	}
	return out
}

// nearlyAll is 2^256-2.
func nearlyAll() content.Distance {
	d := content.DistanceMax
	d[31] = 0xfe
	return d
}

// any1 and the like make functions of one type out of those of many.
func dec[M any](f func([]byte) (M, error)) func([]byte) (any, error) {
	return func(b []byte) (any, error) { return f(b) }
}

func enc[M any](f func(M, []byte) ([]byte, error)) func(any) ([]byte, error) {
	return func(m any) ([]byte, error) { return f(m.(M), nil) }
}

// pinged is a ping with its payload read.
type pinged struct {
	Seq     uint64
	Payload Payload
}

func decPinged(f func([]byte) (Ping, error)) func([]byte) (any, error) {
	return func(b []byte) (any, error) {
		m, err := f(b)
		if err != nil {
			return nil, err
		}
		p, err := DecodePayload(m.Type, m.Payload)
		return pinged{m.Seq, p}, err
	}
}

func encPinged(f func(Ping, []byte) ([]byte, error)) func(any) ([]byte, error) {
	return func(m any) ([]byte, error) {
		p := m.(pinged)
		body, err := p.Payload.Append(nil)
		if err != nil {
			return nil, err
		}
		return f(Ping{p.Seq, p.Payload.Type, body}, nil)
	}
}

func accept(version uint8, keys int) (func([]byte) (any, error), func(any) ([]byte, error)) {
	return func(b []byte) (any, error) { return DecodeAccept(b, version, keys) },
		func(m any) ([]byte, error) { return m.(Accept).Append(nil, version) }
}

func vectors(t testing.TB) []vector {
	ping, pong := decPinged(DecodePing), decPinged(DecodePong)
	aping, apong := encPinged(Ping.AppendPing), encPinged(Ping.AppendPong)
	rs := records(t)
	info := Payload{Type: TypeClient, Info: "trin/v0.1.1-b61fdc5c/linux-x86_64/rustc1.81.0",
		Radius: nearlyAll(), Capabilities: []uint16{0, 1, 65535}}
	mute := info
	mute.Info = ""
	basic := Payload{Type: TypeRadius, Radius: nearlyAll()}
	history := Payload{Type: TypeHistory, Radius: nearlyAll(), Headers: 4242}
	failed := Payload{Type: TypeError, Code: PingUndecodable, Message: "hello world"}
	full := "010000000000000000000e00000028000000" + almost + "55000000" + client + "00000100ffff"
	bare := "010000000000000000000e00000028000000" + almost + "28000000" + "00000100ffff"
	v1, av1 := accept(1, 8)
	v2, av2 := accept(2, 8)
	v0, av0 := accept(0, 8)
	v064, av064 := accept(0, 64)
	v164, av164 := accept(1, 64)
	first := append([]Code{Accepted}, bytesOf(Declined, 7)...)
	ends := append(append([]Code{Accepted}, bytesOf(Declined, 62)...), Accepted)
	coded := []Code{0, 1, 2, 3, 4, 5, 1, 1}
	return []vector{
		{"ping 0", "00" + full, ping, aping, pinged{1, info}},
		{"ping 0 without info", "00" + bare, ping, aping, pinged{1, mute}},
		{"pong 0", "01" + full, pong, apong, pinged{1, info}},
		{"pong 0 without info", "01" + bare, pong, apong, pinged{1, mute}},
		{"ping 1", "00 0100000000000000 0100 0e000000" + almost, ping, aping, pinged{1, basic}},
		{"pong 1", "01 0100000000000000 0100 0e000000" + almost, pong, apong, pinged{1, basic}},
		{"ping 2", "00 0100000000000000 0200 0e000000" + almost + "9210", ping, aping, pinged{1, history}},
		{"pong 2", "01 0100000000000000 0200 0e000000" + almost + "9210", pong, apong, pinged{1, history}},
		{"pong 65535", "010100000000000000ffff0e00000002000600000068656c6c6f20776f726c64", pong, apong, pinged{1, failed}},
		{"ping 42", "0001000000000000002a000e00000001020304", dec(DecodePing), enc(Ping.AppendPing),
			Ping{1, 42, []byte{1, 2, 3, 4}}},
		{"findnodes", "02040000000001ff00", dec(DecodeFindNodes), enc(FindNodes.Append), FindNodes{[]uint16{256, 255}}},
		{"nodes empty", "030105000000", dec(DecodeNodes), enc(Nodes.Append), Nodes{}},
		{"nodes", "030105000000 08000000 7f000000" + hex1 + hex2, dec(DecodeNodes), enc(Nodes.Append), Nodes{rs}},
		{"findcontent", "0404000000706f7274616c", dec(DecodeFindContent), enc(FindContent.Append), FindContent{[]byte("portal")}},
		{"content stream", "05000102", dec(DecodeContent), enc(Content.Append), Content{Form: FormStream, Conn: 0x0102}},
		{"content value", "05017468652063616b652069732061206c6965", dec(DecodeContent), enc(Content.Append),
			Content{Form: FormValue, Value: []byte("the cake is a lie")}},
		{"content no records", "0502", dec(DecodeContent), enc(Content.Append), Content{Form: FormRecords}},
		{"content records", "0502 08000000 7f000000" + hex1 + hex2, dec(DecodeContent), enc(Content.Append),
			Content{Form: FormRecords, Records: rs}},
		{"offer", "060400000004000000010203", dec(DecodeOffer), enc(Offer.Append), Offer{[][]byte{{1, 2, 3}}}},
		{"accept v1", "070102060000000001020304050101", v1, av1, Accept{0x0102, coded}},
		{"accept v2", "070102060000000001020304050101", v2, av2, Accept{0x0102, coded}},
		{"accept v0", "070102060000000101", v0, av0, Accept{0x0102, first}},
		{"accept v0 of 64", "07010206000000010000000000008001", v064, av064, Accept{0x0102, ends}},
		{"accept v1 of 64", "07010206000000 00" + strings.Repeat("01", 62) + "00", v164, av164, Accept{0x0102, ends}},
	}
}

func bytesOf(c Code, n int) (out []Code) {
	for range n {
		out = append(out, c)
	}
	return out
}

// The vectors of portal-wire-test-vectors.md and of ping-extensions/extensions/, both
// ways, and once more from what was decoded.
func TestVectors(t *testing.T) {
	for _, v := range vectors(t) {
		raw := unhex(t, v.hex)
		got, err := v.decode(bytes.Clone(raw))
		if err != nil {
			t.Errorf("%s: %v", v.name, err)
			continue
		}
		if !reflect.DeepEqual(got, v.want) {
			t.Errorf("%s: decoded %+v, want %+v", v.name, got, v.want)
		}
		for _, m := range []any{v.want, got} {
			if again, err := v.encode(m); err != nil || !bytes.Equal(again, raw) {
				t.Errorf("%s: encoded %x (%v), want %x", v.name, again, err, raw)
			}
		}
	}
}
