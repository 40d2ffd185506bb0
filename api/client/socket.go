package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/coder/websocket"
)

// waitingMax is how many items wait for a slow reader of a subscription. After
// that the socket is not read, and the node drops and counts.
const waitingMax = 256

// socket is the WebSocket of a Client: one reader, calls written under a lock.
type socket struct {
	conn *websocket.Conn
	ctx  context.Context // ends with the socket
	stop context.CancelCauseFunc
	done chan struct{} // closed when the reader has ended

	mu      sync.Mutex
	last    uint64
	waiting map[uint64]*pending
	subs    map[string]*Subscription
}

// pending is a call without its answer yet. sub is registered by the reader
// itself, so that no item can overtake the answer that names it.
type pending struct {
	answer chan answer // buffer of 1
	sub    *Subscription
}

func newSocket(conn *websocket.Conn) *socket {
	s := &socket{conn: conn, done: make(chan struct{}), waiting: map[uint64]*pending{}, subs: map[string]*Subscription{}}
	s.ctx, s.stop = context.WithCancelCause(context.Background())
	go s.read() // ends with close
	return s
}

func (s *socket) ended() bool { return s.ctx.Err() != nil }

// close ends the socket for a reason, which subscriptions then report.
func (s *socket) close(why error) {
	s.stop(why)
	s.conn.CloseNow()
}

func (s *socket) read() {
	defer close(s.done)
	for {
		_, raw, err := s.conn.Read(s.ctx)
		if err != nil {
			s.close(fmt.Errorf("client: the node ended the connection: %w", err))
			break
		}
		var a answer
		if err := json.Unmarshal(raw, &a); err != nil {
			s.close(fmt.Errorf("client: the node sent what is no JSON: %w", err))
			break
		}
		if a.ID != nil {
			s.answered(a)
		} else if a.Method != "" {
			s.item(a)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, sub := range s.subs {
		close(sub.items)
	}
	s.subs = nil
}

func (s *socket) answered(a answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.waiting[*a.ID]
	if p == nil {
		return
	}
	delete(s.waiting, *a.ID)
	if p.sub != nil && a.Error == nil {
		if p.sub.id = subscriptionID(a.Result); p.sub.id != "" {
			s.subs[p.sub.id] = p.sub
		}
	}
	p.answer <- a
}

// subscriptionID reads the result of a subscribing call: the ID itself, or an
// object that holds it.
func subscriptionID(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var obj struct {
		Subscription any `json:"subscription"`
	}
	if json.Unmarshal(raw, &obj) == nil && obj.Subscription != nil {
		return fmt.Sprint(obj.Subscription)
	}
	return ""
}

func (s *socket) item(a answer) {
	var p struct {
		Subscription any             `json:"subscription"`
		Result       json.RawMessage `json:"result"`
		Lost         uint64          `json:"lost"`
	}
	if json.Unmarshal(a.Params, &p) != nil || p.Subscription == nil {
		return
	}
	s.mu.Lock()
	sub := s.subs[fmt.Sprint(p.Subscription)]
	s.mu.Unlock()
	switch {
	case sub == nil:
	case a.Method == "ended":
		s.mu.Lock()
		delete(s.subs, sub.id)
		s.mu.Unlock()
		close(sub.items)
	case p.Lost > 0:
		sub.lost.Add(p.Lost)
	case p.Result != nil:
		select {
		case sub.items <- p.Result:
		case <-sub.left:
		case <-s.ctx.Done():
		}
	}
}

// call sends a request over the socket and waits for its answer.
func (s *socket) call(ctx context.Context, method string, params any, sub *Subscription) (answer, error) {
	p := &pending{answer: make(chan answer, 1), sub: sub}
	s.mu.Lock()
	s.last++
	n := s.last
	s.waiting[n] = p
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.waiting, n)
		s.mu.Unlock()
	}()
	body, err := json.Marshal(request{"2.0", n, method, params})
	if err != nil {
		return answer{}, fmt.Errorf("client: %s: %w", method, err)
	}
	if err := s.conn.Write(ctx, websocket.MessageText, body); err != nil {
		return answer{}, fmt.Errorf("client: %s: %w", method, errors.Join(context.Cause(s.ctx), err))
	}
	select {
	case a := <-p.answer:
		return a, nil
	case <-ctx.Done():
		return answer{}, ctx.Err()
	case <-s.ctx.Done():
	}
	select {
	case a := <-p.answer: // it came, and then the socket ended
		return a, nil
	default:
		return answer{}, context.Cause(s.ctx)
	}
}

// namespace of a method: "gossip" of "gossip_subscribe".
func namespace(method string) string {
	ns, _, _ := strings.Cut(method, "_")
	return ns
}
