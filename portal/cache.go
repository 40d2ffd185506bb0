package portal

import "github.com/ropewalk/ropewalk/id"

// cache keeps values that were checked, the most recent ones, up to a number of bytes.
// Owner: Overlay. max < 0 keeps none.
type cache struct {
	max, bytes int
	items      *recent[id.ID, []byte]
}

// cacheItems bounds the number of items beside their bytes.
const cacheItems = 4096

func (c *cache) get(point id.ID) ([]byte, bool) {
	if c.items == nil {
		return nil, false
	}
	return c.items.get(point)
}

// put keeps a value, unless it is more than a quarter of all there is room for.
func (c *cache) put(point id.ID, value []byte) {
	if len(value) > c.max/4 {
		return
	}
	if c.items == nil {
		c.items = newRecent[id.ID, []byte](cacheItems)
		c.items.gone = func(_ id.ID, v []byte) { c.bytes -= len(v) }
	}
	c.drop(point)
	c.items.put(point, value)
	c.bytes += len(value)
	for c.bytes > c.max {
		k, _, _ := c.items.oldest()
		c.items.remove(k)
	}
}

func (c *cache) drop(point id.ID) {
	if c.items != nil {
		c.items.remove(point)
	}
}
