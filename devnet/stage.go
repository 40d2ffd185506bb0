package devnet

import (
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/scenario"
)

// stage shows a devnet to a play. What takes time is started and seen later.
type stage struct{ d *Devnet }

var _ scenario.Stage = stage{}

func (s stage) Nodes() int       { return len(s.d.members) }
func (s stage) Alive(i int) bool { return s.d.members[i].isAlive() || s.d.isComing(i) }
func (s stage) Seed(i int) bool  { return s.d.members[i].seed }
func (s stage) Err() error       { return s.d.failure() }

func (s stage) Launch(_ time.Time, i int)  { s.d.launch(i) }
func (s stage) Restart(_ time.Time, i int) { s.d.launch(i) }

func (s stage) Kill(_ time.Time, i int) {
	m := s.d.members[i]
	if r := m.down(); r != nil {
		gone := make(chan struct{})
		m.mu.Lock()
		m.gone = gone
		m.mu.Unlock()
		s.d.run(func() {
			defer close(gone)
			r.kill()
		})
	}
}

// Peers counts running nodes only: what a node has not noticed yet to be dead is no
// peer.
func (s stage) Peers(i int) int {
	alive := map[id.ID]bool{}
	for _, m := range s.d.members {
		if m.isAlive() {
			alive[m.nodeID()] = true
		}
	}
	return s.d.members[i].peers(alive)
}

func (s stage) Reachable(i int) int {
	others := 0
	for j, m := range s.d.members {
		if j != i && m.isAlive() && !m.seed {
			others++
		}
	}
	return min(others, outbound)
}

func (s stage) JoinRoom(_ time.Time, i int, room string) {
	s.ask(i, "chat_join", map[string]any{"room": room, "wait": "0s"})
}

func (s stage) SayLine(_ time.Time, i int, room, text string) {
	s.ask(i, "chat_send", map[string]any{"room": room, "text": text})
}

func (s stage) Publish(_ time.Time, i int, topic, text string) {
	s.ask(i, "gossip_publish", map[string]any{"topic": topic, "data": []byte(text)})
}

// ask calls a node beside the play; a failure ends the play.
func (s stage) ask(i int, method string, params any) {
	m := s.d.members[i]
	s.d.run(func() {
		if err := m.call(s.d.ctx, method, params, nil); err != nil && m.isAlive() && s.d.ctx.Err() == nil {
			s.d.fail(fmt.Errorf("%s: %s: %w", m.name, method, err))
		}
	})
}

func (s stage) Subscribe(_ time.Time, i int, topic string) {
	m := s.d.members[i]
	s.d.run(func() {
		if err := m.follow(s.d.ctx, topic); err != nil && m.isAlive() && s.d.ctx.Err() == nil {
			s.d.fail(fmt.Errorf("%s: subscribe: %w", m.name, err))
		}
	})
}

func (s stage) Count(i int, room, text string) int {
	return s.d.members[i].saw(place{name: room, text: text}).count
}

func (s stage) Arrival(i int, room, text string) (time.Time, bool) {
	v := s.d.members[i].saw(place{name: room, text: text})
	return v.at, v.count > 0
}

func (s stage) Received(i int, topic, text string) int {
	return s.d.members[i].saw(place{true, topic, text}).count
}

func (s stage) ReceivedAt(i int, topic, text string) (time.Time, bool) {
	v := s.d.members[i].saw(place{true, topic, text})
	return v.at, v.count > 0
}

// Script.Check keeps scripts that need these away from a devnet.

func (s stage) Partition(time.Time, []int, []int) { s.d.fail(errOnlySim) }
func (s stage) Heal(time.Time)                    { s.d.fail(errOnlySim) }
func (s stage) Weather(time.Time, time.Duration, time.Duration, float64) {
	s.d.fail(errOnlySim)
}
