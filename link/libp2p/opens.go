package libp2p

import (
	"sync"

	"github.com/libp2p/go-libp2p/core/network"
	"golang.org/x/time/rate"

	"github.com/ropewalk/ropewalk/link"
)

// opens counts the streams that remotes open before anybody knows what protocol
// they are for. Without it a stream that is reset before its negotiation has begun
// reaches no lane and is counted by nobody, however many there are.
type opens struct {
	mu    sync.Mutex
	conns map[network.Conn]*rate.Limiter
}

// guard puts the count in front of the host's handler of streams, which the host
// must have set by now.
func (o *opens) guard(n network.Network, handle network.StreamHandler) {
	o.conns = make(map[network.Conn]*rate.Limiter)
	n.Notify(&network.NotifyBundle{
		ConnectedF:    func(_ network.Network, c network.Conn) { o.add(c) },
		DisconnectedF: func(_ network.Network, c network.Conn) { o.drop(c) },
	})
	n.SetStreamHandler(func(s network.Stream) {
		if o.allow(s.Conn()) {
			handle(s)
			return
		}
		_ = s.ResetWithError(network.StreamRateLimited)
		_ = s.Conn().CloseWithError(toCode(link.Breach))
	})
}

func (o *opens) add(c network.Conn) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.conns[c] = rate.NewLimiter(opensPerSecond, opensBurst)
}

func (o *opens) drop(c network.Conn) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.conns, c)
}

// allow counts a stream. On a connection that has ended it means nothing any more.
func (o *opens) allow(c network.Conn) bool {
	o.mu.Lock()
	l := o.conns[c]
	o.mu.Unlock()
	return l == nil || l.Allow()
}

const (
	// opensPerSecond and opensBurst bound the inbound streams of a connection,
	// whatever they are for: what its lanes may have (streamsPerSecond, streamsBurst)
	// and some more for identify, ping, AutoNAT and relays. The burst is well below
	// incomingStreamsMax: streams above that are refused before they are counted here,
	// and those that came at once must be counted before they are refused.
	opensPerSecond = 2 * streamsPerSecond
	opensBurst     = streamsBurst + streamsBurst/2
)
