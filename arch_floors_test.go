package ropewalk_test

// This file is the house as data: which package stands on which floor, and what is
// refused where, each with its reason. arch_check_test.go reads it; ARCHITECTURE.md
// tells it to people, and the test compares the two.

// kind says what rules a package lives under.
type kind string

const (
	ground  kind = "ground"
	value   kind = "value"
	strand  kind = "strand"
	edge    kind = "edge"
	knot    kind = "knot"
	world   kind = "world"
	surface kind = "surface"
	program kind = "program"
)

// home is where a package stands.
type home struct {
	path  string // below the module; "" is the root
	floor int
	kind  kind
	also  []string // packages it may import beyond its kind's rule
	why   string   // of also
}

// homes is in the order of floors; on the ground floor a package may import only
// those before it.
var homes = []home{
	{path: "internal/ordered", floor: 0, kind: ground},
	{path: "internal/plain", floor: 0, kind: ground},
	{path: "internal/rlp", floor: 0, kind: ground},
	{path: "internal/ssz", floor: 0, kind: ground},
	{path: "id", floor: 0, kind: ground},
	{path: "enr", floor: 0, kind: ground},
	{path: "link", floor: 0, kind: ground},
	{path: "envelope", floor: 0, kind: ground},
	{path: "work", floor: 0, kind: ground},
	{path: "trace", floor: 0, kind: ground},

	{path: "content", floor: 1, kind: value},
	{path: "content/blob", floor: 1, kind: value, also: []string{"content"}, why: "a network is told in its parent's words"},
	{path: "content/history", floor: 1, kind: value, also: []string{"content"}, why: "a network is told in its parent's words"},
	{path: "content/generic", floor: 1, kind: value, also: []string{"content"}, why: "a network is told in its parent's words"},
	{path: "dnslist", floor: 1, kind: value},
	{path: "hosts", floor: 1, kind: value},
	{path: "kad", floor: 1, kind: value},
	{path: "outage", floor: 1, kind: value},
	{path: "scenario", floor: 1, kind: value},
	{path: "vote", floor: 1, kind: value},

	{path: "portal/wire", floor: 2, kind: strand},
	{path: "gossipsub/rpc", floor: 2, kind: strand},
	{path: "gossipsub/score", floor: 2, kind: strand},
	{path: "gossipsub/gater", floor: 2, kind: strand},
	{path: "peer", floor: 2, kind: strand},
	{path: "pulse", floor: 2, kind: strand},
	{path: "session", floor: 2, kind: strand},
	{path: "pex", floor: 2, kind: strand},
	{path: "gossipsub", floor: 2, kind: strand},
	{path: "portal", floor: 2, kind: strand},
	{path: "chat", floor: 2, kind: strand},
	{path: "utp", floor: 2, kind: strand},
	{path: "discv5", floor: 2, kind: strand},
	{path: "discv5/wire", floor: 2, kind: strand},

	{path: "peer/msgrw", floor: 2, kind: edge, also: []string{"peer"},
		why: "it makes protocols that block from the handler of package peer, so that strands need not"},

	{path: "content/headers", floor: 2, kind: edge},
	{path: "link/mem", floor: 2, kind: edge},
	{path: "link/libp2p", floor: 2, kind: edge},
	{path: "link/rlpx", floor: 2, kind: edge},
	{path: "link/linktest", floor: 2, kind: edge},
	{path: "link/socks", floor: 2, kind: edge},
	{path: "link/sockstest", floor: 2, kind: edge},
	{path: "nat", floor: 2, kind: edge},
	{path: "scope", floor: 2, kind: edge},
	{path: "udp", floor: 2, kind: edge},
	{path: "dnslist/listtest", floor: 2, kind: edge},
	{path: "content/store", floor: 2, kind: edge},

	{path: "node", floor: 3, kind: knot},

	{path: "", floor: 4, kind: world},
	{path: "sim", floor: 4, kind: world, also: []string{"content/store"},
		why: "its store in memory has no goroutine and no clock, so a run with it repeats; links the simulator models itself"},
	{path: "sim/eclipse", floor: 4, kind: world},

	{path: "dash", floor: 5, kind: surface},
	{path: "config", floor: 5, kind: surface},
	{path: "api/client", floor: 5, kind: surface},
	{path: "api", floor: 5, kind: surface, also: []string{"dash"}, why: "the page is served on the API's port"},
	{path: "devnet", floor: 5, kind: surface, also: []string{"api", "api/client", "dash"},
		why: "it starts nodes with their API and dashboard, and talks to child processes as a client does"},

	{path: "cmd/ropewalk", floor: 6, kind: program},
	{path: "examples/chat", floor: 6, kind: program},
	{path: "examples/echo", floor: 6, kind: program},
	{path: "examples/memory", floor: 6, kind: program},
	{path: "examples/orders", floor: 6, kind: program},
	{path: "examples/overlay", floor: 6, kind: program},
}

// rule says what the packages of a kind may import of this module.
type rule struct {
	kinds []kind   // whole kinds, of any package
	also  []string // single packages
	why   string
}

