package nat

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// Mode says how ports are asked for: None, or a kind with what it needs.
type Mode struct {
	Kind Kind
	IP   netip.Addr // of ExtIP: our address; of PMP: the gateway, invalid to look for it
	URL  *url.URL   // of UPnP: where the gateway describes itself, nil to look for it
}

// Kind of a Mode.
type Kind string

// The kinds.
const (
	None  Kind = "none"
	Any   Kind = "any" // NAT-PMP, else UPnP
	UPnP  Kind = "upnp"
	PMP   Kind = "pmp"
	ExtIP Kind = "extip" // nobody is asked: the operator says our address
)

// ErrMode says what a mode may be.
var ErrMode = errors.New("nat: want none, any, upnp, pmp, upnp:URL, pmp:IP or extip:IP")

// Parse reads a mode as a configuration writes it. The error is ErrMode.
func Parse(text string) (Mode, error) {
	kind, arg, has := strings.Cut(text, ":")
	m := Mode{Kind: Kind(kind)}
	switch m.Kind {
	case None, Any:
		if has {
			return Mode{}, fmt.Errorf("%w: %.80q", ErrMode, text)
		}
		return m, nil
	case PMP, ExtIP:
		if !has && m.Kind == PMP {
			return m, nil
		}
		ip, err := netip.ParseAddr(arg)
		if err != nil || ip.IsUnspecified() || ip.IsMulticast() || ip.Zone() != "" {
			return Mode{}, fmt.Errorf("%w: %.80q", ErrMode, text)
		}
		m.IP = ip.Unmap()
		return m, nil
	case UPnP:
		if !has {
			return m, nil
		}
		u, err := url.Parse(arg)
		if err != nil || u.Scheme != "http" || u.Hostname() == "" {
			return Mode{}, fmt.Errorf("%w: %.80q", ErrMode, text)
		}
		m.URL = u
		return m, nil
	}
	return Mode{}, fmt.Errorf("%w: %.80q", ErrMode, text)
}

// Static is the address that the operator says we have, if any.
func (m Mode) Static() []netip.Addr {
	if m.Kind != ExtIP {
		return nil
	}
	return []netip.Addr{m.IP}
}

// Asks tells whether a router is asked for ports.
func (m Mode) Asks() bool { return m.Kind == Any || m.Kind == UPnP || m.Kind == PMP }
