//go:build nolibp2p

package headers

import "fmt"

// NewClient has nothing to ask with: a program built with the tag nolibp2p is to be small,
// and a client over HTTP brings TLS and certificates into a node.
func NewClient(string) (Source, error) {
	return nil, fmt.Errorf("%w: an execution client cannot be asked, HTTP was not built in (tag nolibp2p)", ErrSource)
}
