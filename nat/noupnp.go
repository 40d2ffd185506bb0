//go:build nolibp2p

package nat

import (
	"context"
	"fmt"
)

// findUPnP finds nobody: a program built with the tag nolibp2p is to be small, and UPnP
// is what brings HTTP and XML into a node.
func findUPnP(context.Context, Mode) (gateway, error) {
	return nil, fmt.Errorf("%w: UPnP was not built in (tag nolibp2p)", ErrNoGateway)
}
