package api

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net/netip"
	"sync"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/id"
)

// fakeContent is what a fake node stores and whom it knows by discv5.
type fakeContent struct {
	mu     sync.Mutex
	chunks map[ropewalk.ContentID][]byte
	files  map[ropewalk.ContentID]ropewalk.Manifest
	lost   map[ropewalk.ContentID]bool
}

const fakeChunk = 1000

func (f *fake) PutReader(_ context.Context, r io.Reader, o ropewalk.PutOptions) (ropewalk.PutResult, error) {
	if err := f.note("put %q", o.Network); err != nil {
		return ropewalk.PutResult{}, err
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return ropewalk.PutResult{}, err
	}
	c := &f.content
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.chunks == nil {
		c.chunks, c.files, c.lost = map[id.ID][]byte{}, map[id.ID]ropewalk.Manifest{}, map[id.ID]bool{}
	}
	m := ropewalk.Manifest{ID: sha256.Sum256(raw), Size: int64(len(raw)), ChunkSize: fakeChunk}
	for ; len(raw) > 0; raw = raw[min(fakeChunk, len(raw)):] {
		chunk := raw[:min(fakeChunk, len(raw))]
		m.Chunks = append(m.Chunks, sha256.Sum256(chunk))
		c.chunks[sha256.Sum256(chunk)] = chunk
	}
	c.files[m.ID] = m
	return ropewalk.PutResult{ID: m.ID, Network: "blob", Size: m.Size, Chunks: len(m.Chunks), Replicas: f.reach, ReplicasMean: float64(f.reach)}, nil
}

func (f *fake) Fetch(_ context.Context, which id.ID, o ropewalk.GetOptions) (*ropewalk.Fetch, error) {
	if err := f.note("fetch %s %q", which.Short(), o.Network); err != nil {
		return nil, err
	}
	f.content.mu.Lock()
	defer f.content.mu.Unlock()
	m, ok := f.content.files[which]
	if !ok {
		return nil, ropewalk.ErrNoContent
	}
	return &ropewalk.Fetch{Manifest: m, Get: func(ctx context.Context, chunk id.ID) ([]byte, error) {
		return f.GetChunk(ctx, chunk, o)
	}}, nil
}

func (f *fake) GetChunk(_ context.Context, which id.ID, _ ropewalk.GetOptions) ([]byte, error) {
	f.content.mu.Lock()
	defer f.content.mu.Unlock()
	chunk, ok := f.content.chunks[which]
	if !ok || f.content.lost[which] {
		return nil, fmt.Errorf("%w: nobody has it", ropewalk.ErrNoContent)
	}
	return chunk, nil
}

func (f *fake) ContentList(_ context.Context, network string, after id.ID, limit int) (ropewalk.ContentPage, error) {
	return ropewalk.ContentPage{Network: "blob"}, f.note("list %q %s %d", network, after.Short(), limit)
}

func (f *fake) ContentStat(context.Context) ([]ropewalk.ContentNetwork, error) {
	return []ropewalk.ContentNetwork{{Name: "blob", Protocol: "0x726f7065626c6f62", RadiusShare: 0.5, Items: 7}}, f.note("stat")
}

func (f *fake) ContentDrop(_ context.Context, which id.ID, network string) error {
	return f.note("drop %s %q", which.Short(), network)
}

func (f *fake) Network(string) (*ropewalk.Overlay, error) { return nil, ropewalk.ErrNoNetwork }
func (f *fake) Discovery() *ropewalk.Discovery            { return nil }

func (f *fake) overlay(name string) (overlay, error) {
	if name != "history" && name != "blob" {
		return nil, fmt.Errorf("%w: %q", ropewalk.ErrNoNetwork, name)
	}
	return fakeOverlay{f, name}, nil
}

func (f *fake) discv5() discovery { return fakeDiscovery{f} }

// fakeOverlay notes what it is asked and answers in plain values.
type fakeOverlay struct {
	f    *fake
	name string
}

