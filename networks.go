package ropewalk

import (
	"fmt"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/content/blob"
	"github.com/ropewalk/ropewalk/content/generic"
)

// contentNetwork is a network of content as the machine knows it.
func (n *Node) contentNetwork(name string) (content.Network, error) {
	cfg := n.cfg.Overlay.Networks[name]
	wire, err := protocolID(cfg.Protocol)
	if err != nil {
		return content.Network{}, err
	}
	var out content.Network
	switch cfg.Kind {
	case kindBlob:
		out = blob.Network()
	case kindGeneric:
		out = generic.New(name, wire, nil)
	default:
		return out, fmt.Errorf("content network %q: kind %q is not built in", name, cfg.Kind)
	}
	out.Name, out.Protocol = name, wire
	return out, nil
}
