package gossipsub

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

// steps is how long TestMachine walks.
var steps = flag.Int("steps", 20_000, "steps of TestMachine")

// machine drives one router with a program of inputs: opens and closes of streams,
// well-formed and raw frames, heartbeats, jobs done late and out of order.
type machine struct {
	*rig
	next func() byte // of the program
}

var (
	machineTopics  = []string{"t", "u", "checked", "signed", "foreign"}
	machineStreams = []string{Meshsub12, Meshsub11, Meshsub10, Floodsub}
	strictSign     = StrictSign
	machineConfigs = map[string]TopicConfig{
		"u":       {MessageID: func(m *Message) string { return string(m.Data) }},
		"checked": {Validate: func(m Message) Verdict { return Verdict(len(m.Data) % 3) }},
		"signed":  {Sign: &strictSign},
	}
)

// machinePeers is how many remotes a machine has.
const machinePeers = 5

func newMachine(t testing.TB, next func() byte) *machine {
	g := newRig(t, func(c *Config) {
		c.Params = Params{D: 2, Dlo: 2, Dhi: 3, IDontWantThreshold: 4, SeenTTL: 5 * time.Second, SeenBytes: 64 << 10, OpportunisticGraftTicks: 2, DirectConnectTicks: 3}
		c.Exchange, c.AcceptExchange = true, true
		if next()%4 != 0 {
			judging(c)
			c.Score.IPColocationFactorThreshold, c.Params.FloodPublish = 2, new(true)
		}
	})
	g.late = true
	return &machine{g, next}
}

// step does one input of the program and checks the invariants.
func (m *machine) step() {
	op, arg := m.next()%17, m.next()
	name := fmt.Sprintf("n%d", arg%machinePeers)
	topic := machineTopics[int(arg/machinePeers)%len(machineTopics)]
	switch op {
	case 0:
		m.take(m.r.Up(m.now, m.id(name), Remote{
			PeerID: newAuthor(name).pid, Stream: machineStreams[int(arg/5)%len(machineStreams)], Outbound: arg%2 == 0,
			Envelope: machineInfos()[arg%machinePeers].Record,
		}))
	case 1:
		m.r.Shut(m.now, m.id(name))
	case 2:
		m.r.Down(m.now, m.id(name))
	case 3:
		m.join(topic, machineConfigs[topic])
	case 4:
		m.recv(name, rpc.AppendSub(nil, true, topic))
	case 5:
		m.recv(name, rpc.AppendSub(nil, false, topic))
	case 6:
		m.graft(name, topic)
	case 7:
		m.recv(name, pruneFrame(topic, 1<<(arg%64)-uint64(arg/64)))
	case 8:
		m.recv(name, plain(topic, fmt.Sprint("data", m.next()%8)))
	case 9:
		m.advertise(name, topic)
	case 10:
		m.publish(topic, fmt.Append(nil, "data", m.next()%8))
	case 11:
		m.recv(name, rpc.AppendPublish(nil, newAuthor("a").message("signed", uint64(m.next()%4), []byte{m.next() % 2})))
	case 12:
		m.run(time.Duration(arg) * 40 * time.Millisecond)
	case 13:
		m.finish(int(arg))
	case 14:
		m.control(name, rpc.AppendIDontWant(rpc.AppendIWant(nil, []string{"data1", "data2"}), []string{fmt.Sprint("data", m.next()%4)}))
	case 15:
		raw := make([]byte, arg)
		for i := range raw {
			raw[i] = m.next()
		}
		if news, err := m.r.Recv(m.now, m.id(name), raw); err == nil {
			m.take(news)
		}
	case 16:
		m.turn(name, topic, arg)
	}
	m.check()
	m.said()
}

// advertise has a peer advertise messages, a few hundred now and then: those are
// asked for in one go.
func (m *machine) advertise(name, topic string) {
	ids := []string{"data1", fmt.Sprint("data", m.next())}
	if many := m.next(); many%8 == 0 {
		for i := range 2 * int(many) {
			ids = append(ids, fmt.Sprint("data", i))
		}
	}
	m.control(name, rpc.AppendIHave(nil, topic, ids))
}

