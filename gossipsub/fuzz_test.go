package gossipsub

import (
	"fmt"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

// FuzzRouter drives one router with a program of inputs: opens and closes of
// streams, well-formed and raw frames, heartbeats, jobs done late and out of
// order. The invariants hold after each, and nothing is left at the end.
func FuzzRouter(f *testing.F) {
	f.Add([]byte{0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 1, 6, 2, 7, 3, 8, 4, 9, 5, 10, 6, 11, 7, 12, 8, 13, 9, 14, 10, 15, 11})
	f.Add([]byte{0, 1, 3, 1, 4, 1, 12, 0, 8, 1, 8, 2, 5, 1, 14, 9, 6, 1, 2, 1, 0, 1, 13, 0})
	f.Add([]byte("\x00\x00\x04\x00\x0f\x07\x1a\x05\x22\x03\x0a\x01t\x0c\x20\x0c\x20"))
	f.Add([]byte("\x00\x01\x03\x01\x0a\x02\x0a\x03\x0b\x02\x0b\x03\x0d\x00\x09\x01\x09\x02\x0c\x50\x02\x01"))
	f.Fuzz(func(t *testing.T, program []byte) {
		if len(program) > 4000 {
			return
		}
		g := newRig(t, func(c *Config) {
			c.Params = Params{D: 2, Dlo: 2, Dhi: 3, IDontWantThreshold: 4, SeenTTL: 5 * time.Second, SeenBytes: 64 << 10}
		})
		g.late = true
		topics := []string{"t", "u", "checked", "signed", "foreign"}
		streams := []string{Meshsub12, Meshsub11, Meshsub10, Floodsub}
		sign := StrictSign
		configs := map[string]TopicConfig{
			"u":       {MessageID: func(m *Message) string { return string(m.Data) }},
			"checked": {Validate: func(m Message) Verdict { return Verdict(len(m.Data) % 3) }},
			"signed":  {Sign: &sign},
		}
		next := func() byte {
			if len(program) == 0 {
				return 0
			}
			b := program[0]
			program = program[1:]
			return b
		}
		for len(program) > 0 {
			op, arg := next()%17, next()
			name := fmt.Sprintf("n%d", arg%5)
			topic := topics[int(arg/5)%len(topics)]
			switch op {
			case 0:
				g.up(name, streams[int(arg/5)%4], arg%2 == 0)
			case 1:
				g.r.Shut(g.now, g.id(name))
			case 2:
				g.r.Down(g.now, g.id(name))
			case 3:
				g.join(topic, configs[topic])
			case 4:
				g.recv(name, rpc.AppendSub(nil, true, topic))
			case 5:
				g.recv(name, rpc.AppendSub(nil, false, topic))
			case 6:
				g.graft(name, topic)
			case 7:
				g.recv(name, pruneFrame(topic, 1<<(arg%64)-uint64(arg/64)))
			case 8:
				g.recv(name, plain(topic, fmt.Sprint("data", next()%8)))
			case 9:
				g.control(name, rpc.AppendIHave(nil, topic, []string{"data1", fmt.Sprint("data", next())}))
			case 10:
				g.publish(topic, fmt.Append(nil, "data", next()%8))
			case 11:
				g.recv(name, rpc.AppendPublish(nil, newAuthor("a").message("signed", uint64(next()%4), []byte{next() % 2})))
			case 12:
				g.run(time.Duration(arg) * 40 * time.Millisecond)
			case 13:
				if n := len(g.jobs); n > 0 {
					i := int(arg) % n
					do := g.jobs[i]
					g.jobs = append(g.jobs[:i], g.jobs[i+1:]...)
					g.take(do())
				}
			case 14:
				g.control(name, rpc.AppendIDontWant(rpc.AppendIWant(nil, []string{"data1", "data2"}), []string{fmt.Sprint("data", next()%4)}))
			case 15:
				n := min(int(arg), len(program))
				news, err := g.r.Recv(g.now, g.id(name), program[:n:n])
				if program = program[n:]; err == nil {
					g.take(news)
				}
			case 16:
				switch arg % 3 {
				case 0:
					g.r.Leave(g.now, topic)
				case 1:
					g.r.Began(g.now, g.id(name))
				default:
					g.r.Ended(g.now, g.id(name))
				}
			}
			g.check()
			g.said()
		}
		for len(g.jobs) > 0 {
			do := g.jobs[0]
			g.jobs = g.jobs[1:]
			g.take(do())
		}
		for _, p := range g.pubs {
			if p.Err == nil && p.ID == "" {
				t.Fatal("published without an ID")
			}
		}
		for i := range 5 {
			g.r.Down(g.now, g.id(fmt.Sprintf("n%d", i)))
		}
		for _, topic := range topics {
			g.r.Leave(g.now, topic)
		}
		g.run(3 * time.Hour)
		noResidue(t, g.r)
	})
}