var rules = map[kind]rule{
	ground: {why: "the ground floor imports only the ground packages before it in the list"},
	value:  {kinds: []kind{ground}, why: "values know only the ground"},
	strand: {kinds: []kind{ground, value}, also: nil,
		why: "strands never see each other or a world: what one needs it states as an interface and node ties it (a subpackage holds its parent's words)"},
	edge:    {kinds: []kind{ground, value}, why: "edges know no strand, so a link kind can be changed without one"},
	knot:    {kinds: []kind{ground, value, strand}, why: "the knot is pure too: no edge, no world"},
	world:   {kinds: []kind{ground, value, strand, edge, knot}, why: "a world uses everything below and no other world"},
	surface: {kinds: []kind{ground}, also: []string{"", "scenario"}, why: "surfaces use the public face only, so it is enough for everybody"},
	program: {kinds: []kind{ground, value, strand, edge, knot, world, surface}},
}

// pure are the kinds without goroutines, channels, clocks and order of chance.
func (k kind) pure() bool { return k == ground || k == value || k == strand || k == knot }

// ban refuses an import. A path that ends in / covers everything below it.
type ban struct {
	paths  []string
	where  func(home) bool
	except []string // import paths
	why    string
}

func pureHome(h home) bool { return h.kind.pure() }
func notEdgeLibp2p(h home) bool {
	return h.path != "link/libp2p"
}
func anyHome(home) bool { return true }

var bans = []ban{
	{paths: []string{"net", "net/"}, where: pureHome, except: []string{"net/netip"}, why: "pure code opens no sockets and resolves no names; addresses are netip"},
	{paths: []string{"os", "os/", "io/ioutil", "syscall", "golang.org/x/sys/"}, where: pureHome, why: "pure code touches no files or processes; a work.Save leaves instead"},
	{paths: []string{"sync", "sync/"}, where: pureHome, why: "one loop owns a node; a lock would hide that somebody else touches it"},
	{paths: []string{"context"}, where: pureHome, why: "nothing in pure code blocks, so nothing can be cancelled; a context also carries a clock"},
	{paths: []string{"runtime", "runtime/"}, where: pureHome, why: "the machine's state must not decide anything in a run that replays"},
	{paths: []string{"crypto/rand"}, where: pureHome, why: "secrets are drawn from a reader the world hands in, so a run replays"},
	{paths: []string{"math/rand"}, where: anyHome, why: "the first version shares one hidden source; use math/rand/v2 with a *rand.Rand that was handed in"},
	{paths: []string{"log", "log/"}, where: pureHome, why: "strands report events (trace), worlds log them"},
	{paths: []string{"unsafe", "C"}, where: pureHome, why: "decoders of strangers' bytes stay memory-safe"},
	{paths: []string{"github.com/libp2p/", "github.com/quic-go/", "github.com/multiformats/"}, where: notEdgeLibp2p,
		why: "libp2p stays behind link/libp2p: its types anywhere else would make its world ours"},
	{paths: []string{"github.com/ethereum/", "github.com/libp2p/go-libp2p-pubsub"}, where: anyHome,
		why: "they are oracles and rivals in tests, in modules of their own (interop, bench)"},
}

// primitives are the only modules of others that pure packages may import.
var primitives = []struct{ path, why string }{
	{"github.com/decred/dcrd/dcrec/secp256k1/v4", "curve arithmetic is never ours"},
	{"gitlab.com/yawning/secp256k1-voi", "nor is the checking of signatures (decision 0019)"},
	{"golang.org/x/crypto/", "Keccak and HKDF are never ours"},
	{"github.com/dchest/siphash", "keyed hashes are never ours either"},
	{"github.com/mr-tron/base58", "the text form of peer IDs"},
	{"github.com/hashicorp/golang-lru/v2", "bounded caches; its order is that of use, not of a map"},
	{"google.golang.org/protobuf/encoding/protowire", "varints and tags of the wire"},
}

// goModBans are modules that must not stand in the main go.mod, even indirectly.
var goModBans = []struct{ path, why string }{
	{"github.com/ethereum/go-ethereum", "an oracle of interop/ and bench/ only"},
	{"github.com/libp2p/go-libp2p-pubsub", "the rival of our gossipsub; in interop/ and bench/ only"},
}

// impureCalls are functions whose result depends on when or on which machine they
// are called. An empty list of names means every function that is no constructor.
var impureCalls = []struct {
	pkg   string
	names []string
	why   string
}{
	{"time", []string{"Now", "Since", "Until", "After", "AfterFunc", "Tick", "Sleep", "NewTimer", "NewTicker"}, "time is handed in as now"},
	{"maps", []string{"All", "Keys", "Values"}, "they walk a map in an order of chance; use internal/ordered"},
	{"math/rand/v2", nil, "the global source cannot be seeded; use the *rand.Rand that was handed in"},
}

// badNames say nothing about what is inside.
var badNames = []string{"util", "utils", "common", "manager", "managers"}

const (
	fileLinesAsked = 500  // a longer file probably hides a second noun: named as a question
	fileLinesMax   = 1000 // no file is longer
)
