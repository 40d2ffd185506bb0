package gossipsub

import (
	"bytes"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
	"github.com/ropewalk/ropewalk/id"
)

// signPrefix stands before the message in what is signed (pubsub/README "Message
// Signing"); the message stands without signature and key.
const signPrefix = "libp2p-pubsub:"

// verdict is the result of a job.
type verdict struct {
	Verdict
	genuine bool   // the signature is right, or none is wanted
	why     string // when not accepted
	raw     []byte // our own message, signed
}

// checking is the work of a job: it touches nothing but its own bytes.
type checking struct {
	validators []func(Message) Verdict
	id         string
	raw        []byte
	author     *Author // signs our own messages; nil for others
}

func (c checking) run() verdict {
	var m rpc.Message
	if m.Decode(c.raw) != nil {
		return verdict{Verdict: Reject, why: whyInvalid}
	}
	out := verdict{genuine: true}
	switch {
	case c.author != nil:
		m.Signature = c.author.Sign(signedBytes(c.raw))
		if _, _, ok := c.author.PeerID.Key(); !ok {
			m.Key = c.author.Key
		}
		out.raw = rpc.AppendMessage(nil, &m, true)
	case m.Signature != nil && !genuine(&m):
		return verdict{Verdict: Reject, why: whyInvalid}
	}
	if len(c.validators) == 0 {
		return out
	}
	msg := Message{Topic: string(m.Topic), ID: c.id, From: id.PeerID(m.From), Seqno: m.Seqno, Data: m.Data}
	out.Verdict = judge(c.validators, msg)
	out.why = verdictReasons[out.Verdict]
	return out
}

// verdictReasons are the reasons of reject events.
var verdictReasons = [...]string{Accept: "", Reject: whyFailed, Ignore: whyIgnored, Throttle: whyThrottled}

// judge asks validators in order until one rejects. What is no verdict is taken
// for Ignore.
func judge(validators []func(Message) Verdict, m Message) Verdict {
	out := Accept
	for _, f := range validators {
		switch v := safeVerdict(f, m); {
		case v == Reject:
			return Reject
		case v == Throttle:
			out = Throttle
		case v != Accept && out == Accept:
			out = Ignore
		}
	}
	return out
}

// safeVerdict rejects a message that makes the application's check panic.
func safeVerdict(f func(Message) Verdict, m Message) (v Verdict) {
	defer func() {
		if recover() != nil {
			v = Reject
		}
	}()
	return f(m)
}

func signedBytes(raw []byte) []byte {
	return rpc.AppendUnsigned(append(make([]byte, 0, len(signPrefix)+len(raw)), signPrefix...), raw)
}

// genuine verifies the signature of a canonical message: the key is in its author
// or comes along and then must be the author's.
func genuine(m *rpc.Message) bool {
	t, key, ok := id.PeerID(m.From).Key()
	if m.Key != nil {
		kt, k, err := id.UnmarshalPublicKey(m.Key)
		if err != nil || !bytes.Equal([]byte(id.PeerIDOf(kt, k)), m.From) {
			return false
		}
		t, key, ok = kt, k, true
	}
	return ok && id.Verify(t, key, signedBytes(m.Raw), m.Signature)
}
