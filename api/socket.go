package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/coder/websocket"
)

// socket is one WebSocket: a reader that executes calls in order, and a writer.
// Whatever is for the remote goes through out. Subscriptions wait for room in it,
// so a remote that does not read makes them wait, and what they miss meanwhile is
// dropped and counted where it is made; answers wait too, which stops the reader.
type socket struct {
	s    *Server
	conn *websocket.Conn
	ctx  context.Context // ends with the socket; subscriptions hang on it
	out  chan []byte
	wg   sync.WaitGroup // the writer and the subscriptions' pumps

	// begun are pumps to start once the answer that names their subscription is on
	// its way, so that nobody gets an item of a subscription he does not know yet.
	// The reader's own.
	begun []func()

	mu   sync.Mutex
	subs map[string]*subscription
	last uint64 // number of the newest subscription
}

// serveSocket is GET /ws. The token comes in the Authorization header, or, since
// browsers cannot set that, in the first message, within authWithin:
// {"method":"auth","params":{"token":"…"}}.
func (s *Server) serveSocket(w http.ResponseWriter, r *http.Request) {
	shown := len(r.Header.Values("Authorization")) > 0
	if shown && !s.authorised(r) {
		refuse(w, http.StatusUnauthorized, codeUnauthorised)
		return
	}
	s.wg.Add(1) // before Shutdown can finish: the handler still counts as a request
	defer s.wg.Done()
	if s.sockets.Add(1) > socketsMax {
		s.sockets.Add(-1)
		refuse(w, http.StatusServiceUnavailable, codeBusy)
		return
	}
	defer s.sockets.Add(-1)
	// The origin was checked by guard; the library checks it once more.
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		return // Accept has answered
	}
	defer conn.CloseNow()
	if !shown && !s.socketAuth(conn) {
		conn.Close(websocket.StatusPolicyViolation, kinds[codeUnauthorised])
		return
	}
	conn.SetReadLimit(bodyBytesMax)
	s.runSocket(conn)
}

// socketAuth reads the first message and tells whether it showed the token.
func (s *Server) socketAuth(conn *websocket.Conn) bool {
	late := time.AfterFunc(authWithin, func() {
		conn.Close(websocket.StatusPolicyViolation, kinds[codeUnauthorised]) // ends the Read below
	})
	defer late.Stop()
	conn.SetReadLimit(authBytesMax)
	_, raw, err := conn.Read(s.ctx)
	if err != nil || checkText(raw) != nil {
		return false
	}
	var first struct {
		ID     json.RawMessage `json:"id"`
		Method string          `json:"method"`
		Params struct {
			Token string `json:"token"`
		} `json:"params"`
	}
	if json.Unmarshal(raw, &first) != nil || first.Method != "auth" || !s.isToken(first.Params.Token) {
		return false
	}
	if first.ID == nil {
		return true
	}
	body := encode(answer{Version: "2.0", ID: first.ID, Result: encode(done)})
	return conn.Write(s.ctx, websocket.MessageText, body) == nil
}

// runSocket serves an authorised WebSocket until either end has had enough.
func (s *Server) runSocket(conn *websocket.Conn) {
	ctx, stop := context.WithCancel(s.ctx)
	c := &socket{s: s, conn: conn, ctx: ctx, out: make(chan []byte, outboxMax), subs: make(map[string]*subscription)}
	c.wg.Go(c.write)
	c.read()
	stop()
	conn.CloseNow()
	c.wg.Wait()
	c.endAll()
}

// read executes what comes, one body after another, in order.
func (c *socket) read() {
	for {
		kind, raw, err := c.conn.Read(c.ctx)
		if err != nil {
			return
		}
		if kind != websocket.MessageText {
			c.conn.Close(websocket.StatusUnsupportedData, "text only")
			return
		}
		if !c.s.enter(c.ctx, callWithin) {
			c.send(encode(answerError(nil, errorOf(codeBusy, ""))))
			continue
		}
		out := c.s.execute(c.ctx, c, raw)
		c.s.leave()
		if out != nil && !c.send(out) {
			return
		}
		for _, start := range c.begun {
			start()
		}
		c.begun = nil
	}
}

// write sends what is in out. It has no deadline of its own: a reader that
// pauses is waited for, at the price of outboxMax messages.
func (c *socket) write() {
	for {
		select {
		case body := <-c.out:
			if c.conn.Write(c.ctx, websocket.MessageText, body) != nil {
				c.conn.CloseNow() // ends read as well
				return
			}
		case <-c.ctx.Done():
			return
		}
	}
}

