package portal

import (
	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/portal/wire"
	"github.com/ropewalk/ropewalk/trace"
)

// Config is useful when zero, but for Self, Network and Record.
type Config struct {
	Self    id.ID
	Network content.Network
	Record  *enr.Record
	// Chain is the network's chain; zero means 1, Ethereum's main network.
	Chain uint64
	// Localnet lets loopback and private addresses into the table.
	Localnet bool
	// Radius is what we take in at first; the store's answers change it.
	Radius content.Distance
	// Client is what we say of ourselves in pings, at most 200 bytes; empty tells nothing.
	Client string
	// Replicas is how many nodes a Put tries to reach; zero means 3.
	Replicas int
	// Paths is how many disjoint paths a content lookup takes; zero means 4.
	Paths int
	// CacheBytes bounds the values kept in memory; zero means CacheBytesDefault, less than
	// zero none.
	CacheBytes int
	// Bootnodes are the first to be asked.
	Bootnodes []*enr.Record
	// Decode reads and verifies a record, in a job. Nil means enr.Decode. A simulator that
	// meets one record a thousand times may remember it here.
	Decode func([]byte) (*enr.Record, error)
	Trace  trace.Func
}

func (c *Config) fill() {
	if c.Chain == 0 {
		c.Chain = wire.Mainnet
	}
	if c.Replicas <= 0 {
		c.Replicas = replicasDefault
	}
	if c.Paths <= 0 {
		c.Paths = pathsDefault
	}
	if c.CacheBytes == 0 {
		c.CacheBytes = CacheBytesDefault
	}
	if c.Network.KeyMax <= 0 || c.Network.KeyMax > wire.KeyBytesMax {
		c.Network.KeyMax = wire.KeyBytesMax
	}
	if c.Network.ValueMax <= 0 {
		c.Network.ValueMax = content.ValueMaxDefault
	}
	if len(c.Network.Pings) == 0 {
		c.Network.Pings = []uint16{wire.TypeClient, wire.TypeRadius, wire.TypeHistory}
	}
	if c.Decode == nil {
		c.Decode = enr.Decode
	}
	c.Client = c.Client[:min(len(c.Client), wire.InfoMax)]
}
