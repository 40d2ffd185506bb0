package ropewalk

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"

	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/outage"
)

// noteDial takes what became of a dial for the watch on kinds of network. It belongs to
// the loop.
func (n *Node) noteDial(now time.Time, to link.Addr, err error) {
	o, tells := outcomeOf(err)
	if tells && n.routes.Of(to) == link.Direct && n.outages.Note(now, to, o) {
		n.tellReaches(now)
	}
}

// outcomeOf is what a failed dial says of the network, if anything; a nil error is a link.
func outcomeOf(err error) (o outage.Outcome, tells bool) {
	var timeout net.Error
	switch {
	case err == nil:
		return outage.Answered, true
	case errors.Is(err, context.Canceled) || errors.Is(err, errNoTransport) || errors.Is(err, link.Self):
		return 0, false
	case errors.Is(err, syscall.ENETUNREACH), errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETDOWN), errors.Is(err, syscall.EADDRNOTAVAIL):
		return outage.Cut, true
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return outage.Silent, true
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.ECONNRESET), answered(err):
		return outage.Answered, true
	}
	return 0, false // of our own: shut out, closing, no address
}

// answered tells whether the remote itself said no.
func answered(err error) bool {
	var reason link.Reason
	var closed *link.Closed
	return errors.As(err, &closed) || errors.As(err, &reason)
}

// retryKinds puts kinds of network on trial whose time has come.
func (n *Node) retryKinds(now time.Time) {
	if n.outages.Advance(now) {
		n.tellReaches(now)
	}
}

// forgetOutages is for a new network under the machine.
func (n *Node) forgetOutages(now time.Time) {
	if n.outages.Forget(now) {
		n.tellReaches(now)
	}
}

// tellReaches tells the book which addresses can be reached by now.
func (n *Node) tellReaches(now time.Time) {
	dead := n.outages.Dead()
	n.machine.SetReaches(now, func(a link.Addr) bool { return n.reaches(a) && outage.Reaches(dead, a) })
}
