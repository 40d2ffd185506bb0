package api

import (
	"context"
	"encoding/json"
	"net/http"
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
	conn.SetReadLimit(bodySmall)
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
