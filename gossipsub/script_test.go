package gossipsub

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/ropewalk/ropewalk/gossipsub/rpc"
)

// TestScripts plays the stories of testdata. A block is
//
//	run [d=6 dlo=5 dhi=12 dout=2]      options start a new router
//	up n1 [1.0|1.1|1.2|flood] [out]    subscribe n1 t    unsubscribe n1 t
//	graft n1 t    prune n1 t 60        ihave n1 t a b    iwant n1 a b    dontwant n1 a
//	message n1 t DATA                  join t   leave t  publish t DATA
//	shut n1   began n1   ended n1      doubled n1        down n1     at 59s
//
// and its output says what the router sent, delivered and refused, and when.
// Message IDs are the data itself. Rewrite with -rewrite.
// Rule: T9, H9, H10, G6, G8, G10, F4, I1, I2, I3, I8
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata/scripts", func(t *testing.T, path string) {
		var g *rig
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if g == nil || len(d.CmdArgs) > 0 {
				g = newRig(t, func(c *Config) {
					for _, a := range d.CmdArgs {
						setParam(t, &c.Params, a.Key, a.Vals[0])
					}
				})
			}
			g.t = t
			var out strings.Builder
			for _, line := range strings.Split(d.Input, "\n") {
				g.step(t, strings.Fields(line), &out)
			}
			g.tell(&out)
			return out.String()
		})
	})
}

func setParam(t *testing.T, p *Params, name, val string) {
	n, err := strconv.Atoi(val)
	if err != nil {
		t.Fatal(err)
	}
	field := map[string]*int{"d": &p.D, "dlo": &p.Dlo, "dhi": &p.Dhi, "dout": &p.Dout, "dlazy": &p.Dlazy, "dontwant": &p.IDontWantThreshold}[name]
	if field == nil {
		t.Fatalf("no parameter %q", name)
	}
	*field = n
}

// tell writes what came of the steps so far.
func (g *rig) tell(out *strings.Builder) {
	for _, e := range g.events {
		switch e.Kind {
		case "refuse", "excess", "reject", "promise", "prune":
			fmt.Fprintf(out, "%s: %s %s %s: %s\n", g.at(), e.Kind, g.names[e.Peer], e.Topic, e.Err)
		case "duplicate":
			fmt.Fprintf(out, "%s: duplicate %s %s\n", g.at(), e.Topic, e.ID)
		}
	}
	for _, l := range g.said() {
		fmt.Fprintf(out, "%s: → %s\n", g.at(), l)
	}
	for _, m := range g.got {
		fmt.Fprintf(out, "%s: delivered %s %s\n", g.at(), m.Topic, m.Data)
	}
	for _, p := range g.pubs {
		fmt.Fprintf(out, "%s: published to %d peers, error %v\n", g.at(), p.Peers, p.Err)
	}
	g.events, g.got, g.pubs = nil, nil, nil
}

func (g *rig) at() string { return g.now.Sub(epoch).String() }

func (g *rig) step(t *testing.T, w []string, out *strings.Builder) {
	if len(w) == 0 {
		return
	}
	last := w[len(w)-1]
	switch w[0] {
	case "at":
		d, err := time.ParseDuration(w[1])
		if err != nil {
			t.Fatal(err)
		}
		g.tell(out)
		for end := epoch.Add(d); g.now.Before(end); { // so that what happens is told with its time
			next := end
			if dl := g.r.Deadline(); !dl.IsZero() && dl.After(g.now) && dl.Before(end) {
				next = dl
			}
			g.run(next.Sub(g.now))
			g.tell(out)
		}
	case "up":
		stream := Meshsub11
		for _, a := range w[2:] {
			switch a {
			case "1.0", "1.1", "1.2":
				stream = "/meshsub/" + a + ".0"
			case "flood":
				stream = Floodsub
			}
		}
		g.up(w[1], stream, last == "out")
	case "subscribe", "unsubscribe":
		g.recv(w[1], rpc.AppendSub(nil, w[0] == "subscribe", w[2]))
	case "graft":
		g.graft(w[1], w[2])
	case "prune":
		n := int64(-1)
		if len(w) > 3 {
			n, _ = strconv.ParseInt(w[3], 10, 64)
		}
		g.control(w[1], rpc.AppendPrune(nil, w[2], n))
	case "ihave":
		g.control(w[1], rpc.AppendIHave(nil, w[2], w[3:]))
	case "iwant":
		g.control(w[1], rpc.AppendIWant(nil, w[2:]))
	case "dontwant":
		g.control(w[1], rpc.AppendIDontWant(nil, w[2:]))
	case "message":
		g.recv(w[1], plain(w[2], w[3]))
	case "join":
		g.join(w[1], TopicConfig{MessageID: func(m *Message) string { return string(m.Data) }})
	case "leave":
		g.r.Leave(g.now, w[1])
	case "publish":
		g.publish(w[1], []byte(w[2]))
	case "shut":
		g.r.Shut(g.now, g.id(w[1]))
	case "began":
		g.r.Began(g.now, g.id(w[1]))
	case "doubled":
		g.r.Doubled(g.id(w[1]))
	case "ended":
		g.r.Ended(g.now, g.id(w[1]))
	case "down":
		g.r.Down(g.now, g.id(w[1]))
	default:
		t.Fatalf("no step %q", w[0])
	}
	g.check()
}
