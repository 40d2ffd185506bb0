package client

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/ropewalk/ropewalk"
)

// chunkBytesMax bounds a chunk; the node's have 1 MiB.
const chunkBytesMax = 8 << 20

// Put sends a file as it is and returns when the node has it on disk and has offered it
// to others. size is -1 when it is not known.
func (c *Client) Put(ctx context.Context, r io.Reader, size int64, network string) (out ropewalk.PutResult, err error) {
	res, err := c.file(ctx, http.MethodPut, "/content/", r, size, url.Values{"network": {network}})
	if err != nil {
		return out, err
	}
	defer res.Body.Close()
	if err := json.NewDecoder(io.LimitReader(res.Body, answerBytesMax)).Decode(&out); err != nil {
		return out, fmt.Errorf("client: put: %w", err)
	}
	return out, nil
}

// Get opens a file. Reading fails, rather than end early, when the node cannot bring all
// of it. The caller closes it.
func (c *Client) Get(ctx context.Context, which ropewalk.ContentID, network string) (io.ReadCloser, int64, error) {
	res, err := c.file(ctx, http.MethodGet, "/content/"+which.String(), nil, 0, url.Values{"network": {network}})
	if err != nil {
		return nil, 0, err
	}
	return res.Body, res.ContentLength, nil
}

// Chunk is one chunk of a file.
func (c *Client) Chunk(ctx context.Context, which ropewalk.ContentID, network string) ([]byte, error) {
	res, err := c.file(ctx, http.MethodGet, "/content/"+which.String(), nil, 0, url.Values{"network": {network}, "chunk": {""}})
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	out, err := io.ReadAll(io.LimitReader(res.Body, chunkBytesMax))
	if err != nil {
		return nil, c.wrap("get", err)
	}
	return out, nil
}

// file makes a request about a file; what the node refuses is an *Error.
func (c *Client) file(ctx context.Context, verb, path string, body io.Reader, size int64, query url.Values) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, verb, c.end.URL+path+"?"+query.Encode(), body)
	if err != nil {
		return nil, fmt.Errorf("client: %s: %w", path, err)
	}
	if body != nil {
		req.ContentLength = size
		req.Header.Set("Content-Type", "application/octet-stream")
	}
	req.Header.Set("Authorization", "Bearer "+c.end.Token)
	res, err := c.http.Do(req)
	if err != nil {
		return nil, c.wrap(path, err)
	}
	if res.StatusCode == http.StatusOK {
		return res, nil
	}
	defer res.Body.Close()
	var a answer
	if err := json.NewDecoder(io.LimitReader(res.Body, 1<<20)).Decode(&a); err != nil || a.Error == nil {
		return nil, fmt.Errorf("client: %s: HTTP %s", path, res.Status)
	}
	return nil, a.Error
}
