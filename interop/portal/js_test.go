package portal

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ethereum/go-ethereum/core/types"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/rlp"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/interop/rig"
)

// The two networks that both sides take part in. Of the first, Portal's legacy history, we
// cannot judge content and take none that is offered; the second is of the same content
// under an ID of the tests', and we judge it.
const (
	legacy   = "0x500b"
	own      = "0x727774"
	ownBytes = "rwt"
)

// js is a Portal client of JavaScript; js/node.mjs runs it.
type js struct {
	*rig.JS
	record string
	id     id.ID

	mu     sync.Mutex
	stored map[string][]byte // what it took from others, by the key in hex
	faults []string
}

type jsAnswer struct {
	Record  string
	Seq     uint64
	Records []string
	Form    string
	Key     string
	Value   string
	Taken   []bool
	Fault   string
}

func startJS(t *testing.T) *js {
	t.Helper()
	x := &js{stored: map[string][]byte{}}
	var ready jsAnswer
	x.JS = rig.StartJS(t, "js", &ready, x.heard, "node.mjs", own)
	r, err := enr.Parse(ready.Record)
	if err != nil {
		t.Fatal(err)
	}
	x.record, x.id = ready.Record, r.ID()
	return x
}

func (x *js) heard(line []byte) {
	var a jsAnswer
	if json.Unmarshal(line, &a) != nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if a.Fault != "" {
		x.faults = append(x.faults, a.Fault)
		return
	}
	x.stored[a.Key], _ = hex.DecodeString(a.Value)
}

// took waits until it has stored a value that came from us, and says when that is not
// what was sent.
func (x *js) took(t *testing.T, it ropewalk.Item) (spoilt string) {
	t.Helper()
	rig.Until(t, fmt.Sprintf("it stores %x", it.Key), func() string {
		x.mu.Lock()
		defer x.mu.Unlock()
		got, ok := x.stored[hex.EncodeToString(it.Key)]
		if !ok {
			return fmt.Sprintf("nothing yet; faults %q", x.faults)
		}
		if !bytes.Equal(got, it.Value) {
			spoilt = fmt.Sprintf("%x: it has %d bytes of %d, and they differ", it.Key, len(got), len(it.Value))
		}
		return ""
	})
	return spoilt
}

// must asks it about a network.
func (x *js) must(t *testing.T, net, do string, args map[string]any) (a jsAnswer) {
	t.Helper()
	args["net"] = net
	if err := x.Ask(do, args, &a); err != nil {
		t.Fatalf("%s: %v", do, err)
	}
	return a
}

// rope is our node in both networks; each side knows the other.
type rope struct {
	*ropewalk.Node
	legacy, own *ropewalk.Overlay
	id          id.ID
}

func startRope(t *testing.T, x *js) rope {
	t.Helper()
	cfg := ropewalk.Config{Localnet: true}
	cfg.Listen.LibP2P, cfg.Listen.RLPx = []string{}, []string{}
	cfg.Session.Outbound = -1
	cfg.Overlay.Networks = map[string]ropewalk.OverlayNetwork{"legacyHistory": {Kind: "generic", Protocol: legacy}}
	n, err := ropewalk.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	o, err := n.Overlay(ropewalk.Network{Name: "own", Protocol: []byte(ownBytes), Check: judge})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error("close:", err)
		}
	})
	r := rope{Node: n, own: o, id: n.Info().ID}
	if r.legacy, err = n.Network("legacyHistory"); err != nil {
		t.Fatal(err)
	}
	for _, net := range []string{legacy, own} {
		x.must(t, net, "meet", map[string]any{"record": n.Record()})
	}
	return r
}

// block is one of Ethereum's in the words of the legacy history network: values by key.
type block struct {
	header                *types.Header
	headKey, head         []byte
	bodyKey, body         []byte
	receiptsKey, receipts []byte
}

// receiptsMost cuts receipts, which neither side judges, in bytes: it writes some 20 KB a
// second.
const receiptsMost = 60_000

func readBlock(t *testing.T, number int) (b block) {
	t.Helper()
	f, err := os.Open(fmt.Sprintf("../../content/history/testdata/block-%d.yaml.gz", number))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	raw := map[string][]byte{}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ": 0x")
		if raw[name], err = hex.DecodeString(value); err != nil {
			t.Fatal(err)
		}
	}
	var body types.Body
	if err := rlp.DecodeBytes(raw["body"], &body); err != nil {
		t.Fatal(err)
	}
	hash := crypto.Keccak256(raw["header"])
	b.headKey = append([]byte{0}, hash...)
	b.bodyKey = append([]byte{1}, hash...)
	b.receiptsKey = append([]byte{2}, hash...)
	b.head = ssz(raw["header"], []byte{0}) // without a proof
	var txs [][]byte
	for _, tx := range body.Transactions {
		enc, err := tx.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		txs = append(txs, enc)
	}
	uncles, err := rlp.EncodeToBytes(body.Uncles)
	if err != nil {
		t.Fatal(err)
	}
	b.body = ssz(ssz(txs...), uncles)
	b.receipts = raw["receipts"][:min(len(raw["receipts"]), receiptsMost)]
	return b
}

