package ropewalk

import (
	"context"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub"
)

// Verdict is what a validator says of a message.
type Verdict = gossipsub.Verdict

const (
	// Accept delivers and forwards the message.
	Accept = gossipsub.Accept
	// Reject drops it and costs whoever sent it score.
	Reject = gossipsub.Reject
	// Ignore drops it and costs nobody.
	Ignore = gossipsub.Ignore
	// Throttle drops this copy and costs nobody: there was no time to judge it.
	// Another copy is judged anew.
	Throttle = gossipsub.Throttle
)

// Validator judges a message before it is delivered and forwarded; those we publish
// are judged too. It runs in a worker, several at a time, and must not change the
// message. The context ends with the node, and after TopicConfig.ValidateWithin; what
// the validator then says still counts. One that panics rejects.
type Validator func(ctx context.Context, m Message) Verdict

// validators ties functions of the user to the router's; within is 0 for no limit.
func (n *Node) validators(list []Validator, within time.Duration) (out []func(gossipsub.Message) gossipsub.Verdict) {
	for _, v := range list {
		out = append(out, func(m gossipsub.Message) gossipsub.Verdict {
			ctx := n.ctx()
			if within > 0 {
				limited, cancel := context.WithTimeout(ctx, within)
				defer cancel()
				ctx = limited
			}
			return v(ctx, messageOf(m, time.Now()))
		})
	}
	return out
}

// messageID ties a function of the user to the router's; nil stays nil.
func messageID(f func(Message) []byte) func(*gossipsub.Message) string {
	if f == nil {
		return nil
	}
	return func(m *gossipsub.Message) string { return string(f(messageOf(*m, time.Time{}))) }
}

func messageOf(m gossipsub.Message, at time.Time) Message {
	from := ""
	if m.From != "" {
		from = m.From.String()
	}
	return Message{Topic: m.Topic, ID: []byte(m.ID), From: from, Seqno: bytesOf(m.Seqno), Data: bytesOf(m.Data), At: at}
}
