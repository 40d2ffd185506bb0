package interop

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	pb "github.com/libp2p/go-libp2p-pubsub/pb"
	"pgregory.net/rapid"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

// drawer makes random parts of RPCs.
type drawer struct{ t *rapid.T }

func (d drawer) bytes(label string, most int) []byte {
	return rapid.SliceOfN(rapid.Byte(), 0, most).Draw(d.t, label)
}

// maybe is nil in one case of three: absent is not empty.
func (d drawer) maybe(label string, most int) []byte {
	if rapid.IntRange(0, 2).Draw(d.t, label+" absent") == 0 {
		return nil
	}
	return append([]byte{}, d.bytes(label, most)...)
}

func (d drawer) text(label string) *string {
	if b := d.maybe(label, 20); b != nil {
		return new(string(b))
	}
	return nil
}

func (d drawer) bool(label string) bool { return rapid.Bool().Draw(d.t, label) }

func (d drawer) times(label string) int { return rapid.IntRange(0, 4).Draw(d.t, label) }

func (d drawer) ids(label string) (out []string) {
	for range d.times(label) {
		out = append(out, string(d.bytes(label, 60)))
	}
	return out
}

// rpc is a random RPC in the one form that both codecs write.
func (d drawer) rpc() *pb.RPC {
	x := &pb.RPC{}
	for range d.times("subscriptions") {
		s := &pb.RPC_SubOpts{Subscribe: new(d.bool("subscribe")), Topicid: d.text("topic")}
		if d.bool("requests partial") {
			s.RequestsPartial = new(true)
		}
		if d.bool("supports partial") {
			s.SupportsSendingPartial = new(true)
		}
		x.Subscriptions = append(x.Subscriptions, s)
	}
	for range d.times("messages") {
		x.Publish = append(x.Publish, &pb.Message{
			From: d.maybe("from", 40), Data: d.maybe("data", 300), Seqno: d.maybe("seqno", 8),
			Topic: d.text("topic"), Signature: d.maybe("signature", 72), Key: d.maybe("key", 200),
		})
	}
	if c := d.control(); c.Size() > 0 {
		x.Control = c
	}
	if d.bool("partial") {
		x.Partial = &pb.PartialMessagesExtension{TopicID: d.text("topic"), GroupID: d.maybe("group", 9)}
	}
	if d.bool("test extension") {
		x.TestExtension = &pb.TestExtension{}
	}
	return x
}

func (d drawer) control() *pb.ControlMessage {
	c := &pb.ControlMessage{}
	for range d.times("IHAVE") {
		c.Ihave = append(c.Ihave, &pb.ControlIHave{TopicID: d.text("topic"), MessageIDs: d.ids("have")})
	}
	for range d.times("IWANT") {
		c.Iwant = append(c.Iwant, &pb.ControlIWant{MessageIDs: d.ids("want")})
	}
	for range d.times("GRAFT") {
		c.Graft = append(c.Graft, &pb.ControlGraft{TopicID: d.text("topic")})
	}
	for range d.times("PRUNE") {
		p := &pb.ControlPrune{TopicID: d.text("topic")}
		for range d.times("peers") {
			p.Peers = append(p.Peers, &pb.PeerInfo{PeerID: d.maybe("peer", 40), SignedPeerRecord: d.maybe("record", 100)})
		}
		if d.bool("backoff") {
			p.Backoff = new(rapid.Uint64().Draw(d.t, "backoff"))
		}
		c.Prune = append(c.Prune, p)
	}
	for range d.times("IDONTWANT") {
		c.Idontwant = append(c.Idontwant, &pb.ControlIDontWant{MessageIDs: d.ids("not")})
	}
	if d.bool("extensions") {
		c.Extensions = &pb.ControlExtensions{}
		if d.bool("test") {
			c.Extensions.TestExtension = new(true)
		}
	}
	return c
}

func marshal(t rapid.TB, x *pb.RPC) []byte {
	b, err := x.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestBytesEqual: what they write we read as the same, and write as the same bytes
// again, which they read as the same.
// Rule: W1
func TestBytesEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := drawer{t}.rpc()
		frame := marshal(t, x)
		var r rpc.RPC
		if err := r.Decode(frame, rpc.DefaultLimits(0)); err != nil {
			t.Fatalf("we refuse %x: %v", frame, err)
		}
		if !r.Canonical {
			t.Fatalf("we find %x not canonical", frame)
		}
		if diff := differs(&r, x); diff != "" {
			t.Fatalf("%x: %s", frame, diff)
		}
		ours := rpc.Append(nil, &r)
		if !bytes.Equal(ours, frame) {
			t.Fatalf("theirs %x\nours   %x", frame, ours)
		}
		var back pb.RPC
		if err := back.Unmarshal(ours); err != nil {
			t.Fatalf("they refuse %x: %v", ours, err)
		}
		if diff := differs(&r, &back); diff != "" {
			t.Fatalf("%x: %s", ours, diff)
		}
	})
}

