//go:build !nolibp2p

package nat

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"time"
)

// search asks the networks that we are in for gateways and returns where these
// describe themselves.
func search(ctx context.Context) (out []*url.URL) {
	for i, p := range networks() {
		if i >= interfacesMax || ctx.Err() != nil {
			break
		}
		for _, at := range searchFrom(ctx, p.Addr(), netip.MustParseAddrPort(ssdpAddr)) {
			if !slices.ContainsFunc(out, func(o *url.URL) bool { return *o == *at }) {
				out = append(out, at)
			}
		}
	}
	return out
}

// searchTargets are the devices that are looked for.
var searchTargets = []string{
	"urn:schemas-upnp-org:device:InternetGatewayDevice:2",
	"urn:schemas-upnp-org:device:InternetGatewayDevice:1",
}

// searchFrom sends the question from one of our addresses and gathers the answers that
// come within searchWithin.
func searchFrom(ctx context.Context, from netip.Addr, to netip.AddrPort) (out []*url.URL) {
	c, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(netip.AddrPortFrom(from, 0)))
	if err != nil {
		return nil
	}
	defer c.Close()
	if c.SetDeadline(time.Now().Add(searchWithin)) != nil {
		return nil
	}
	defer context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })()
	for range 2 { // it is UDP
		for _, target := range searchTargets {
			// UPnP Device Architecture 1.1, section 1.3.2.
			question := fmt.Sprintf("M-SEARCH * HTTP/1.1\r\nHOST: %s\r\nMAN: \"ssdp:discover\"\r\nMX: 1\r\nST: %s\r\n\r\n", ssdpAddr, target)
			if _, err := c.WriteToUDPAddrPort([]byte(question), to); err != nil {
				return nil
			}
		}
	}
	buf := make([]byte, 2048)
	for range answersMax {
		n, who, err := c.ReadFromUDPAddrPort(buf)
		if err != nil {
			break
		}
		at, ok := place(buf[:n], who.Addr().Unmap())
		if ok && !slices.ContainsFunc(out, func(o *url.URL) bool { return *o == *at }) {
			out = append(out, at)
		}
	}
	return out
}

// place reads from an answer where a gateway describes itself: at the address from
// which it answers, or anybody could send us anywhere.
func place(answer []byte, who netip.Addr) (*url.URL, bool) {
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(answer)), nil)
	if err != nil || resp.StatusCode != http.StatusOK {
		return nil, false
	}
	resp.Body.Close()
	if !slices.Contains(searchTargets, resp.Header.Get("ST")) {
		return nil, false
	}
	at, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || at.Scheme != "http" {
		return nil, false
	}
	ip, err := netip.ParseAddr(at.Hostname())
	return at, err == nil && ip == who
}
