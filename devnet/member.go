package devnet

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/api/client"
	"github.com/ropewalk/ropewalk/id"
)

// member is one node of the net as the devnet knows it: what it asked the node
// over RPC, and what the node told.
type member struct {
	i     int
	name  string
	dir   string
	seed  bool
	every time.Duration // between two looks at it

	mu       sync.Mutex
	alive    bool
	info     ropewalk.Info
	client   *client.Client
	node     running
	sessions []ropewalk.Session
	meshes   map[string]bool // peers in any mesh of ours, by node ID
	seen     map[place]*sighting
	arrival  arrival
	gone     chan struct{} // closed when the last kill is done; nil before the first
	cancel   context.CancelFunc
}

// running is a node at work, in this process or another.
type running interface {
	endpoint() client.Endpoint
	info() ropewalk.Info
	kill()                    // at once, as hard as can be
	stop(time.Duration) error // in order, within bounds
}

// place is where a text stands: a room's or a topic's.
type place struct {
	topic      bool
	name, text string
}

// sighting is how often and when first a node showed a text.
type sighting struct {
	count int
	at    time.Time
	id    string
}

// up takes a launched node in and begins to watch it. It listens before the play
// counts on the node, so that no line is said that nobody notes.
func (m *member) up(ctx context.Context, run func(func()), r running) error {
	ctx, cancel := context.WithCancel(ctx)
	c := client.New(r.endpoint())
	lines, err := c.Subscribe(ctx, "chat_subscribe", struct{}{})
	if err != nil {
		cancel()
		c.Close()
		return err
	}
	info := r.info()
	m.mu.Lock()
	m.alive, m.node, m.client, m.cancel, m.info = true, r, c, cancel, info
	m.sessions, m.meshes, m.arrival = nil, nil, arrival{}
	m.mu.Unlock()
	run(func() { m.poll(ctx, c, r.endpoint()) })
	run(func() { m.hear(ctx, lines, info.ID) })
	return nil
}

// down forgets a node and returns it for its end.
func (m *member) down() running {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.alive {
		return nil
	}
	m.alive = false
	m.cancel()
	m.client.Close()
	m.sessions = nil
	return m.node
}

// awaitGone waits until a node that is being killed is gone.
func (m *member) awaitGone() {
	m.mu.Lock()
	gone := m.gone
	m.mu.Unlock()
	if gone != nil {
		<-gone
	}
}

// poll keeps the member's view of its node's peers fresh.
func (m *member) poll(ctx context.Context, c *client.Client, end client.Endpoint) {
	tick := time.NewTicker(m.every)
	defer tick.Stop()
	for {
		m.pollArrival(ctx, c, end)
		var sessions []ropewalk.Session
		if err := c.Call(ctx, "session_list", struct{}{}, &sessions); err == nil {
			m.mu.Lock()
			m.sessions = sessions
			m.arrival.note(sessions)
			m.mu.Unlock()
		}
		m.pollMeshes(ctx, c)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (m *member) pollMeshes(ctx context.Context, c *client.Client) {
	var topics []ropewalk.TopicInfo
	if c.Call(ctx, "gossip_topics", struct{}{}, &topics) != nil {
		return
	}
	all := map[string]bool{}
	for _, t := range topics {
		var answer struct {
			Mesh []string `json:"mesh"`
		}
		if t.Mesh > 0 && c.Call(ctx, "gossip_mesh", map[string]string{"topic": t.Topic}, &answer) == nil {
			for _, p := range answer.Mesh {
				all[p] = true
			}
		}
	}
	m.mu.Lock()
	m.meshes = all
	m.mu.Unlock()
}

// hear notes every line the node shows.
func (m *member) hear(ctx context.Context, lines *client.Subscription, self id.ID) {
	for {
		raw, err := lines.Next(ctx)
		if err != nil {
			return
		}
		var l ropewalk.ChatLine
		if json.Unmarshal(raw, &l) == nil && l.ID != "" {
			m.sight(place{name: l.Room, text: l.Text}, l.ID, l.AuthorID == self)
		}
	}
}

// follow notes every message of a topic.
func (m *member) follow(ctx context.Context, topic string) error {
	m.mu.Lock()
	c := m.client
	m.mu.Unlock()
	sub, err := c.Subscribe(ctx, "gossip_subscribe", map[string]string{"topic": topic})
	if err != nil {
		return err
	}
	for {
		raw, err := sub.Next(ctx)
		if err != nil {
			return nil // the node or the devnet ends
		}
		var msg ropewalk.Message
		if json.Unmarshal(raw, &msg) == nil {
			m.sight(place{true, topic, string(msg.Data)}, string(msg.ID), false)
		}
	}
}

// sight counts a text. An own line comes up again with every change of state.
func (m *member) sight(p place, id string, own bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.seen[p]
	switch {
	case !ok:
		m.seen[p] = &sighting{count: 1, at: time.Now(), id: id}
	case !own || s.id != id:
		s.count++
	}
}

func (m *member) saw(p place) sighting {
	m.mu.Lock()
	defer m.mu.Unlock()
	if s, ok := m.seen[p]; ok {
		return *s
	}
	return sighting{}
}

func (m *member) nodeID() id.ID {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.info.ID
}

// peers counts the links with the given nodes that are no visits to or by a seed
// and no probes.
func (m *member) peers(among map[id.ID]bool) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	for _, s := range m.sessions {
		if isPeer(s) && among[s.ID] {
			n++
		}
	}
	return n
}

func (m *member) isAlive() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.alive
}

// current is the client of the node as it runs now.
func (m *member) current() *client.Client {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.client
}

// call calls the node's RPC.
func (m *member) call(ctx context.Context, method string, params, result any) error {
	ctx, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	return m.current().Call(ctx, method, params, result)
}
