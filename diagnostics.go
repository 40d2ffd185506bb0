package ropewalk

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
)

// The protocols that Config.Diagnostics turns on. They have eight codes each and take payloads of any size that a
// link can carry.
const (
	diagnosticCodes = 8
	diagnosticBytes = 1<<24 - 1
)

// diagnostics are these protocols.
func diagnostics() []Protocol {
	limits := Limits{PayloadBytes: diagnosticBytes}
	sinks := limits
	sinks.Overflow = OverflowDrop // a sink that stalls for ever must not end the link
	return []Protocol{
		{Name: "echo", Version: 1, Length: diagnosticCodes, Limits: limits, Run: runEcho},
		{Name: "sink", Version: 1, Length: diagnosticCodes, Limits: sinks, Run: runSink},
		{Name: "flood", Version: 1, Length: diagnosticCodes, Limits: limits, Run: runFlood},
	}
}

// runEcho answers every message with the same code and payload.
func runEcho(_ *Peer, rw MsgReadWriter) error {
	for {
		m, err := rw.ReadMsg()
		if err != nil {
			return err
		}
		if err := rw.WriteMsg(m); err != nil {
			return err
		}
	}
}

// The codes at which a sink does not behave.
const (
	sinkPanics = 6
	sinkStalls = 7
)

// runSink swallows what comes. One code makes it panic and one makes it stop reading
// until the peer is gone: neither may touch another protocol.
func runSink(p *Peer, rw MsgReadWriter) error {
	for {
		m, err := rw.ReadMsg()
		if err != nil {
			return err
		}
		switch m.Code {
		case sinkPanics:
			panic("sink: a message told it to panic")
		case sinkStalls:
			<-conversationEnds(p, rw)
			return nil
		}
		if err := m.Discard(); err != nil {
			return err
		}
	}
}

// conversationEnds is closed when the peer is gone, or the lane it was met on.
func conversationEnds(p *Peer, rw MsgReadWriter) <-chan struct{} {
	if c, ok := rw.(Conversation); ok {
		return c.Context().Done()
	}
	return p.Done()
}

// The codes of flood, and what one request may ask for.
const (
	floodRequest = 0
	floodMessage = 1
	// floodCountMax and floodBytesMax bound the messages and their bytes that one
	// request brings, our choice: seconds of a fast link, and an end in any case.
	floodCountMax = 1 << 20
	floodBytesMax = 1 << 30
)

// floodAsk is the payload of a request: RLP [count, size].
type floodAsk struct{ Count, Size uint64 }

// errFlood is why a request is refused.
var errFlood = errors.New("flood: more than one request may ask for")

// check bounds what is asked for, without an overflow.
func (a floodAsk) check() error {
	if a.Size > diagnosticBytes || a.Count > floodCountMax || a.Count*a.Size > floodBytesMax {
		return fmt.Errorf("%w: %d messages of %d bytes", errFlood, a.Count, a.Size)
	}
	return nil
}

// runFlood answers a request with as many messages as it says. Other messages mean
// nothing.
func runFlood(_ *Peer, rw MsgReadWriter) error {
	for {
		m, err := rw.ReadMsg()
		if err != nil {
			return err
		}
		if m.Code != floodRequest {
			if err := m.Discard(); err != nil {
				return err
			}
			continue
		}
		var ask floodAsk
		if err := m.Decode(&ask); err != nil {
			return err
		}
		if err := ask.check(); err != nil {
			return err
		}
		if err := pour(rw, ask); err != nil {
			return err
		}
	}
}

// pour writes the messages.
func pour(rw MsgReadWriter, ask floodAsk) error {
	data := floodBytes(int(ask.Size))
	payload := bytes.NewReader(data)
	for range ask.Count {
		payload.Reset(data)
		if err := rw.WriteMsg(Msg{Code: floodMessage, Size: uint32(len(data)), Payload: payload}); err != nil {
			return err
		}
	}
	return nil
}

// floodBytes are random, so that compression gains nothing. What is almost as long as an
// RLPx frame can be begins with zeros: compressed noise is a little longer than noise,
// and it would not fit.
func floodBytes(size int) []byte {
	data := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(data[max(0, size-floodNoiseMax):])
	return data
}

// floodNoiseMax is how much noise fits a frame in any case. Compressors give up when
// they save less than one part in 32, so more than that is left to zeros.
const floodNoiseMax = diagnosticBytes - 1<<20
