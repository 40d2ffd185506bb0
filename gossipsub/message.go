package gossipsub

import (
	"bytes"
	"crypto/sha256"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/gossipsub/score"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/trace"
)

// Reasons of reject events, in the words of the reference implementation's trace.
const (
	whyMissing    = "missing signature"
	whyUnwanted   = "unexpected signature"
	whyUnexpected = "unexpected auth info"
	whyInvalid    = "invalid signature"
	whySelf       = "self originated message"
	whyQueueFull  = "validation queue full"
	whyFailed     = "validation failed"
	whyIgnored    = "validation ignored"
	whyThrottled  = "validation throttled"
	whyReplayed   = "sequence number used before"
	whyLarge      = "message too large"
	whyID         = "no message ID"
	whyParts      = "bad parts"

	whyBannedPeer   = "blacklisted peer"
	whyBannedSource = "blacklisted source"
)

// receive takes one message of a frame: cheapest checks first, memory only for
// what is new. frameBytes is the size of the frame it came in.
func (r *Router) receive(now time.Time, p *peer, m *rpc.Message, frameBytes int) {
	t := r.byName[string(m.Topic)]
	if t == nil || t.own == nil {
		r.stats.Lost.add(len(m.Data))
		r.reportLost(now, p, m.Topic)
		return
	}
	r.stats.Received.add(len(m.Data))
	t.own.stats.Received.add(len(m.Data))
	if why := t.own.check(m); why != "" {
		r.blame(now, p, t, nil, why)
		return
	}
	mid := r.identify(&t.own.rules, t.name, m)
	if len(mid) == 0 || len(mid) > idBytesMax {
		r.blame(now, p, t, nil, whyID)
		return
	}
	k := makeKey(t.own.salt, mid)
	f := r.flights.byKey[k]
	if f != nil && f.via != nil && f.own != t.own {
		f = nil // of an earlier joining: nothing will come of it
	}
	if f != nil || r.seen.has(now, k) {
		if f != nil {
			f.join(p, m, r)
		} else {
			if r.copies < cancelsMax {
				r.cancel(p, tag(t.own.salt, mid), len(m.Frame))
			}
		}
		r.copied(now, p, t, k, true)
		if f == nil && r.p.SeenStrategy == LastSeen {
			r.seen.again(now, k)
		}
		r.copies++
		r.stats.Duplicates.add(len(m.Data))
		t.own.stats.Duplicates.add(len(m.Data))
		if r.watched() {
			r.reportFine(now, "duplicate", p, t, mid, len(m.Data))
		}
		return
	}
	if r.isOurs(&t.own.rules, m) {
		r.blame(now, p, t, mid, whySelf)
		return
	}
	r.fulfil(t, k, p, m, mid)
	if why := r.shunned(now, p, m); why != "" {
		r.reject(now, p, t, mid, why)
		return
	}
	if r.replayed(&t.own.rules, m.From, m.Seqno, m.Signature) {
		r.reject(now, p, t, mid, whyReplayed) // and not seen: nobody has verified it
		return
	}
	r.copied(now, p, t, k, false)
	inline := m.Signature == nil && len(t.own.validators) == 0
	if !inline && r.full(p, t, len(m.Frame)) {
		r.throttle(now, p, t, mid)
		return
	}
	if m.Signature == nil {
		r.quieten(now, t, k, p, m, mid) // a signed one may be forged: see checked
	}
	if inline {
		raw, frame := keep(m, frameBytes, false)
		if &raw[0] != &m.Raw[0] {
			_ = m.Decode(raw) // the same message, in bytes of its own
		}
		r.accept(now, t, k, string(mid), m, frame, p, nil)
		return
	}
	r.takeOff(now, p, t, k, mid, m, frameBytes)
}

// identify makes the ID of a message; the result is scratch.
func (r *Router) identify(o *rules, topic string, m *rpc.Message) []byte {
	switch {
	case o.messageID != nil:
		msg := Message{Topic: topic, From: id.PeerID(m.From), Seqno: m.Seqno, Data: m.Data}
		r.idBuf = append(r.idBuf[:0], safeID(o.messageID, &msg)...)
	case o.policy != StrictNoSign && len(m.From)+len(m.Seqno) > 0:
		r.idBuf = append(append(r.idBuf[:0], m.From...), m.Seqno...)
	default:
		sum := sha256.Sum256(m.Data)
		r.idBuf = append(r.idBuf[:0], sum[:]...)
	}
	if cap(r.idBuf) > 1024 { // a foreign function made something odd
		out := r.idBuf
		r.idBuf = nil
		return out
	}
	return r.idBuf
}

// safeID gives no ID when the application's function panics: what a remote sent
// must not end the node.
func safeID(f func(*Message) string, m *Message) (out string) {
	defer func() {
		if recover() != nil {
			out = ""
		}
	}()
	return f(m)
}

// keep gives the bytes of a message to keep: those that came in when they are
// canonical and not a small part of a large frame, else a copy or a new encoding.
// Unknown fields stay only where a signature covers them.
func keep(m *rpc.Message, frameBytes int, unknown bool) (raw, frame []byte) {
	switch {
	case !m.Canonical:
		frame = rpc.AppendPublish(nil, rpc.AppendMessage(nil, m, unknown))
	case frameBytes > 2*len(m.Frame)+256:
		frame = bytes.Clone(m.Frame)
	default:
		return m.Raw, m.Frame
	}
	_, raw = rpc.SplitPublish(frame)
	return raw, frame
}

// accept marks a checked message as seen, delivers, caches and forwards it.
func (r *Router) accept(now time.Time, t *topic, k key, mid string, m *rpc.Message, frame []byte, via *peer, senders []*peer) {
	r.seen.add(now, k)
	r.stats.Delivered.add(len(m.Data))
	t.own.stats.Delivered.add(len(m.Data))
	r.judged(now, t, k, via, score.Accepted)
	r.news.Deliveries = append(r.news.Deliveries, Message{
		Topic: t.name, ID: mid, From: id.PeerID(m.From), Seqno: m.Seqno, Data: m.Data, Via: via.id,
	})
	if r.watched() {
		r.reportFine(now, "deliver", via, t, []byte(mid), len(m.Data))
	}
	via.earned()
	r.cache.put(t.name, mid, frame, r.beat, t.own.until(now))
	r.spread(t, &spreading{
		r: r, frame: Frame{Data: frame, Class: Forwarded, Tag: tag(t.own.salt, []byte(mid)), Until: now.Add(t.own.wait)},
		id: mid, author: m.From, via: via, senders: senders,
	}, false)
}

func (r *Router) reject(now time.Time, p *peer, t *topic, mid []byte, why string) {
	r.stats.Rejected.add(why)
	if t.own != nil {
		t.own.stats.Rejected++
	}
	if r.cfg.Trace != nil {
		r.cfg.Trace(now, trace.Event{Strand: string(owner), Kind: "reject", Peer: p.id, Topic: t.name, ID: string(mid), Err: why})
	}
}