// turn does the rarer inputs.
func (m *machine) turn(name, topic string, arg byte) {
	switch arg % 7 {
	case 0:
		m.r.Leave(m.now, topic)
	case 1:
		m.r.Began(m.now, m.id(name))
	case 2:
		m.r.Ended(m.now, m.id(name))
	case 3:
		m.r.SetDirect(m.now, m.id(name), arg%4 < 2)
	case 4:
		m.take(m.r.Up(m.now, m.id(name), Remote{PeerID: newAuthor(name).pid, Stream: Meshsub12, IP: netip.AddrFrom4([4]byte{8, 8, 8, arg % 2})}))
	case 5:
		m.control(name, rpc.AppendPrune(nil, topic, 1, machineInfos()[arg%8:]...))
	default:
		m.r.Doubled(m.id(name))
	}
}

// machineInfos are what peers of a machine recommend: themselves, strangers, and
// a record that nobody signed.
var machineInfos = sync.OnceValue(func() []rpc.PeerInfo {
	var out []rpc.PeerInfo
	for _, name := range []string{"n0", "n1", "n2", "n3", "n4", "x", "y", "forged"} {
		a := newAuthor(name)
		out = append(out, rpc.PeerInfo{PeerID: []byte(a.pid), Record: a.record()})
	}
	last := out[len(out)-1].Record
	last[len(last)-1] ^= 1
	return out
})

// finish does one of the waiting jobs.
func (m *machine) finish(i int) {
	if n := len(m.jobs); n > 0 {
		do := m.jobs[i%n]
		m.jobs = append(m.jobs[:i%n], m.jobs[i%n+1:]...)
		m.take(do())
	}
}

// end lets everybody go and looks for what is left.
func (m *machine) end() {
	for len(m.jobs) > 0 {
		m.finish(0)
	}
	for _, p := range m.pubs {
		if p.Err == nil && p.ID == "" {
			m.t.Fatal("published without an ID")
		}
	}
	for i := range machinePeers {
		who := m.id(fmt.Sprintf("n%d", i))
		m.r.SetDirect(m.now, who, false)
		m.r.Down(m.now, who)
	}
	for _, topic := range machineTopics {
		m.r.Leave(m.now, topic)
	}
	m.run(3 * time.Hour)
	noResidue(m.t, m.r)
}

// FuzzRouter runs programs; the invariants hold after each input, and nothing is
// left at the end.
func FuzzRouter(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 1, 6, 2, 7, 3, 8, 4, 9, 5, 10, 6, 11, 7, 12, 8, 13, 9, 14, 10, 15, 11})
	f.Add([]byte{0, 1, 3, 1, 4, 1, 12, 0, 8, 1, 8, 2, 5, 1, 14, 9, 6, 1, 2, 1, 0, 1, 13, 0})
	f.Add([]byte("\x00\x00\x04\x00\x0f\x07\x1a\x05\x22\x03\x0a\x01t\x0c\x20\x0c\x20"))
	f.Add([]byte("\x00\x01\x03\x01\x0a\x02\x0a\x03\x0b\x02\x0b\x03\x0d\x00\x09\x01\x09\x02\x0c\x50\x02\x01"))
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) > 4000 {
			return
		}
		m := newMachine(t, func() byte {
			if len(program) == 0 {
				return 0
			}
			b := program[0]
			program = program[1:]
			return b
		})
		for len(program) > 0 {
			m.step()
		}
		m.end()
	})
}

// TestMachine walks at random for -steps inputs, in walks of a thousand.
// Rule: R2
func TestMachine(t *testing.T) {
	for walk := range *steps / 1000 {
		rng := rand.New(rand.NewPCG(uint64(walk), 17))
		m := newMachine(t, func() byte { return byte(rng.Uint32()) })
		for range 1000 {
			m.step()
		}
		m.end()
		if t.Failed() {
			t.Fatalf("walk %d", walk)
		}
	}
}
