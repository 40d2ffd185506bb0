package config

import "strings"

// foreign are DarkFi's keys that stand for nothing here, in [session] or in its own
// [net], and what does their work.
var foreign = []struct{ name, here string }{
	{"active_profiles", "what is listened on is what is spoken: listen.libp2p, listen.rlpx"},
	{"allowed_transports", "what is listened on is what is spoken: listen.libp2p, listen.rlpx"},
	{"app_name", "networks are told apart by node.network"},
	{"app_version", "nodes tell each other's version by their protocols; node.agent is shown"},
	{"channel_handshake_timeout", "session.dial_timeout bounds the whole of a dial, its handshake included"},
	{"disable_greys", "one slot explores; session.known_percent says how many do not"},
	{"getaddrs_max", "as many are asked for as an answer may hold, 250"},
	{"gold_connect_count", "up to two slots are for anchors"},
	{"hostlist", "the host book is the file hosts of node.data; `ropewalk hosts import` reads a list of DarkFi's"},
	{"i2p_socks5_proxy", `session.proxy, with session.mixed = ["i2p"]`},
	{"magic_bytes", "networks are told apart by node.network"},
	{"mixed_profiles", "session.mixed says what goes through session.proxy"},
	{"mixed_transports", "session.mixed says what goes through session.proxy"},
	{"nym_socks5_proxy", "session.proxy"},
	{"outbound_peer_discovery_attempt_time", "peers are asked after 1 s, doubled up to 30 s"},
	{"outbound_peer_discovery_cooloff_time", "seeds are asked at most every 30 s, growing to 10 min"},
	{"profiles", "listen.libp2p and listen.rlpx; one session.dial_timeout for all"},
	{"time_with_no_connections", "probes pause after 30 s without a peer"},
}

// foreignTable is the table that DarkFi's programs keep these keys in.
const foreignTable = "net"

// instead says what does the work of a key of DarkFi's; "" for no such key.
func instead(path []string) string {
	if len(path) != 2 || path[0] != "session" && path[0] != foreignTable {
		return ""
	}
	for _, f := range foreign {
		if f.name == path[1] {
			return f.here
		}
	}
	if path[0] == foreignTable && path[1] == "inbound" {
		return "listen.libp2p and listen.rlpx"
	}
	return ""
}

// ours is a path in our own table.
func ours(path []string) []string {
	if len(path) > 1 && path[0] == foreignTable {
		return append([]string{"session"}, path[1:]...)
	}
	return path
}

// nearOld names the key whose old name a path is a slip or two away from.
func nearOld(path []string) string {
	for i := range keys {
		for _, old := range keys[i].Old {
			if distance(strings.Join(path, "."), old) <= slipsMax {
				return keys[i].Path
			}
		}
	}
	return ""
}

// adopt lets a key be read under DarkFi's table too: its old names, and its own where
// DarkFi has the same.
func (k *Key) adopt() {
	var more []string
	for _, old := range k.Old {
		if leaf, ok := strings.CutPrefix(old, "session."); ok {
			more = append(more, foreignTable+"."+leaf)
		}
	}
	switch k.Path {
	case "session.peers", "session.seeds", "session.ban_policy":
		more = append(more, foreignTable+"."+k.leaf())
	}
	k.Old = append(k.Old, more...)
}

// adopted tells whether a path leads to names that keys are known under elsewhere.
func (k *Key) adopted(path []string) bool {
	prefix := strings.Join(path, ".") + "."
	for _, old := range k.Old {
		if strings.HasPrefix(old, prefix) {
			return true
		}
	}
	return false
}
