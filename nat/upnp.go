//go:build !nolibp2p

package nat

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/huin/goupnp"
	"github.com/huin/goupnp/dcps/internetgateway2"
	"github.com/huin/goupnp/soap"
)

// upnp is a gateway that speaks UPnP (Internet Gateway Device).
type upnp struct {
	service igd
	at      string     // host:port of its control address
	us      netip.Addr // our address as the gateway sees it
}

// igd is what the services WANIPConnection 1 and 2 and WANPPPConnection have in common.
type igd interface {
	AddPortMappingCtx(ctx context.Context, remote string, external uint16, proto string, internal uint16, client string, enabled bool, description string, seconds uint32) error
	DeletePortMappingCtx(ctx context.Context, remote string, external uint16, proto string) error
	GetExternalIPAddressCtx(ctx context.Context) (string, error)
}

// description is what our mappings are called in the router's list.
const description = "ropewalk"

// findUPnP looks for one on the networks that we are in, or where it is said to be.
func findUPnP(ctx context.Context, m Mode) (gateway, error) {
	places := []*url.URL{m.URL}
	if m.URL == nil {
		places = search(ctx)
	}
	err := fmt.Errorf("%w by UPnP", ErrNoGateway)
	for _, at := range places[:min(len(places), candidatesMax)] {
		g, why := describe(ctx, at)
		if why == nil {
			return g, nil
		}
		err = fmt.Errorf("UPnP %s: %w", at.Host, why)
	}
	return nil, err
}

// describe reads what a device says of itself and picks the service that works.
func describe(ctx context.Context, at *url.URL) (*upnp, error) {
	within, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	root, err := fetch(within, at)
	if err != nil {
		return nil, err
	}
	us, err := toward(within, at)
	if err != nil {
		return nil, err
	}
	err = errors.New("no service that maps ports")
	for _, service := range services(root, at) {
		g := &upnp{service: service, at: at.Host, us: us}
		if _, _, err = g.external(within); err == nil {
			return g, nil
		}
	}
	return nil, err
}

// fetch reads the description of a device.
func fetch(ctx context.Context, at *url.URL) (*goupnp.RootDevice, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := web.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("description: %s", resp.Status)
	}
	d := xml.NewDecoder(resp.Body)
	d.DefaultSpace = goupnp.DeviceXMLNamespace
	root := new(goupnp.RootDevice)
	if err := d.Decode(root); err != nil {
		return nil, fmt.Errorf("description: %w", err)
	}
	base := at
	if u, err := url.Parse(root.URLBaseStr); err == nil && u.Hostname() == at.Hostname() {
		base = u
	}
	root.SetURLBase(base)
	return root, nil
}

// services are the ways in which a device maps ports, the newest first. Those whose
// control address is on another host are not the device's to offer.
func services(root *goupnp.RootDevice, at *url.URL) (out []igd) {
	for _, kind := range []struct {
		urn  string
		make func(goupnp.ServiceClient) igd
	}{
		{internetgateway2.URN_WANIPConnection_2, func(c goupnp.ServiceClient) igd { return &internetgateway2.WANIPConnection2{ServiceClient: c} }},
		{internetgateway2.URN_WANIPConnection_1, func(c goupnp.ServiceClient) igd { return &internetgateway2.WANIPConnection1{ServiceClient: c} }},
		{internetgateway2.URN_WANPPPConnection_1, func(c goupnp.ServiceClient) igd { return &internetgateway2.WANPPPConnection1{ServiceClient: c} }},
	} {
		clients, _ := goupnp.NewServiceClientsFromRootDevice(root, at, kind.urn)
		for _, c := range clients {
			if c.SOAPClient.EndpointURL.Hostname() == at.Hostname() && len(out) < candidatesMax {
				c.SOAPClient.HTTPClient = web
				out = append(out, kind.make(c))
			}
		}
	}
	return out
}

// toward is our address on the way to a host. Nothing is sent.
func toward(ctx context.Context, at *url.URL) (netip.Addr, error) {
	var d net.Dialer
	port := at.Port()
	if port == "" {
		port = "80"
	}
	c, err := d.DialContext(ctx, "udp", net.JoinHostPort(at.Hostname(), port))
	if err != nil {
		return netip.Addr{}, err
	}
	defer c.Close()
	us, err := netip.ParseAddrPort(c.LocalAddr().String())
	return us.Addr().Unmap(), err
}

func (g *upnp) name() string { return "UPnP " + g.at }

func (g *upnp) external(ctx context.Context) (netip.Addr, bool, error) {
	text, err := g.service.GetExternalIPAddressCtx(ctx)
	if err != nil {
		return netip.Addr{}, false, err
	}
	ip, err := netip.ParseAddr(strings.TrimSpace(text))
	if err != nil || ip.IsUnspecified() {
		return netip.Addr{}, false, errNoAddress
	}
	return ip, false, nil
}

// add maps a port. Where the external port is taken, others are tried; a router that
// maps only for ever may do so, as we take the mapping back at the end.
func (g *upnp) add(ctx context.Context, p Port, want uint16, life time.Duration) (uint16, time.Duration, error) {
	seconds := uint32(life / time.Second)
	for try := 0; ; try++ {
		err := g.service.AddPortMappingCtx(ctx, "", want, g.proto(p), p.Num, g.us.String(), true, description, seconds)
		switch code := faultOf(err); {
		case err == nil:
			return want, life, nil
		case try >= portTries:
			return 0, 0, err
		case code == errOnlyPermanent && seconds != 0:
			seconds = 0
		case code == errConflict:
			want = uint16(portMin + rand.IntN(portMax-portMin))
		case code == errSamePort && want != p.Num:
			want = p.Num
		default:
			return 0, 0, err
		}
	}
}

func (g *upnp) remove(ctx context.Context, p Port, external uint16) error {
	return g.service.DeletePortMappingCtx(ctx, "", external, g.proto(p))
}

func (g *upnp) proto(p Port) string { return strings.ToUpper(string(p.Proto)) }

// faultOf is the error code that a gateway answers with; 0 for none.
func faultOf(err error) int {
	var f *soap.SOAPFaultError
	if errors.As(err, &f) {
		return f.Detail.UPnPError.Errorcode
	}
	return 0
}
