package wire

import (
	"bytes"
	"net/netip"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// text writes what m says.
func (m *Message) text() []byte {
	switch m.Kind {
	case Ping:
		return AppendPing(nil, m.ID, m.Seq)
	case Pong:
		return AppendPong(nil, m.ID, m.Seq, m.At)
	case FindNode:
		return AppendFindNode(nil, m.ID, m.Distances)
	case Nodes:
		return AppendNodes(nil, m.ID, m.Total, m.Records)
	case TalkReq:
		return AppendTalkReq(nil, m.ID, m.Proto, m.Body)
	default:
		return AppendTalkResp(nil, m.ID, m.Body)
	}
}

// drawMessage draws a message of any kind, with slices that are not nil where a
// decoded one has them.
func drawMessage(t *rapid.T) Message {
	m := Message{Kind: Kind(rapid.IntRange(1, 6).Draw(t, "kind"))}
	m.ID, _ = requestID(rapid.SliceOfN(rapid.Byte(), 0, 8).Draw(t, "id"))
	body := func(what string) []byte { return rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, what) }
	switch m.Kind {
	case Ping:
		m.Seq = rapid.Uint64().Draw(t, "seq")
	case Pong:
		m.Seq = rapid.Uint64().Draw(t, "seq")
		n := rapid.SampledFrom([]int{4, 16}).Draw(t, "address")
		ip, _ := netip.AddrFromSlice(rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "ip"))
		m.At = netip.AddrPortFrom(ip.Unmap(), rapid.Uint16().Draw(t, "port"))
	case FindNode:
		m.Distances = rapid.SliceOfNDistinct(rapid.Uint16Range(0, 256), 0, 257, rapid.ID).Draw(t, "distances")
	case Nodes:
		m.Total = rapid.Uint8Range(1, 255).Draw(t, "total")
		for range rapid.IntRange(0, recordsMax).Draw(t, "records") {
			m.Records = append(m.Records, append([]byte{0xf8, 60}, bytes.Repeat([]byte{rapid.Byte().Draw(t, "record") & 0x7f}, 60)...))
		}
	case TalkReq:
		m.Proto, m.Body = body("proto"), body("body")
	case TalkResp:
		m.Body = body("body")
	}
	return m
}

// same compares what two messages say.
func same(a, b *Message) bool {
	return a.Kind == b.Kind && a.ID == b.ID && a.Seq == b.Seq && a.At == b.At && a.Total == b.Total &&
		slices.Equal(a.Distances, b.Distances) && slices.EqualFunc(a.Records, b.Records, bytes.Equal) &&
		bytes.Equal(a.Proto, b.Proto) && bytes.Equal(a.Body, b.Body)
}

// What is written is read, into memory that held something else before.
func TestMessageRoundTrip(t *testing.T) {
	var got Message
	rapid.Check(t, func(t *rapid.T) {
		m := drawMessage(t)
		text := m.text()
		if err := got.Decode(text); err != nil {
			t.Fatal(err)
		}
		if !same(&m, &got) {
			t.Fatalf("%+v\nread as\n%+v", m, got)
		}
		for i := range text { // no beginning of a message is one
			if err := got.Decode(text[:i]); err == nil {
				t.Fatalf("%x taken", text[:i])
			}
		}
	})
}

func TestRequestID(t *testing.T) {
	for _, n := range []uint64{0, 1, 1 << 40, 1<<64 - 1} {
		r := NumberedID(n)
		if got, ok := r.Number(); got != n || !ok || len(r.bytes()) != 8 {
			t.Errorf("%d: %d, %v", n, got, ok)
		}
	}
	short, _ := requestID([]byte{1})
	if _, ok := short.Number(); ok {
		t.Error("an ID of one byte is a number of ours")
	}
}

// Figures that people count with (discv5 packets of 1280 bytes, request IDs of 8).
func TestBudget(t *testing.T) {
	for what, pair := range map[string][2]int{
		"answer":                        {TalkResponseMax, 1177},
		"request, 2 bytes":              {TalkRequestMax("xx"), 1174},
		"request, utp":                  {TalkRequestMax("utp"), 1173},
		"request, no name":              {TalkRequestMax(""), 1176},
		"request, one byte":             {TalkRequestMax("a"), 1176},
		"request, long name":            {TalkRequestMax(string(make([]byte, 2000))), 1177 - 2003},
		"handshake, no record":          {HandshakeMax(0), 1094},
		"handshake, the longest record": {HandshakeMax(RecordMax), 794},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %d, want %d", what, pair[0], pair[1])
		}
	}
	r := NumberedID(1)
	fits := func(what string, text []byte, most int) {
		t.Helper()
		if len(text) != most {
			t.Errorf("%s takes %d bytes, want %d", what, len(text), most)
		}
	}
	fits("TALKREQ", AppendTalkReq(nil, r, []byte("xx"), make([]byte, 1174)), PlaintextMax)
	fits("TALKRESP", AppendTalkResp(nil, r, make([]byte, TalkResponseMax)), PlaintextMax)
	fits("NODES", AppendNodes(nil, r, 255, [][]byte{make([]byte, NodesRoom)}), PlaintextMax)
	// "1075 − R": a request that the handshake itself carries.
	fits("TALKREQ in a handshake", AppendTalkReq(nil, r, []byte("xx"), make([]byte, 1075-300)), HandshakeMax(300))
}

func FuzzMessage(f *testing.F) {
	for _, m := range []Message{
		{Kind: Ping, Seq: 1}, {Kind: Pong, At: netip.MustParseAddrPort("[2001:db8::1]:9000")},
		{Kind: FindNode, Distances: []uint16{256, 255, 0}}, {Kind: Nodes, Total: 1, Records: [][]byte{{0xc0}}},
		{Kind: TalkReq, Proto: []byte("utp"), Body: []byte{1, 2}}, {Kind: TalkResp},
	} {
		m.ID = NumberedID(7)
		f.Add(m.text())
	}
	var m, again Message
	f.Fuzz(func(t *testing.T, text []byte) {
		before := bytes.Clone(text)
		err := m.Decode(text)
		if !bytes.Equal(before, text) {
			t.Fatal("the input was changed")
		}
		if err != nil {
			return
		}
		// Distances, total and address are cleaned up; what they become reads the same.
		out := m.text()
		if err := again.Decode(out); err != nil || !same(&m, &again) {
			t.Fatalf("%x written again as %x: %v", text, out, err)
		}
		if (m.Kind == Ping || m.Kind == TalkReq || m.Kind == TalkResp) && !bytes.Equal(out, text) {
			t.Fatalf("%x is not canonical but was taken", text)
		}
		if len(m.Records) > recordsMax || len(m.Distances) > distanceMax+1 || reflect.DeepEqual(m, Message{}) {
			t.Fatalf("%+v", m)
		}
	})
}