// ssz is a container, or a list, of byte lists.
func ssz(parts ...[]byte) (out []byte) {
	at := 4 * len(parts)
	for _, p := range parts {
		out = append(out, byte(at), byte(at>>8), byte(at>>16), byte(at>>24))
		at += len(p)
	}
	return append(out, bytes.Join(parts, nil)...)
}

// judge is the check of the second network, in which there are headers: one is good that
// has the hash of its key.
func judge(key, value []byte) error {
	switch {
	case len(key) != 33 || key[0] != 0:
		return errors.New("no key of a header")
	case len(value) < 9:
		return fmt.Errorf("%d bytes", len(value))
	case !bytes.Equal(crypto.Keccak256(value[8:len(value)-1]), key[1:]):
		return errors.New("another header")
	}
	return nil
}

// items are what a block has for the legacy history network: what fits into a packet, and
// what needs streams of tens and of hundreds of its packets.
func (b block) items() []ropewalk.Item {
	return []ropewalk.Item{{Key: b.headKey, Value: b.head}, {Key: b.bodyKey, Value: b.body}, {Key: b.receiptsKey, Value: b.receipts}}
}

func hexOf(it ropewalk.Item) map[string]any {
	return map[string]any{"key": hex.EncodeToString(it.Key), "value": hex.EncodeToString(it.Value)}
}

// What it has it gives us: in the answer or in a stream. Of what it has not it names those
// who may.
func TestJSFindContent(t *testing.T) {
	t.Parallel()
	x := startJS(t)
	b := readBlock(t, 15537394)
	n := startRope(t, x)
	for i, it := range b.items() {
		x.must(t, legacy, "put", hexOf(it))
		got := n.find(t, x, it.Key)
		if !bytes.Equal(got.Content, it.Value) || got.UTPTransfer != (i > 0) {
			t.Errorf("%x: %d bytes of %d, stream %v", it.Key, len(got.Content), len(it.Value), got.UTPTransfer)
		}
	}
	other := startRope(t, x)
	got := n.find(t, x, []byte("\x00nobody has it................."))
	if len(got.ENRs) != 1 || got.ENRs[0] != other.Record() {
		t.Errorf("what it has not: %+v", got)
	}
}

// find asks it for content until it answers.
func (n rope) find(t *testing.T, x *js, key []byte) (got ropewalk.Found) {
	t.Helper()
	rig.Until(t, "an answer", func() string {
		var err error
		got, err = n.legacy.FindContent(rig.Within(t), x.record, key)
		return wordOf(err)
	})
	return got
}

// What we have it gets from us, and keeps.
func TestJSFindsContent(t *testing.T) {
	t.Parallel()
	b := readBlock(t, 15537394)
	again(t, func(x *js) string {
		n := startRope(t, x)
		for i, it := range b.items() {
			if err := n.legacy.Store(rig.Within(t), it.Key, it.Value); err != nil {
				t.Fatal(err)
			}
			var a jsAnswer
			if err := x.Ask("findcontent", map[string]any{"net": legacy, "node": hex.EncodeToString(n.id[:]), "key": hex.EncodeToString(it.Key)}, &a); err != nil {
				return err.Error()
			}
			if want := []string{"CONTENT", "UTP", "UTP"}[i]; a.Form != want {
				t.Errorf("%x: form %s, want %s", it.Key, a.Form, want)
			}
			if spoilt := x.took(t, it); spoilt != "" {
				return spoilt
			}
		}
		var a jsAnswer
		if err := x.Ask("findcontent", map[string]any{"net": legacy, "node": hex.EncodeToString(n.id[:]), "key": "00" + strings.Repeat("77", 32)}, &a); err != nil {
			return err.Error()
		}
		if a.Form != "ENRS" {
			t.Errorf("what we have not: %+v", a)
		}
		return ""
	})
}

// What we offer it takes, and what it was given once it does not take again.
func TestJSTakesOffers(t *testing.T) {
	t.Parallel()
	b, c := readBlock(t, 15537394), readBlock(t, 17034870)
	again(t, func(x *js) string {
		n := startRope(t, x)
		first, second := b.items(), append(b.items()[1:2:2], c.items()[:2]...)
		codes, err := n.legacy.Offer(rig.Within(t), x.record, first)
		if err != nil {
			return err.Error()
		}
		if !bytes.Equal(codes, []byte{0, 0, 0}) {
			t.Errorf("three it has not: %v", codes)
		}
		for _, it := range first {
			if spoilt := x.took(t, it); spoilt != "" {
				return spoilt
			}
		}
		codes, err = n.legacy.Offer(rig.Within(t), x.record, second)
		if err != nil {
			return err.Error()
		}
		if !bytes.Equal(codes, []byte{1, 0, 0}) {
			t.Errorf("one of three it has: %v", codes)
		}
		for _, it := range second[1:] {
			if spoilt := x.took(t, it); spoilt != "" {
				return spoilt
			}
		}
		return ""
	})
}

