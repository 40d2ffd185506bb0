package node

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/trace"
)

// Of a file of nodes no more is read than a table holds; lines that are no records are
// told of and passed over.
func TestSavedNodesAreBounded(t *testing.T) {
	key, err := id.NewKey(strings.NewReader(strings.Repeat("n", 32)))
	if err != nil {
		t.Fatal(err)
	}
	r, err := enr.Builder{Seq: 1}.Sign(key)
	if err != nil {
		t.Fatal(err)
	}
	told := int64(0)
	n := &Node{trace: func(_ time.Time, e trace.Event) {
		if e.Kind == "load_failed" {
			told = e.N
		}
	}}
	text := "enr:-nonsense\n\n" + strings.Repeat(r.String()+"\n", nodesLines+20)
	if got := n.knownNodes(time.Unix(0, 0), []byte(text)); len(got) != nodesLines || told != 2 {
		t.Errorf("%d records and %d bad lines, want %d and 2", len(got), told, nodesLines)
	}
}

// What Take gave is left alone by packets that are sent before the next Take.
func TestPacketsLastUntilTheNextTake(t *testing.T) {
	n := &Node{}
	n.packets.n = n
	n.packets.Send(time.Time{}, udpTarget, []byte("first"))
	given := n.out.Packets
	n.out = Out{}
	n.packets.taken()
	n.packets.Send(time.Time{}, udpTarget, []byte("other"))
	if string(given[0].Data) != "first" || string(n.out.Packets[0].Data) != "other" {
		t.Errorf("%q, then %q", given[0].Data, n.out.Packets[0].Data)
	}
}

var udpTarget = netip.MustParseAddrPort("192.0.2.1:9000")
