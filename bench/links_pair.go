package main

import (
	"errors"
	"time"
)

// conduit is what a protocol's Run has on either side.
type conduit interface {
	write(code uint64, b []byte) error
	// read waits for a message and takes it in whole.
	read() (code uint64, size int, err error)
}

// proto is a protocol that both sides can run. run is told which end it is: the one
// that dialled or the other.
type proto struct {
	name string
	run  func(dialler bool, c conduit) error
}

// codes is how many message codes each protocol here has.
const codes = 8

// nodes are two, not connected yet.
type nodes struct {
	connect func() error
	stop    func()
}

// nodesOf starts two nodes of a side with the protocols.
func nodesOf(s side, protos ...proto) (nodes, error) {
	if s == ours {
		return ropePair(overRLPx, protos...)
	}
	return gethPair(protos...)
}

// pairOf is nodesOf, connected.
func pairOf(s side, protos ...proto) (stop func(), err error) {
	p, err := nodesOf(s, protos...)
	if err != nil {
		return nil, err
	}
	return p.stop, p.connect()
}

var errSlow = errors.New("no result in time")

// resultWithin bounds one conversation.
const resultWithin = 3 * time.Minute

// result is what a Run of one end hands out.
type result struct {
	v   values
	err error
}

func wait(c <-chan result) (values, error) {
	select {
	case r := <-c:
		return r.v, r.err
	case <-time.After(resultWithin):
		return nil, errSlow
	}
}