// send hands a message to the writer, waiting for room; false when the socket ends.
func (c *socket) send(body []byte) bool {
	select {
	case c.out <- body:
		return true
	case <-c.ctx.Done():
		return false
	}
}

// subscription is one stream flowing into one socket.
type subscription struct {
	id        string
	namespace string // node, gossip or chat
	end       func()
}

// claim takes a place among the subscriptions; unclaim gives it back.
func (c *socket) claim() error {
	c.mu.Lock()
	mine := len(c.subs)
	c.mu.Unlock()
	if mine >= subsPerConnMax || c.s.subs.Add(1) > subsMax {
		if mine < subsPerConnMax {
			c.s.subs.Add(-1)
		}
		return errorOf(codeTooManySubs, "")
	}
	return nil
}

// flow registers a subscription, whose name it returns, and has its pump started
// after the answer. The name is unique within the socket. stop ends the context
// that the stream was made with.
func flow[T any](ctx context.Context, stop context.CancelFunc, c *socket, namespace string, from stream[T]) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.last++
	sub := &subscription{id: strconv.FormatUint(c.last, 10), namespace: namespace}
	sub.end = sync.OnceFunc(func() {
		stop()
		from.Close()
		c.s.subs.Add(-1)
	})
	c.subs[sub.id] = sub
	c.begun = append(c.begun, func() { c.wg.Go(func() { pump(ctx, c, sub, from) }) })
	return sub.id
}

// pump carries a stream's items into the socket until either ends, and says so
// when some were lost or the stream ended.
func pump[T any](ctx context.Context, c *socket, sub *subscription, from stream[T]) {
	defer c.drop(sub)
	lost := from.Lagged()
	for {
		select {
		case <-ctx.Done():
			return
		case item, open := <-from.C():
			if n := from.Lagged(); n > lost {
				c.note(ctx, "lagged", map[string]any{"subscription": sub.id, "lost": n - lost})
				lost = n
			}
			if !open {
				c.note(ctx, "ended", map[string]any{"subscription": sub.id})
				return
			}
			c.note(ctx, sub.namespace+"_subscription", map[string]any{"subscription": sub.id, "result": item})
		}
	}
}

// note sends one notification, waiting for room while the subscription lives.
func (c *socket) note(ctx context.Context, method string, params any) {
	body, err := encodeNotification(method, params)
	if err != nil {
		c.s.log.Error("notification does not encode", "method", method, "err", err)
		return
	}
	select {
	case c.out <- body:
	case <-ctx.Done():
	}
}

// drop forgets a subscription.
func (c *socket) drop(sub *subscription) {
	c.mu.Lock()
	delete(c.subs, sub.id)
	c.mu.Unlock()
	sub.end()
}

// endAll ends what is left when the socket is gone.
func (c *socket) endAll() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, sub := range c.subs {
		sub.end()
	}
	clear(c.subs)
}

func (c *socket) nodeEvents(_ context.Context, a *args) (any, error) {
	strands := a.names("strands", strandsMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	if err := c.claim(); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(c.ctx)
	return flow(ctx, stop, c, "node", c.s.streams.events(ctx, strands)), nil
}

func (c *socket) gossipSubscribe(_ context.Context, a *args) (any, error) {
	topic := a.text("topic", topicBytesMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	if err := c.claim(); err != nil {
		return nil, err
	}
	// The context is the subscription's life, so the call's deadline is kept apart.
	ctx, stop := context.WithCancel(c.ctx)
	late := time.AfterFunc(callWithin, stop)
	from, err := c.s.streams.messages(ctx, topic)
	late.Stop()
	if err != nil {
		stop()
		c.s.subs.Add(-1)
		return nil, err
	}
	return flow(ctx, stop, c, "gossip", from), nil
}

func (c *socket) chatSubscribe(_ context.Context, a *args) (any, error) {
	room := a.optText("room", topicBytesMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	if err := c.claim(); err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(c.ctx)
	return flow(ctx, stop, c, "chat", c.s.streams.lines(ctx, room)), nil
}

// unsubscribe ends a subscription of this socket. Items already on their way may
// still arrive after the answer.
func (c *socket) unsubscribe(_ context.Context, a *args) (any, error) {
	name := a.text("subscription", requestIDMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	sub := c.subs[name]
	c.mu.Unlock()
	if sub == nil {
		return nil, errorOf(codeNoSubscription, "")
	}
	c.drop(sub)
	return done, nil
}
