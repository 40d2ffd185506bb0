package ropewalk

// profile is a set of budgets.
type profile struct {
	name              string
	outbound, inbound int
	memoryMax         int64 // for libp2p's resource manager
	fds               int
	unread, queued    int64 // bytes of messages: that protocols have not read, that wait to be written
	content           int64 // bytes kept for others
	store             int64 // bytes of memory that the store of content on disk may use
}

var profiles = []profile{
	{name: "light", outbound: 8, inbound: 24, memoryMax: 64 << 20, fds: 256, unread: 16 << 20, queued: 32 << 20, content: 1 << 30, store: 32 << 20},
	{name: "desktop", outbound: 8, inbound: 96, memoryMax: 256 << 20, fds: 1024, unread: 64 << 20, queued: 128 << 20, content: 10 << 30, store: 128 << 20},
	{name: "server", outbound: 12, inbound: 512, memoryMax: 1 << 30, fds: 8192, unread: 256 << 20, queued: 512 << 20, content: 100 << 30, store: 512 << 20},
	// A seed dials nobody by itself and answers everybody.
	{name: "seed", outbound: -1, inbound: 512, memoryMax: 512 << 20, fds: 4096, unread: 64 << 20, queued: 256 << 20, content: 1 << 30, store: 64 << 20},
}

func profileNamed(name string) (profile, bool) {
	for _, p := range profiles {
		if p.name == name {
			return p, true
		}
	}
	return profile{}, false
}
