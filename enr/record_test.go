package enr

import (
	"encoding/hex"
	"net/netip"
	"testing"

	"github.com/ropewalk/ropewalk/id"
)

// The example of EIP-778, "Test Vectors".
const (
	vectorKey  = "b71c71a67e1177ad4e901695e1b4b9ee17ae16c6668d313eac2f96dbcda3f291"
	vectorID   = "0xa448f24c6d18e575453db13171562b71999873db5b286df957af199ec94617f7"
	vectorText = "enr:-IS4QHCYrYZbAKWCBRlAy5zzaDZXJBGkcnh4MHcBFZntXNFrdvJjX04jRzjzCBOonrkTfj499SZuOh8R33Ls8RRcy5wBgmlkgnY0gmlwhH8AAAGJc2VjcDI1NmsxoQPKY0yuDUmstAHYpMa2_oxVtw0RW_QAdpzBQA8yWM0xOIN1ZHCCdl8"
)

func vectorNode(t testing.TB) *id.Key {
	t.Helper()
	raw, err := hex.DecodeString(vectorKey)
	if err != nil {
		t.Fatal(err)
	}
	k, err := id.KeyFromBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestVectorRead(t *testing.T) {
	r, err := Parse(vectorText)
	if err != nil {
		t.Fatal(err)
	}
	if r.String() != vectorText {
		t.Errorf("text changed: %s", r)
	}
	if r.ID().String() != vectorID || r.Public() != vectorNode(t).Public() {
		t.Errorf("node %v, key %v", r.ID(), r.Public())
	}
	if r.Seq() != 1 || r.IP() != netip.MustParseAddr("127.0.0.1") || r.IP6().IsValid() ||
		r.UDP(false) != 30303 || r.UDP(true) != 30303 || r.TCP(false) != 0 {
		t.Errorf("seq %d ip %v ip6 %v udp %d tcp %d", r.Seq(), r.IP(), r.IP6(), r.UDP(false), r.TCP(false))
	}
	if _, ok := r.Rope(); ok {
		t.Error("a rope entry where there is none")
	}
}

func TestVectorWrite(t *testing.T) {
	r, err := Builder{Seq: 1, IP: netip.MustParseAddr("127.0.0.1"), UDP: 30303}.Sign(vectorNode(t))
	if err != nil {
		t.Fatal(err)
	}
	if r.String() != vectorText {
		t.Errorf("got  %s\nwant %s", r, vectorText)
	}
}
