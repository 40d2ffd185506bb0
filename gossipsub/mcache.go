package gossipsub

import (
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// entry is a cached message: what IWANT is answered with.
type entry struct {
	topic  string
	id     string
	frame  []byte    // an RPC of this one message, shared with all queues
	beat   uint64    // heartbeat in which it came
	until  time.Time // when it stops being worth sending; zero: with the cache
	served []serving
	stamp  uint64 // call in which it was last asked for
}

// serving counts how often a peer fetched an entry. It is keyed by identity, so
// that reconnecting does not start a new count.
type serving struct {
	peer id.ID
	n    uint8
}

// mcache keeps messages for a number of heartbeats, in the order in which they
// came, so that the oldest is always at the head of its lists. Shifting the
// windows costs what leaves the cache and nothing else.
type mcache struct {
	length   uint64 // heartbeats
	bytesMax int
	byID     map[string]*entry
	all      queue[*entry]
	topics   map[string]*queue[*entry]
	bytes    int
}

// entryCharge is about what an entry costs beside its frame, topic and ID.
const entryCharge = 200

// servingCharge is what it costs to know that a peer fetched an entry.
const servingCharge = 40

// stale tells whether a message is too old to be sent to anybody.
func (e *entry) stale(now time.Time) bool { return !e.until.IsZero() && !now.Before(e.until) }

func (e *entry) size() int {
	return entryCharge + len(e.frame) + len(e.topic) + len(e.id) + servingCharge*len(e.served)
}

// put caches a message. An ID that is cached for another topic stays as it is,
// because IWANT names no topic. A zero until means as long as the cache keeps it.
func (c *mcache) put(topic, id string, frame []byte, beat uint64, until time.Time) {
	if _, ok := c.byID[id]; ok {
		return
	}
	e := &entry{topic: topic, id: id, frame: frame, beat: beat, until: until}
	if c.byID == nil {
		c.byID, c.topics = make(map[string]*entry), make(map[string]*queue[*entry])
	}
	c.byID[id] = e
	q := c.topics[topic]
	if q == nil {
		q = &queue[*entry]{}
		c.topics[topic] = q
	}
	q.push(e)
	c.all.push(e)
	for c.bytes += e.size(); c.bytes > c.bytesMax; {
		c.drop()
	}
}

func (c *mcache) get(id []byte) *entry { return c.byID[string(id)] }

// shift drops what is older than the cache's length when beat begins, but no more
// than most messages at a time. It tells whether it is done.
func (c *mcache) shift(beat uint64, most int) bool {
	for n := 0; c.all.len() > 0 && c.all.at(0).beat+c.length <= beat; n++ {
		if n == most {
			return false
		}
		c.drop()
	}
	return true
}

// holds tells whether there is any message of a topic.
func (c *mcache) holds(topic string) bool { return c.topics[topic] != nil }

func (c *mcache) drop() {
	e := c.all.pop()
	delete(c.byID, e.id)
	q := c.topics[e.topic]
	q.pop() // the topic's oldest is the oldest of all
	if q.len() == 0 {
		delete(c.topics, e.topic)
	}
	if c.bytes -= e.size(); c.all.len() == 0 {
		c.byID, c.topics = nil, nil // maps never shrink by themselves
	}
}

// recent lists the IDs of a topic that came in the window heartbeats before beat.
// Messages of late bytes and more are left out in the first of these, if there is
// another: they are still on their way through the meshes, and who heard of one now
// would ask for one more copy. Zero means none are left out. Stale ones are.
func (c *mcache) recent(now time.Time, topic string, beat uint64, window, late int) (ids []string) {
	q := c.topics[topic]
	if q == nil {
		return nil
	}
	i := q.len()
	for i > 0 && q.at(i-1).beat+uint64(window) >= beat {
		i--
	}
	for ; i < q.len(); i++ {
		e := q.at(i)
		if e.stale(now) {
			continue
		}
		if late == 0 || len(e.frame) < late || e.beat+1 < beat || window < 2 {
			ids = append(ids, e.id)
		}
	}
	return ids
}

// serve counts a request for an entry of the cache and tells whether it may be
// answered. What is remembered of it is charged to the cache.
func (c *mcache) serve(e *entry, p id.ID, most int) bool {
	for i := range e.served {
		if s := &e.served[i]; s.peer == p {
			if int(s.n) >= most {
				return false
			}
			s.n++
			return true
		}
	}
	e.served = append(e.served, serving{p, 1})
	for c.bytes += servingCharge; c.bytes > c.bytesMax; {
		c.drop()
	}
	return true
}

// unserve takes back the count of an answer that was not sent.
func (e *entry) unserve(p id.ID) {
	for i := range e.served {
		if s := &e.served[i]; s.peer == p && s.n > 0 {
			s.n--
		}
	}
}