// TestBuildersEqual: what our router writes part by part is what they write.
// Rule: W1
func TestBuildersEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := drawer{t}
		topic, sub := string(d.bytes("topic", 20)), d.bool("subscribe")
		ids := d.ids("id")
		seconds := uint64(rapid.IntRange(0, 3600).Draw(t, "backoff"))
		raw := rpc.Message{From: d.maybe("from", 40), Data: d.maybe("data", 300), Seqno: d.maybe("seqno", 8), Topic: []byte(topic), Signature: d.maybe("signature", 72), Key: d.maybe("key", 300)}
		var instead []rpc.PeerInfo
		var theirInstead []*pb.PeerInfo
		for range d.times("recommended") {
			p := rpc.PeerInfo{PeerID: append([]byte{}, d.bytes("peer", 40)...), Record: append([]byte{}, d.bytes("record", 300)...)}
			instead = append(instead, p)
			theirInstead = append(theirInstead, &pb.PeerInfo{PeerID: p.PeerID, SignedPeerRecord: p.Record})
		}
		want := &pb.RPC{
			Subscriptions: []*pb.RPC_SubOpts{{Subscribe: &sub, Topicid: &topic}},
			Publish:       []*pb.Message{{From: raw.From, Data: raw.Data, Seqno: raw.Seqno, Topic: &topic, Signature: raw.Signature, Key: raw.Key}},
			Control: &pb.ControlMessage{
				Ihave: []*pb.ControlIHave{{TopicID: &topic, MessageIDs: ids}}, Iwant: []*pb.ControlIWant{{MessageIDs: ids}},
				Graft: []*pb.ControlGraft{{TopicID: &topic}}, Prune: []*pb.ControlPrune{{TopicID: &topic}, {TopicID: &topic, Peers: theirInstead, Backoff: &seconds}},
				Idontwant: []*pb.ControlIDontWant{{MessageIDs: ids}},
			},
		}
		c := rpc.AppendIWant(rpc.AppendIHave(nil, topic, ids), ids)
		c = rpc.AppendPrune(rpc.AppendPrune(rpc.AppendGraft(c, topic), topic, -1), topic, int64(seconds), instead...)
		c = rpc.AppendIDontWant(c, ids)
		got := rpc.AppendPublish(rpc.AppendSub(nil, sub, topic), rpc.AppendMessage(nil, &raw, false))
		got = rpc.AppendControl(got, c)
		if theirs := marshal(t, want); !bytes.Equal(got, theirs) {
			t.Fatalf("theirs %x\nours   %x", theirs, got)
		}
		want.Publish[0].Signature, want.Publish[0].Key = nil, nil
		unsigned, err := want.Publish[0].Marshal()
		if err != nil {
			t.Fatal(err)
		}
		if got := rpc.AppendUnsigned(nil, rpc.AppendMessage(nil, &raw, false)); !bytes.Equal(got, unsigned) {
			t.Fatalf("signed bytes: theirs %x\nours %x", unsigned, got)
		}
	})
}

// TestDamaged: bytes that came to harm on the way. What we accept they accept, and
// both read the same; the other way round we may be stricter.
// Rule: W8
func TestDamaged(t *testing.T) {
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		d := drawer{t}
		x := d.rpc()
		x.Partial, x.TestExtension = nil, nil // we hand these on unread
		if x.Control != nil {
			x.Control.Extensions = nil
		}
		frame := marshal(t, x)
		for range d.times("damages") {
			if len(frame) == 0 {
				break
			}
			at := rapid.IntRange(0, len(frame)-1).Draw(t, "at")
			switch rapid.IntRange(0, 3).Draw(t, "damage") {
			case 0:
				frame[at] = rapid.Byte().Draw(t, "byte")
			case 1:
				frame = append(frame[:at:at], frame[at+1:]...)
			case 2:
				frame = append(frame[:at:at], append(d.bytes("new", 4), frame[at:]...)...)
			default:
				frame = append(frame, frame[at:]...)
			}
		}
		compare(t, frame, &accepted)
	})
	t.Logf("both read %d frames alike", accepted)
	if accepted == 0 {
		t.Error("no damaged frame was accepted: the test proves nothing")
	}
}

