//go:build !nolibp2p

package headers

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ropewalk/ropewalk/content/history"
)

// Client asks an execution client. Only what is final counts: of a block that may still
// be replaced there is no saying what it holds.
type Client struct {
	url  string
	http *http.Client

	mu      sync.Mutex
	known   map[uint64]history.Header
	order   []uint64  // of known, oldest first from next on, when it is full
	next    int       // the one in order to go
	final   uint64    // the last block that is final
	finalAt time.Time // when we asked
	rest    time.Time // until when nothing is asked
	why     error     // of the rest
}

// NewClient asks at an http or https URL. Nothing is asked yet.
func NewClient(address string) (*Client, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("%w: not an http or https URL", ErrSource) // it may hold a secret
	}
	return &Client{url: address, known: map[uint64]history.Header{}, http: &http.Client{
		Timeout:       answerWithin,
		Transport:     &http.Transport{MaxIdleConns: 4, MaxConnsPerHost: 4, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Close ends connections that are not in use.
func (c *Client) Close() error {
	c.http.CloseIdleConnections()
	return nil
}

// Header asks for a header, unless it is known.
func (c *Client) Header(number uint64) (history.Header, error) {
	now := time.Now()
	c.mu.Lock()
	h, ok := c.known[number]
	rest, why, fresh := now.Before(c.rest), c.why, number <= c.final || now.Sub(c.finalAt) < finalEvery
	final := c.final
	c.mu.Unlock()
	switch {
	case ok:
		return h, nil
	case rest:
		return h, fmt.Errorf("%w: the client is left alone for a while: %w", ErrUnknown, why)
	}
	if !fresh {
		var err error
		if final, err = c.askFinal(now); err != nil {
			return h, err
		}
	}
	if number > final {
		return h, fmt.Errorf("%w: block %d is not final; %d is", ErrUnknown, number, final)
	}
	h, err := c.ask(now, "0x"+strconv.FormatUint(number, 16))
	switch {
	case err != nil:
		return h, err
	case h.Number != number:
		return h, fmt.Errorf("%w: the client gives block %d for %d", ErrSource, h.Number, number)
	}
	c.keep(h)
	return h, nil
}

// askFinal asks which block is the last that is final.
func (c *Client) askFinal(now time.Time) (uint64, error) {
	h, err := c.ask(now, "finalized")
	if err != nil {
		return 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.final, c.finalAt = max(c.final, h.Number), now
	return c.final, nil
}

// keep remembers a header, and forgets the oldest beyond cacheHeaders.
func (c *Client) keep(h history.Header) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.known[h.Number]; ok {
		return
	}
	if len(c.order) < cacheHeaders {
		c.order = append(c.order, h.Number)
	} else {
		delete(c.known, c.order[c.next])
		c.order[c.next] = h.Number
		c.next = (c.next + 1) % cacheHeaders
	}
	c.known[h.Number] = h
}

// ask asks for a block by number or tag. A failure has the client rest.
func (c *Client) ask(now time.Time, block string) (history.Header, error) {
	h, err := c.call(block)
	if err != nil && !errors.Is(err, ErrUnknown) {
		c.mu.Lock()
		c.rest, c.why = now.Add(restFor), err
		c.mu.Unlock()
	}
	return h, err
}

// answer is what eth_getBlockByNumber gives (execution-apis, "Block"), as far as it
// matters here.
type answer struct {
	Result *struct {
		Hash        hash     `json:"hash"`
		Parent      hash     `json:"parentHash"`
		Ommers      hash     `json:"sha3Uncles"`
		Txs         hash     `json:"transactionsRoot"`
		Receipts    hash     `json:"receiptsRoot"`
		Withdrawals *hash    `json:"withdrawalsRoot"`
		Number      quantity `json:"number"`
		Timestamp   quantity `json:"timestamp"`
	} `json:"result"`
	Error *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

func (c *Client) call(block string) (h history.Header, err error) {
	body := fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"eth_getBlockByNumber","params":[%q,false]}`, block)
	resp, err := c.http.Post(c.url, "application/json", strings.NewReader(body))
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the URL, which may hold a secret
		}
		return h, fmt.Errorf("headers: %w", err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, answerMax+1))
	switch {
	case err != nil:
		return h, fmt.Errorf("headers: %w", err)
	case resp.StatusCode != http.StatusOK:
		return h, fmt.Errorf("%w: HTTP status %d", ErrSource, resp.StatusCode)
	case len(text) > answerMax:
		return h, fmt.Errorf("%w: an answer of more than %d bytes", ErrSource, answerMax)
	}
	var a answer
	if err := json.Unmarshal(text, &a); err != nil {
		return h, fmt.Errorf("%w: %w", ErrSource, err)
	}
	switch {
	case a.Error != nil:
		return h, fmt.Errorf("%w: error %d: %.100q", ErrSource, a.Error.Code, a.Error.Message)
	case a.Result == nil:
		return h, fmt.Errorf("%w: block %s", ErrUnknown, block)
	}
	r := a.Result
	if r.Txs.none() || r.Receipts.none() || r.Ommers.none() {
		return h, fmt.Errorf("%w: a block without roots", ErrSource)
	}
	h = history.Header{Hash: history.Hash(r.Hash), Parent: history.Hash(r.Parent), Number: uint64(r.Number), Time: uint64(r.Timestamp),
		Ommers: history.Hash(r.Ommers), Txs: history.Hash(r.Txs), Receipts: history.Hash(r.Receipts)}
	if r.Withdrawals != nil {
		h.Withdrawals, h.HasWithdrawals = history.Hash(*r.Withdrawals), true
	}
	return h, nil
}

// hash and quantity are as execution-apis writes them: 0x and 64 hex digits, 0x and hex
// without leading zeros.
type hash history.Hash

func (h hash) none() bool { return h == hash{} }

func (h *hash) UnmarshalText(text []byte) error {
	digits, ok := bytes.CutPrefix(text, []byte("0x"))
	if !ok || len(digits) != 2*len(h) {
		return fmt.Errorf("%.80q is no hash", text)
	}
	_, err := hex.Decode(h[:], digits)
	return err
}

type quantity uint64

func (q *quantity) UnmarshalText(text []byte) error {
	digits, ok := strings.CutPrefix(string(text), "0x")
	if !ok {
		return fmt.Errorf("%.80q is no quantity", text)
	}
	v, err := strconv.ParseUint(digits, 16, 64)
	*q = quantity(v)
	return err
}
