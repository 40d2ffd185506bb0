package api

import (
	"bytes"
	"context"
	"fmt"

	"github.com/ropewalk/ropewalk"
)

// contentPut keeps data. What is larger than a call may carry is put by PUT /content/.
func (s *Server) contentPut(ctx context.Context, a *args) (any, error) {
	data := a.bytes("data", itemBytesMax)
	network := a.optText("network", requestIDMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	return s.node.PutReader(ctx, bytes.NewReader(data), ropewalk.PutOptions{Network: network, Size: int64(len(data))})
}

// fetch finds the file that a call's parameters name.
func (s *Server) fetch(ctx context.Context, a *args) (*ropewalk.Fetch, error) {
	which := a.content("id")
	network := a.optText("network", requestIDMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	return s.node.Fetch(ctx, which, ropewalk.GetOptions{Network: network})
}

func (s *Server) contentGet(ctx context.Context, a *args) (any, error) {
	f, err := s.fetch(ctx, a)
	if err != nil {
		return nil, err
	}
	if f.Manifest.Size > getBytesMax {
		return nil, errorOf(codeTooLarge, fmt.Sprintf("%d bytes, of which a call carries at most %d: use GET /content/%s", f.Manifest.Size, getBytesMax, f.Manifest.ID))
	}
	var out bytes.Buffer
	if err := f.Stream(ctx, &out); err != nil {
		return nil, err
	}
	return map[string]any{"id": f.Manifest.ID, "data": out.Bytes()}, nil
}

// contentManifest tells what a file consists of.
func (s *Server) contentManifest(ctx context.Context, a *args) (any, error) {
	f, err := s.fetch(ctx, a)
	if err != nil {
		return nil, err
	}
	return f.Manifest, nil
}

func (s *Server) contentList(ctx context.Context, a *args) (any, error) {
	network := a.optText("network", requestIDMax)
	after := a.optContent("after")
	limit := a.number("limit", 1, pageMax, pageDefault)
	if err := a.end(); err != nil {
		return nil, err
	}
	page, err := s.node.ContentList(ctx, network, after, limit)
	page.Items = list(page.Items)
	return page, err
}

func (s *Server) contentStat(ctx context.Context, a *args) (any, error) {
	if err := a.end(); err != nil {
		return nil, err
	}
	all, err := s.node.ContentStat(ctx)
	return map[string]any{"networks": list(all)}, err
}

// contentDrop forgets what we store; others may have it still.
func (s *Server) contentDrop(ctx context.Context, a *args) (any, error) {
	which := a.content("id")
	network := a.optText("network", requestIDMax)
	if err := a.end(); err != nil {
		return nil, err
	}
	return done, s.node.ContentDrop(ctx, which, network)
}
