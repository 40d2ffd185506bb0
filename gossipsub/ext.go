package gossipsub

import (
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

// penaltyExtensions (P7) is our choice: the reference implementation takes 10,
// another 0.1.
const penaltyExtensions = 1

// extensions are what we support: said to every peer that we write 1.3 to, whether
// a topic of ours uses them or not, because a topic may be joined later and this is
// said once.
func (r *Router) extensions() rpc.Extensions {
	return rpc.Extensions{Partial: true, Test: r.cfg.TestExtension}
}

// withExtensions is the hello on a new 1.3 stream: "the Extensions control message
// MUST be included in the first message on the stream" (gossipsub-v1.3).
func (r *Router) withExtensions(hello [][]byte) [][]byte {
	var first []byte
	if len(hello) > 0 {
		first = append(first, hello[0]...)
		hello = hello[1:]
	}
	first = rpc.AppendControl(first, rpc.AppendExtensions(nil, r.extensions()))
	return append([][]byte{first}, hello...)
}

// onExtensions takes what the RPC in scratch says of extensions. The first RPC of a
// stream decides, by their absence too; "an Extensions control message MUST NOT be
// sent more than once" (gossipsub-v1.3).
func (r *Router) onExtensions(now time.Time, p *peer) {
	if p.heard && r.rpc.HasExtensions {
		r.penalty(now, p, penaltyExtensions, "second Extensions message")
	}
	if !p.heard {
		p.heard, p.ext = true, r.rpc.Extensions
		r.sayTest(now, p)
	}
	if r.rpc.HasTest {
		r.emit(now, "testextension", p, nil, 1, "")
	}
}

// sayTest sends the test extension's message, once on every stream of ours, when
// both sides support it (extensions/experimental/test-extension).
func (r *Router) sayTest(now time.Time, p *peer) {
	if !p.ext.Test || !r.cfg.TestExtension || !p.writable || p.version < v13 || p.tested {
		return
	}
	p.tested = true
	r.send(p, Frame{Data: rpc.AppendTest(nil)})
	r.emit(now, "testextension", p, nil, 0, "sent")
}