func (o fakeOverlay) Ping(_ context.Context, record string, kind int, payload []byte) (ropewalk.OverlayPong, error) {
	return ropewalk.OverlayPong{EnrSeq: 1 << 63, PayloadType: 1, Payload: map[string]any{"dataRadius": nodeID(1)}}, o.f.note("%s ping %s %d %x", o.name, record, kind, payload)
}
func (o fakeOverlay) FindNodes(_ context.Context, record string, distances []uint16) ([]string, error) {
	return []string{"enr:a"}, o.f.note("%s findnodes %s %d", o.name, record, distances)
}
func (o fakeOverlay) FindContent(_ context.Context, record string, key []byte) (ropewalk.Found, error) {
	return ropewalk.Found{ENRs: []string{}}, o.f.note("%s findcontent %s %x", o.name, record, key)
}
func (o fakeOverlay) Offer(_ context.Context, record string, items []ropewalk.Item) ([]byte, error) {
	return []byte{0, 2}, o.f.note("%s offer %s %x", o.name, record, items)
}
func (o fakeOverlay) Lookup(_ context.Context, target id.ID) ([]string, error) {
	return []string{"enr:a"}, o.f.note("%s lookup %s", o.name, target.Short())
}
func (o fakeOverlay) Get(_ context.Context, key []byte) (ropewalk.Found, error) {
	return ropewalk.Found{Content: []byte{1, 2}, UTPTransfer: true}, o.f.note("%s get %x", o.name, key)
}
func (o fakeOverlay) Trace(_ context.Context, key []byte) (ropewalk.Found, error) {
	err := o.f.note("%s trace %x", o.name, key)
	return ropewalk.Found{Content: []byte{1, 2}, Trace: &ropewalk.LookupTrace{Origin: nodeID(1), TargetID: nodeID(2), Cancelled: []id.ID{}}}, err
}
func (o fakeOverlay) Share(_ context.Context, key, value []byte) (ropewalk.Spread, error) {
	return ropewalk.Spread{PeerCount: 3, StoredLocally: true}, o.f.note("%s share %x %x", o.name, key, value)
}
func (o fakeOverlay) Store(_ context.Context, key, value []byte) error {
	return o.f.note("%s store %x %x", o.name, key, value)
}
func (o fakeOverlay) Local(_ context.Context, key []byte) ([]byte, error) {
	return []byte{9}, o.f.note("%s local %x", o.name, key)
}
func (o fakeOverlay) Page(_ context.Context, offset, limit int) ([][]byte, int, error) {
	return [][]byte{{1}}, 5, o.f.note("%s page %d %d", o.name, offset, limit)
}
func (o fakeOverlay) GetRecord(_ context.Context, who id.ID) (string, error) {
	return "enr:b", o.f.note("%s getenr %s", o.name, who.Short())
}
func (o fakeOverlay) LookupRecord(_ context.Context, who id.ID) (string, error) {
	return "enr:b", o.f.note("%s lookupenr %s", o.name, who.Short())
}
func (o fakeOverlay) AddRecord(_ context.Context, record string) (bool, error) {
	return true, o.f.note("%s addenr %s", o.name, record)
}
func (o fakeOverlay) DeleteRecord(_ context.Context, who id.ID) (bool, error) {
	return false, o.f.note("%s deleteenr %s", o.name, who.Short())
}
func (o fakeOverlay) Radius(context.Context) (id.ID, error) {
	return nodeID(3), o.f.note("%s radius", o.name)
}
func (o fakeOverlay) Table(context.Context) (ropewalk.Table, error) {
	return ropewalk.Table{LocalNodeID: nodeID(1), Buckets: [][]id.ID{{nodeID(2)}}}, o.f.note("%s table", o.name)
}

type fakeDiscovery struct{ f *fake }

func (d fakeDiscovery) Ping(_ context.Context, record string) (ropewalk.DiscoveryPong, error) {
	return ropewalk.DiscoveryPong{EnrSeq: 1, RecipientIP: "192.0.2.1", RecipientPort: 9000}, d.f.note("discv5 ping %s", record)
}
func (d fakeDiscovery) FindNode(_ context.Context, record string, distances []uint16) ([]string, error) {
	return nil, d.f.note("discv5 findnode %s %d", record, distances)
}
func (d fakeDiscovery) Talk(_ context.Context, record string, protocol, body []byte) ([]byte, error) {
	return body, d.f.note("discv5 talk %s %x %x", record, protocol, body)
}
func (d fakeDiscovery) Lookup(_ context.Context, target id.ID) ([]string, error) {
	return []string{"enr:a"}, d.f.note("discv5 lookup %s", target.Short())
}
func (d fakeDiscovery) GetRecord(_ context.Context, who id.ID) (string, error) {
	return "enr:b", d.f.note("discv5 getenr %s", who.Short())
}
func (d fakeDiscovery) LookupRecord(_ context.Context, who id.ID) (string, error) {
	return "enr:b", d.f.note("discv5 lookupenr %s", who.Short())
}
func (d fakeDiscovery) AddRecord(_ context.Context, record string) (bool, error) {
	return true, d.f.note("discv5 addenr %s", record)
}
func (d fakeDiscovery) DeleteRecord(_ context.Context, who id.ID) (bool, error) {
	return true, d.f.note("discv5 deleteenr %s", who.Short())
}
func (d fakeDiscovery) State(_ context.Context, at netip.AddrPort, tcp bool) error {
	return d.f.note("discv5 state %s %v", at, tcp)
}
func (d fakeDiscovery) Nodes(context.Context) ([]ropewalk.Discovered, error) {
	return []ropewalk.Discovered{{ID: nodeID(2), Bucket: 256, Live: true}}, d.f.note("discv5 nodes")
}
func (d fakeDiscovery) Table(context.Context) (ropewalk.Table, error) {
	return ropewalk.Table{LocalNodeID: nodeID(1), Buckets: [][]id.ID{}}, d.f.note("discv5 table")
}
