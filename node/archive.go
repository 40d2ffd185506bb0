package node

import (
	"time"

	"github.com/ropewalk/ropewalk/chat"
	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/content/blob"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/portal"
)

// shelves are a network of blobs as chat's archive sees it. What is asked of it here is
// answered in a later turn.
type shelves struct {
	n       *Node
	network string
}

// turned is what a call down to a network of content returned.
type turned struct {
	o    *portal.Overlay
	news portal.News
}

func (s shelves) ask(do func(o *portal.Overlay, at func(chat.PageID) []byte) portal.News) {
	if o := s.n.overlayOf(portal.Owner(s.network)); o != nil {
		news := do(o, func(p chat.PageID) []byte { return blob.Key{Kind: blob.Chunk, Hash: p}.Bytes() })
		s.n.turned = append(s.n.turned, turned{o, news})
	}
}

func (s shelves) Put(now time.Time, t id.Ticket, page []byte) {
	s.ask(func(o *portal.Overlay, _ func(chat.PageID) []byte) portal.News {
		return o.Put(now, t, blob.KeyOf(blob.Chunk, page).Bytes(), page, content.Durable)
	})
}

func (s shelves) Get(now time.Time, t id.Ticket, page chat.PageID) {
	s.ask(func(o *portal.Overlay, at func(chat.PageID) []byte) portal.News {
		return o.Get(now, t, at(page), false)
	})
}

// Drop asks with a ticket that nobody waits for.
func (s shelves) Drop(now time.Time, page chat.PageID) {
	s.ask(func(o *portal.Overlay, at func(chat.PageID) []byte) portal.News {
		return o.Drop(now, id.Ticket{Owner: ownChat}, at(page))
	})
}

// FlushChat puts what chat has not archived yet; the answer comes when that is done or
// cannot be.
func (n *Node) FlushChat(now time.Time, t id.Ticket) {
	n.begin(now)
	n.chatNews(n.chat.Flush(now, t))
	n.settle()
}
