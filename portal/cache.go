package portal

// cache keeps values that were checked, the most recent ones, up to a number of bytes.
// Owner: Overlay. max < 0 keeps none.
type cache struct {
	max, bytes int
	items      *recent[string, []byte] // by key: two keys may belong at one point
}

// cacheItems bounds the number of items beside their bytes.
const cacheItems = 4096

func (c *cache) get(key []byte) ([]byte, bool) {
	if c.items == nil {
		return nil, false
	}
	return c.items.get(string(key))
}

// put keeps a value, unless it is more than a quarter of all there is room for.
func (c *cache) put(key []byte, value []byte) {
	if len(value) > c.max/4 {
		return
	}
	if c.items == nil {
		c.items = newRecent[string, []byte](cacheItems)
		c.items.gone = func(_ string, v []byte) { c.bytes -= len(v) }
	}
	c.drop(key)
	c.items.put(string(key), value)
	c.bytes += len(value)
	for c.bytes > c.max {
		k, _, _ := c.items.oldest()
		c.items.remove(k)
	}
}

func (c *cache) drop(key []byte) {
	if c.items != nil {
		c.items.remove(string(key))
	}
}