// again does something with a new client until that goes well, five times at most: when this
// machine stands still, a question may have no answer in time, and a packet that was sent
// again its reader takes twice, so that what it stores is spoilt.
func again(t *testing.T, do func(x *js) (spoilt string)) {
	t.Helper()
	var why string
	for range 5 {
		if why = do(startJS(t)); why == "" {
			return
		}
		t.Log(why)
	}
	t.Error(why)
}

// What it offers we take when we can judge it, and keep when it is good. The offers are
// small: its writer mixes up what has more than three of its packets.
func TestJSOffers(t *testing.T) {
	t.Parallel()
	b, c, d := readBlock(t, 15537394), readBlock(t, 17034870), readBlock(t, 19426587)
	again(t, func(x *js) string {
		n := startRope(t, x)
		who := hex.EncodeToString(n.id[:])
		offer := func(net string, items ...ropewalk.Item) (taken []bool, lost string) {
			keys := []string{}
			for _, it := range items {
				keys = append(keys, hex.EncodeToString(it.Key))
				x.must(t, net, "put", hexOf(it))
			}
			var a jsAnswer
			err := x.Ask("offer", map[string]any{"net": net, "node": who, "keys": keys}, &a)
			return a.Taken, wordOf(err)
		}
		items := []ropewalk.Item{b.items()[0], c.items()[0]}
		wrong := ropewalk.Item{Key: d.headKey, Value: b.head}
		for _, o := range []struct {
			what, net string
			items     []ropewalk.Item
			want      []bool
		}{
			{"what we cannot judge", legacy, items, []bool{false, false}},
			{"what we can judge", own, items, []bool{true, true}},
			{"what we have", own, items, []bool{false, false}},
			{"another header", own, []ropewalk.Item{wrong}, []bool{true}},
		} {
			taken, lost := offer(o.net, o.items...)
			if lost != "" {
				return lost
			}
			if !slices.Equal(taken, o.want) {
				t.Errorf("%s: %v", o.what, taken)
			}
			if o.net == legacy || !taken[0] || len(taken) == 1 {
				continue
			}
			for _, it := range o.items {
				rig.Until(t, fmt.Sprintf("we keep %x", it.Key), func() string {
					got, err := n.own.Local(rig.Within(t), it.Key)
					if err == nil && !bytes.Equal(got, it.Value) {
						t.Fatalf("%d bytes, want %d, and they differ", len(got), len(it.Value))
					}
					return wordOf(err)
				})
			}
		}
		rig.Until(t, "we do not want to hear of it any more", func() string {
			if _, lost := offer(own, wrong); lost == "" {
				return "an answer"
			}
			return ""
		})
		if got, err := n.own.Local(rig.Within(t), wrong.Key); !errors.Is(err, ropewalk.ErrNoContent) {
			t.Errorf("another header: %d bytes, %v", len(got), err)
		}
		return ""
	})
}

// Each tells the other of the nodes it knows. Its pings are those of before 2025, without
// a type: neither side has an answer to the other's, and goes on.
func TestJSNodesAndPings(t *testing.T) {
	t.Parallel()
	x := startJS(t)
	n, other := startRope(t, x), startRope(t, x)
	if pong, err := n.legacy.Ping(rig.Within(t), x.record, ropewalk.PingBest, nil); err == nil {
		t.Errorf("a pong: %+v", pong)
	}
	if a := x.must(t, legacy, "ping", map[string]any{"record": n.Record()}); a.Seq != 0 {
		t.Errorf("our pong: %+v", a)
	}
	for _, r := range []rope{n, other} {
		x.must(t, legacy, "meet", map[string]any{"record": r.Record()})
	}
	d := id.LogDistance(x.id, other.id)
	rig.Until(t, "whom it knows", func() string {
		got, err := n.legacy.FindNodes(rig.Within(t), x.record, []uint16{0, uint16(d)})
		if err == nil && (!slices.Contains(got, x.record) || !slices.Contains(got, other.Record())) {
			return fmt.Sprint(got)
		}
		return wordOf(err)
	})
	rig.Until(t, "ourselves", func() string {
		a := x.must(t, legacy, "findnodes", map[string]any{"record": n.Record(), "distances": []int{0}})
		if len(a.Records) != 1 || a.Records[0] != n.Record() {
			return fmt.Sprint(a.Records)
		}
		return ""
	})
}

func wordOf(err error) string {
	if err != nil {
		return err.Error()
	}
	return ""
}