func compare(t rapid.TB, frame []byte, accepted *int) {
	lim := rpc.DefaultLimits(0)
	lim.PX, lim.IDBytes = 1<<10, 1<<20 // excess is cut or refused by our choice
	var r rpc.RPC
	if r.Decode(frame, lim) != nil {
		return
	}
	if r.HasPartial || r.HasTest || r.HasExtensions {
		return
	}
	var x pb.RPC
	if err := x.Unmarshal(frame); err != nil {
		t.Fatalf("we accept and they refuse %x: %v", frame, err)
	}
	if diff := differs(&r, &x); diff != "" {
		t.Fatalf("%x: %s", frame, diff)
	}
	*accepted++
	if !r.Canonical {
		return
	}
	if theirs := marshal(t, &x); !bytes.Equal(theirs, frame) || !bytes.Equal(rpc.Append(nil, &r), frame) {
		t.Fatalf("we find %x canonical, they write %x", frame, theirs)
	}
}

// FuzzDecode looks for bytes that the two codecs read differently.
func FuzzDecode(f *testing.F) {
	for _, s := range []string{
		"0a050801120174", "0a050800120174", "1a051a030a0174", "1a0522030a0174", "1a0722050a0174183c", "1a080a060a0174120178",
		"1a0512030a0178", "1a052a030a0178", "120712026869220174", "1a051a030a01741a051a030a0174",
	} {
		b, err := hex.DecodeString(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, frame []byte) {
		var n int
		compare(t, frame, &n)
	})
}

// differs names the first difference between the two readings of one frame.
func differs(r *rpc.RPC, x *pb.RPC) string {
	c := x.GetControl()
	for _, n := range []struct {
		what       string
		ours, them int
	}{
		{"subscriptions", len(r.Subs), len(x.Subscriptions)}, {"messages", len(r.Publish), len(x.Publish)},
		{"IHAVE", len(r.IHave), len(c.GetIhave())}, {"IWANT", len(r.IWant), len(c.GetIwant())},
		{"GRAFT", len(r.Graft), len(c.GetGraft())}, {"PRUNE", len(r.Prune), len(c.GetPrune())},
		{"IDONTWANT", len(r.IDontWant), len(c.GetIdontwant())},
	} {
		if n.ours != n.them {
			return n.what + ": not as many"
		}
	}
	var bad []string
	check := func(what string, ok bool) {
		if !ok {
			bad = append(bad, what)
		}
	}
	for i, s := range x.Subscriptions {
		o := r.Subs[i]
		check("subscription", o.Subscribe == s.GetSubscribe() && same(o.Topic, s.Topicid) &&
			o.RequestsPartial == s.GetRequestsPartial() && o.SupportsPartial == s.GetSupportsSendingPartial())
	}
	for i, m := range x.Publish {
		o := r.Publish[i]
		check("message", alike(o.From, m.From) && alike(o.Data, m.Data) && alike(o.Seqno, m.Seqno) &&
			same(o.Topic, m.Topic) && alike(o.Signature, m.Signature) && alike(o.Key, m.Key))
	}
	for i, h := range c.GetIhave() {
		check("IHAVE", same(r.IHave[i].Topic, h.TopicID) && sameIDs(r.IHave[i].IDs, h.MessageIDs))
	}
	for i, w := range c.GetIwant() {
		check("IWANT", sameIDs(r.IWant[i].IDs, w.MessageIDs))
	}
	for i, g := range c.GetGraft() {
		check("GRAFT", same(r.Graft[i].Topic, g.TopicID))
	}
	for i, p := range c.GetPrune() {
		o := r.Prune[i]
		ok := same(o.Topic, p.TopicID) && o.HasBackoff == (p.Backoff != nil) && o.Backoff == p.GetBackoff() && len(o.Peers) == len(p.Peers)
		for j := 0; ok && j < len(p.Peers); j++ {
			ok = alike(o.Peers[j].PeerID, p.Peers[j].PeerID) && alike(o.Peers[j].Record, p.Peers[j].SignedPeerRecord)
		}
		check("PRUNE", ok)
	}
	for i, w := range c.GetIdontwant() {
		check("IDONTWANT", sameIDs(r.IDontWant[i].IDs, w.MessageIDs))
	}
	return strings.Join(bad, ", ")
}

// alike: same bytes, and absent on both sides or on neither.
func alike(a, b []byte) bool { return bytes.Equal(a, b) && (a == nil) == (b == nil) }

func same(a []byte, b *string) bool {
	if b == nil {
		return a == nil
	}
	return a != nil && string(a) == *b
}

func sameIDs(a [][]byte, b []string) bool {
	for i := range min(len(a), len(b)) {
		if string(a[i]) != b[i] {
			return false
		}
	}
	return len(a) == len(b)
}
