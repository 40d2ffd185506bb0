package ropewalk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/content/blob"
	"github.com/ropewalk/ropewalk/discv5"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/portal"
)

// NetworkName is a content network and its ID on the wire, as hex after 0x.
type NetworkName struct {
	Name     string `json:"name"`
	Protocol string `json:"protocol"`
	Kind     string `json:"kind"`
}

// Networks are the content networks the node takes part in, by name.
func (n *Node) Networks() []NetworkName {
	out := []NetworkName{}
	if n.cfg.Listen.UDP == off {
		return out
	}
	for _, name := range sortedKeys(n.cfg.Overlay.Networks) {
		if net, err := n.contentNetwork(name); err == nil {
			out = append(out, NetworkName{name, HexBytes(net.Protocol).String(), n.cfg.Overlay.Networks[name].Kind})
		}
	}
	return out
}

// ContentStat tells how the node does in each of its content networks.
func (n *Node) ContentStat(ctx context.Context) ([]ContentNetwork, error) {
	out := []ContentNetwork{}
	for _, name := range n.Networks() {
		o, err := n.Network(name.Name)
		if err != nil {
			return nil, err
		}
		one, err := overlayLook(ctx, o, func(_ time.Time, x *portal.Overlay) (ContentNetwork, error) {
			s, r := x.Stats(), x.Radius()
			return ContentNetwork{
				Name: name.Name, Protocol: name.Protocol, Kind: name.Kind, Capacity: n.cfg.Overlay.Networks[name.Name].Capacity,
				Radius: id.ID(r), RadiusShare: ringShare(id.ID(r)), Nodes: s.Nodes, Live: s.Live,
				Found: s.Found, Lookups: s.Lookups, Accepted: s.Accepted,
			}, nil
		})
		if err != nil {
			return nil, err
		}
		out = append(out, one)
	}
	n.stocktaking(out)
	return out, nil
}

// stocktaking adds what the store has of each network.
func (n *Node) stocktaking(all []ContentNetwork) {
	if n.store == nil {
		return
	}
	for _, s := range n.store.Stats().Networks {
		for i := range all {
			if all[i].Name == s.Name {
				all[i].Items, all[i].Bytes = s.Items+s.DurableItems, s.Bytes+s.DurableBytes
				all[i].Durable, all[i].Capacity = s.DurableItems, s.Capacity
			}
		}
	}
}

// ringShare is how much of the ring a radius covers.
func ringShare(radius id.ID) float64 {
	out, part := 0.0, 1.0/256
	for _, b := range radius[:8] {
		out += float64(b) * part
		part /= 256
	}
	return out
}

// ContentList is a page of what we store of a network, after an item; a zero ID is before
// the first. By default it is the network of files.
func (n *Node) ContentList(ctx context.Context, network string, after ContentID, limit int) (ContentPage, error) {
	network, err := n.networkOf(network)
	if err != nil {
		return ContentPage{}, err
	}
	o, err := n.Network(network)
	if err != nil {
		return ContentPage{}, err
	}
	limit = min(max(limit, 1), pageMax)
	all, err := o.items(ctx, after, limit)
	if err != nil {
		return ContentPage{}, err
	}
	page := ContentPage{Network: network, Items: []ContentItem{}}
	for _, it := range all {
		which := it.ID
		item := ContentItem{ID: which, Key: it.Key, Size: it.Size, Durable: it.Class == content.Durable}
		if key, err := blob.DecodeKey(it.Key); err == nil && n.cfg.Overlay.Networks[network].Kind == kindBlob {
			item.Kind = [...]string{"chunk", "manifest"}[key.Kind]
		}
		page.Items = append(page.Items, item)
		if len(all) == limit {
			page.Next = &which
		}
	}
	return page, nil
}

// networkOf is the name of a network, of files where none is given.
func (n *Node) networkOf(network string) (string, error) {
	if network != "" {
		return network, nil
	}
	b, err := n.blobs("")
	if err != nil {
		return "", err
	}
	return b.name(), nil
}

// ContentDrop forgets content of our own store: of a file its manifest and every chunk.
// Others may have it still. ErrNoContent when nothing of it is here.
func (n *Node) ContentDrop(ctx context.Context, which ContentID, network string) error {
	network, err := n.networkOf(network)
	if err != nil {
		return err
	}
	o, err := n.Network(network)
	if err != nil {
		return err
	}
	if n.cfg.Overlay.Networks[network].Kind != kindBlob {
		return fmt.Errorf("%w: %q holds no files", ErrBadInput, network)
	}
	keyOf := func(k blob.Kind, hash [32]byte) []byte { return blob.Key{Kind: k, Hash: hash}.Bytes() }
	had := false
	if raw, err := o.Local(ctx, keyOf(blob.File, which)); err == nil {
		_, chunks, err := decodeManifest(raw)
		if err != nil {
			return fmt.Errorf("manifest: %w", err)
		}
		for _, c := range chunks {
			if err := dropIfThere(ctx, o, keyOf(blob.Chunk, c), &had); err != nil {
				return err
			}
		}
		if err := dropIfThere(ctx, o, keyOf(blob.File, which), &had); err != nil {
			return err
		}
	}
	if err := dropIfThere(ctx, o, keyOf(blob.Chunk, which), &had); err != nil {
		return err
	}
	if !had {
		return ErrNoContent
	}
	return nil
}

// dropIfThere notes whether there was something to drop.
func dropIfThere(ctx context.Context, o *Overlay, key []byte, had *bool) error {
	if _, err := o.Local(ctx, key); errors.Is(err, ErrNoContent) {
		return nil
	} else if err != nil {
		return err
	}
	*had = true
	return o.Drop(ctx, key)
}

// discovered lists discv5's table, from the farthest bucket to the nearest; nodes that
// wait for a place in it are left out.
func (n *Node) discovered(x *discv5.Discovery) []Discovered {
	out := []Discovered{}
	for _, bucket := range x.Buckets() {
		for _, e := range bucket {
			if !e.Cached {
				out = append(out, Discovered{ID: e.Record.ID(), Record: e.Record.String(), Addr: udpAddr(e.Record), Live: e.Live,
					Seen: e.Seen, RTT: milliseconds(e.RTT), Bucket: id.LogDistance(n.key.ID(), e.Record.ID())})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Discovered) int { return b.Bucket - a.Bucket })
	return out
}
