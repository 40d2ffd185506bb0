//go:build !nolibp2p

package nat

import (
	"io"
	"net/http"
)

// web is how gateways are talked to over HTTP: directly, following nobody elsewhere,
// and reading no more than bodyBytesMax of an answer.
var web = http.Client{
	Transport: bounded{&http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: 16 << 10}},
	CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	},
}

// bounded cuts answers off.
type bounded struct{ http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := b.RoundTripper.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, bodyBytesMax), resp.Body}
	return resp, nil
}
