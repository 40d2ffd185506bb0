package ropewalk

import (
	"cmp"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
)

// The kinds of networks of content.
const (
	kindBlob    = "blob"
	kindHistory = "history"
	kindGeneric = "generic"
)

const (
	// off, as the address to listen at, is nowhere.
	off = "off"
	// overlaysMax bounds the networks of content, our choice: each has a table to look
	// after.
	overlaysMax = 16
	// protocolMax bounds a protocol ID: longer ones cost room in every offer.
	protocolMax = 8
	// capacityMin is what a network must be able to keep at least: a few large items.
	capacityMin = 1 << 20
	// uploadMin and uploadMax bound what streams may be held to, our choice: whoever takes
	// less than 10 KiB/s from us gives the transfer up.
	uploadMin = 16 << 10
	uploadMax = 1 << 40
)

// fillOverlay puts the defaults in.
func (c *Config) fillOverlay(p profile) {
	if c.Listen.UDP == "" {
		switch {
		case c.Session.routes().All() || c.Transports != nil:
			c.Listen.UDP = off // a proxy carries no packets, and who brings links has no socket
		case c.Localnet:
			c.Listen.UDP = "127.0.0.1:0"
		default:
			c.Listen.UDP = "0.0.0.0:0"
		}
	}
	o := &c.Overlay
	if o.Capacity == 0 {
		o.Capacity = p.content
	}
	if o.Radius == "" {
		o.Radius = "auto"
	}
	filled := map[string]OverlayNetwork{}
	for name, n := range o.Networks {
		n.Kind = n.kind(name)
		if n.Protocol == "" {
			n.Protocol = c.protocolOf(n.Kind)
		}
		if n.Capacity == 0 {
			n.Capacity = o.Capacity
		}
		filled[name] = n
	}
	if o.Networks == nil {
		filled[kindBlob] = OverlayNetwork{Kind: kindBlob, Protocol: c.protocolOf(kindBlob), Capacity: o.Capacity}
	}
	o.Networks = filled
}

// kind is what a network is that may not say: history where that is its name, else blob.
func (n OverlayNetwork) kind(name string) string {
	switch {
	case n.Kind != "":
		return n.Kind
	case name == kindHistory:
		return kindHistory
	}
	return kindBlob
}

// protocolOf is the protocol ID of a kind's network: Portal's own, or one that networks of
// different names do not share.
func (c *Config) protocolOf(kind string) string {
	switch kind {
	case kindHistory:
		return "5000"
	case kindBlob:
		tag := enr.NetworkTag(cmp.Or(c.Network, "ropewalk"))
		return hex.EncodeToString(append([]byte("rb"), tag[:]...))
	}
	return ""
}

// protocolID is a protocol ID as it goes on the wire.
func protocolID(text string) (string, error) {
	raw, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	if err != nil || len(raw) == 0 || len(raw) > protocolMax {
		return "", fmt.Errorf("%.40q: want 1 to %d bytes in hex", text, protocolMax)
	}
	return string(raw), nil
}

// overlay checks what is said of content.
func (v *validator) overlay(c Config) {
	o := c.Overlay
	if text := c.Listen.UDP; text != "" && text != off {
		_, err := rlpxAddr(text)
		v.check(err == nil, "listen.udp", text, "IP:PORT such as 0.0.0.0:9000, port 0 for any free one, or off")
	}
	v.check(o.Capacity == 0 || o.Capacity >= capacityMin, "overlay.capacity", fmt.Sprint(o.Capacity), "at least 1 MiB")
	v.check(o.Upload == 0 || o.Upload >= uploadMin && o.Upload <= uploadMax, "overlay.upload", fmt.Sprint(o.Upload), "16 KiB to 1 TiB a second")
	_, err := radiusOf(o.Radius)
	v.check(err == nil, "overlay.radius", o.Radius, "auto, max, or 32 bytes in hex")
	v.check(len(o.Networks) <= overlaysMax, "overlay.network", fmt.Sprint(len(o.Networks)), fmt.Sprintf("at most %d networks", overlaysMax))
	used := map[string]string{}
	for _, name := range sortedKeys(o.Networks) {
		v.overlayNetwork(name, o.Networks[name], used, c)
	}
}

func (v *validator) overlayNetwork(name string, n OverlayNetwork, used map[string]string, c Config) {
	field := fmt.Sprintf("overlay.network.%q", name)
	v.check(validOverlayName(name), field, name, "a name of "+overlayNameWords)
	v.check(n.Kind == "" || n.Kind == kindBlob || n.Kind == kindHistory || n.Kind == kindGeneric, field+".kind", n.Kind, "blob, history or generic")
	v.check(n.Capacity == 0 || n.Capacity >= capacityMin, field+".capacity", fmt.Sprint(n.Capacity), "at least 1 MiB")
	v.check(n.Headers == "" || n.kind(name) == kindHistory, field+".headers", n.Headers, "nothing: only history checks against headers")
	text := cmp.Or(n.Protocol, c.protocolOf(n.kind(name)))
	wire, err := protocolID(text)
	switch other := used[wire]; {
	case text == "":
		v.check(false, field+".protocol", "", fmt.Sprintf("1 to %d bytes in hex: the kind has none of its own", protocolMax))
	case err != nil:
		v.check(false, field+".protocol", n.Protocol, fmt.Sprintf("1 to %d bytes in hex, such as 0x500b", protocolMax))
	case wire == "utp":
		v.check(false, field+".protocol", n.Protocol, "another protocol ID: streams have this one")
	case other != "":
		v.check(false, field+".protocol", n.Protocol, fmt.Sprintf("a protocol ID of its own: %s has 0x%x", other, wire))
	default:
		used[wire] = name
	}
}

// overlayNameWords are what names of networks consist of: that of the Portal network's
// legacyHistory, too.
const overlayNameWords = "1 to 32 of a-z A-Z 0-9 _ -"

func validOverlayName(s string) bool {
	return s != "" && len(s) <= 32 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == ""
}

// radiusOf is the most that a radius may be.
func radiusOf(text string) (content.Distance, error) {
	if text == "" || text == "auto" || text == "max" {
		return content.DistanceMax, nil
	}
	raw, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	if err != nil || len(raw) != 32 {
		return content.Distance{}, fmt.Errorf("%.80q is no radius", text)
	}
	return content.Distance(raw), nil
}
