package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
)

// answerBytesMax bounds an answer; the server stops at 25 MiB.
const answerBytesMax = 32 << 20

// ErrClosed is returned for calls on a closed Client.
var ErrClosed = errors.New("client: closed")

// Error is an error object of the API.
type Error struct {
	Code    int            `json:"code"`
	Message string         `json:"message"`
	Data    map[string]any `json:"data,omitempty"`
}

func (e *Error) Error() string { return e.Message }

// Kind is the error in plain words, "too few peers".
func (e *Error) Kind() string {
	kind, _ := e.Data["kind"].(string)
	return kind
}

// Codes that a caller can act on; api has the table of all.
const (
	CodeNoMethod    = -32601
	CodeParams      = -32602
	CodeNotBuilt    = -32001
	CodeNoSuchPeer  = -32002
	CodeNoSuchRoom  = -32003
	CodeBadTarget   = -32005
	CodeTimedOut    = -32009
	CodeTooFewPeers = -32010
	CodeNoContent   = -32018
	CodePartly      = -32019
	CodeNoNetwork   = -32021
	// Of the Portal network's methods.
	CodePortalNotFound = -39001
	CodePortalTraced   = -39002
)

// Client is a connection to one node. Its methods may be called from several
// goroutines.
type Client struct {
	dir  string // for words only
	end  Endpoint
	http *http.Client
	next atomic.Uint64

	mu     sync.Mutex
	socket *socket // nil until the first subscription
	closed bool
}

// Open connects to the node of a data folder.
func Open(dir string) (*Client, error) {
	e, err := ReadEndpoint(dir)
	if err != nil {
		return nil, err
	}
	c := New(e)
	c.dir = dir
	return c, nil
}

// New makes a client of an endpoint. Nothing is sent yet.
func New(e Endpoint) *Client {
	e.URL = strings.TrimSuffix(e.URL, "/")
	t := &http.Transport{MaxIdleConns: 2, IdleConnTimeout: 30 * time.Second, Proxy: nil}
	return &Client{dir: e.URL, end: e, http: &http.Client{Transport: t}}
}

// Endpoint is where the client calls.
func (c *Client) Endpoint() Endpoint { return c.end }

// Close ends every subscription and waits for what the client started.
func (c *Client) Close() error {
	c.mu.Lock()
	s := c.socket
	c.closed, c.socket = true, nil
	c.mu.Unlock()
	if s != nil {
		s.close(ErrClosed)
		<-s.done
	}
	c.http.CloseIdleConnections()
	return nil
}

type request struct {
	Version string `json:"jsonrpc"`
	ID      uint64 `json:"id"`
	Method  string `json:"method"`
	Params  any    `json:"params,omitempty"`
}

type answer struct {
	ID     *uint64         `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  *Error          `json:"error"`
	Method string          `json:"method"` // of a notification
	Params json.RawMessage `json:"params"`
}

// Call calls a method and reads its result into result, which may be nil. An
// error of the node is an *Error; a node that does not answer any more is a
// *NoNodeError.
func (c *Client) Call(ctx context.Context, method string, params, result any) error {
	body, err := json.Marshal(request{"2.0", c.next.Add(1), method, params})
	if err != nil {
		return fmt.Errorf("client: %s: %w", method, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.end.URL+"/rpc", bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("client: %s: %w", method, err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+c.end.Token)
	res, err := c.http.Do(req)
	if err != nil {
		return c.wrap(method, err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(io.LimitReader(res.Body, answerBytesMax+1))
	if err != nil {
		return c.wrap(method, err)
	}
	if len(raw) > answerBytesMax {
		return fmt.Errorf("client: %s: answer above %d bytes", method, answerBytesMax)
	}
	var a answer
	if err := json.Unmarshal(raw, &a); err != nil {
		return fmt.Errorf("client: %s: HTTP %s, and no JSON-RPC in it", method, res.Status)
	}
	return a.into(method, result)
}

func (a *answer) into(method string, result any) error {
	if a.Error != nil {
		return a.Error
	}
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(a.Result, result); err != nil {
		return fmt.Errorf("client: %s: result: %w", method, err)
	}
	return nil
}

// wrap tells a refused connection, which means that nobody is there, from others.
func (c *Client) wrap(method string, err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return &NoNodeError{c.dir, op.Err.Error()}
	}
	return fmt.Errorf("client: %s: %w", method, err)
}

// dial opens the WebSocket of subscriptions, once.
func (c *Client) dial(ctx context.Context) (*socket, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	if c.socket != nil && !c.socket.ended() {
		return c.socket, nil
	}
	url := "ws" + strings.TrimPrefix(c.end.URL, "http") + "/ws"
	conn, res, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		HTTPClient:      c.http,
		HTTPHeader:      http.Header{"Authorization": {"Bearer " + c.end.Token}},
		CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		if res != nil && res.StatusCode == http.StatusUnauthorized {
			return nil, &Error{Message: "token missing or wrong"}
		}
		return nil, c.wrap("ws", err)
	}
	conn.SetReadLimit(answerBytesMax)
	c.socket = newSocket(conn)
	return c.socket, nil
}
