package scenario

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParseSteps(t *testing.T) {
	s, err := Parse("x.txt", []byte(`
# a comment
nodes 8 seeds 2 over 3s
say node3 lobby  hello   "quoted # part"  there as first   # said
expect all,node2..node4 lobby $first within 250ms
latency 20ms±5ms
loss 2.5%
latency 10ms..150ms±10%
hostile 9 links 4 dialled 10% at node1..node2 in news do censor:node3,storm,lie
load node1 topic:news lines 5 over 1s of 96KiB
expect all topic:news everything latest 6s within 9s
uplink 50Mbit
churn 20% except node1
flash
against 1.0
kill random 50% except seeds
expect alive filled 90% median within 3s
expect alive filled within 10s
expect returned,down rejoined within 2s
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []Step{
		{Line: 3, Verb: Start, N: 8, Seeds: 2, Time: 3 * time.Second},
		{Line: 4, Verb: Say, Nodes: Who{[]term{{from: 3, to: 3}}}, Place: Place{Name: "lobby"}, Body: "hello quoted # part there", Name: "first"},
		{Line: 5, Verb: Expect, Nodes: Who{[]term{{group: "all"}, {from: 2, to: 4}}}, Place: Place{Name: "lobby"}, Body: "hello quoted # part there", Time: 250 * time.Millisecond},
		{Line: 6, Verb: Latency, Time: 20 * time.Millisecond, Jitter: 5 * time.Millisecond},
		{Line: 7, Verb: Loss, Loss: 0.025},
		{Line: 8, Verb: Latency, Time: 10 * time.Millisecond, Top: 150 * time.Millisecond, Share: 0.1},
		{Line: 9, Verb: Hostile, N: 9, Links: 4, Share: 0.1, Nodes: Who{[]term{{from: 1, to: 2}}}, Place: Place{Topic: true, Name: "news"}, Conduct: Conduct{Forward: true, Censor: 3, Storm: true, Lie: true}},
		{Line: 10, Verb: Load, Nodes: Who{[]term{{from: 1, to: 1}}}, Place: Place{Topic: true, Name: "news"}, N: 5, Time: time.Second, Bytes: 96 << 10},
		{Line: 11, Verb: Expect, Nodes: Who{[]term{{group: "all"}}}, Place: Place{Topic: true, Name: "news"}, Everything: true, Latest: 6 * time.Second, Time: 9 * time.Second},
		{Line: 12, Verb: Uplink, Bits: 50e6},
		{Line: 13, Verb: Churn, Share: 0.2, Other: Who{[]term{{from: 1, to: 1}}}},
		{Line: 14, Verb: Flash},
		{Line: 15, Verb: Against, Name: "1.0"},
		{Line: 16, Verb: Kill, Random: true, Percent: 50, Other: Who{[]term{{group: "seeds"}}}},
		{Line: 17, Verb: Filled, Nodes: Who{[]term{{group: "alive"}}}, Percent: 90, Median: true, Time: 3 * time.Second},
		{Line: 18, Verb: Filled, Nodes: Who{[]term{{group: "alive"}}}, Percent: 100, Time: 10 * time.Second},
		{Line: 19, Verb: Rejoined, Nodes: Who{[]term{{group: "returned"}, {group: "down"}}}, Time: 2 * time.Second},
	}
	if !reflect.DeepEqual(s.Steps, want) {
		t.Errorf("got  %+v\nwant %+v", s.Steps, want)
	}
	again, err := Parse("x.txt", []byte(s.String()))
	for i := range want { // as names are lost, a named text stands as it is
		want[i].Name = map[bool]string{true: want[i].Name}[want[i].Verb != Expect]
	}
	if err != nil || !reflect.DeepEqual(again.Steps, want) {
		t.Errorf("read back: %v\n%s", err, s)
	}
}

func TestParseErrors(t *testing.T) {
	tests := []struct{ name, script, want string }{
		{"empty", "# nothing\n", "x.txt:1: no steps"},
		{"first step", "sleep 1s\n", "x.txt:1: nodes N must be the first step"},
		{"nodes twice", "nodes 2\nnodes 3\n", "x.txt:2: nodes N must be the first step"},
		{"unknown step", "nodes 2\n\nshout node1 x\n", `x.txt:3: "shout" is no step`},
		{"shape", "nodes 2\nwait all peers within 1s\n", "x.txt:2: want wait NODES peers>=N within D"},
		{"node beyond", "nodes 2\njoin node3 lobby\n", "x.txt:2: node3 does not exist, the script starts 2 nodes"},
		{"node zero", "nodes 2\njoin node0 lobby\n", "names no nodes"},
		{"backwards", "nodes 3\njoin node3..node1 lobby\n", "counts backwards"},
		{"speaker", "nodes 2\nsay all lobby x\n", "one node says a line"},
		{"unsaid", "nodes 2\nsay node1 lobby hi\nexpect all lobby ho within 1s\n", `x.txt:3: nobody has said "ho" in lobby`},
		{"unnamed", "nodes 2\nexpect all lobby $x within 1s\n", "nothing was said in lobby as x"},
		{"name twice", "nodes 2\nsay node1 r a as n\nsay node1 r b as n\n", "the name n is taken"},
		{"duration", "nodes 2\nsleep 5\n", `"5" is no duration`},
		{"duration too long", "nodes 2\nsleep 25h\n", "is no duration"},
		{"loss", "nodes 2\nloss 101%\n", "is no share"},
		{"jitter", "nodes 2\nlatency 1ms±2ms\n", "jitter 2ms above the latency 1ms"},
		{"quote", "nodes 2\nsay node1 r \"open\n", "does not end"},
		{"no utf8", "nodes 2\nsay node1 r \xff\n", "x.txt:2: not UTF-8"},
		{"more seeds than nodes", "nodes 2 seeds 3\n", "3 seeds of 2 nodes"},
		{"count", "nodes 1000000\n", "is no count; want 1 to 100000"},
		{"conduct", "nodes 2 links 1\nhostile 1 links 1 in t do nothing\n", "hostile hosts drop, forward, censor:NODE, storm or lie"},
		{"hostile without topic", "nodes 2 links 1\nhostile 1 links 1 do drop\n", "want hostile N links K"},
		{"censored node beyond", "nodes 2 links 1\nhostile 1 links 1 in t do censor:node3\n", "node3 does not exist"},
		{"latencies", "nodes 2\nlatency 2s..1s\n", "latency from 2s to 1s"},
		{"uplink", "nodes 2\nuplink 50\n", "such as 50Mbit"},
		{"size of a line", "nodes 2\nload all topic:t lines 1 over 1s of 2MiB\n", "such as 50KiB"},
		{"size in a room", "nodes 2\nload all r lines 1 over 1s of 1KiB\n", "only lines in a topic"},
		{"churn of all", "nodes 2\nchurn 100%\n", "churn of all nodes"},
		{"share of slots", "nodes 2\nexpect all filled 101% within 1s\n", "is no count; want 1 to 100"},
		{"slots", "nodes 2\nexpect all filled mostly within 1s\n", "want expect NODES ROOM TEXT"},
		{"share to kill", "nodes 2\nkill random 0%\n", "is no count; want 1 to 100"},
		{"two mistakes", "nodes 2\nsleep x\nsleep y\n", "x.txt:3: "},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Parse("x.txt", []byte(tc.script))
			var e *Error
			if err == nil || !strings.Contains(err.Error(), tc.want) || !errors.As(err, &e) {
				t.Errorf("got %v, want it to say %q", err, tc.want)
			}
		})
	}
}

func TestCheckAndResize(t *testing.T) {
	s, _ := Builtin("partition")
	err := s.Check("devnet", CanKill|CanPubSub)
	if err == nil || !strings.Contains(err.Error(), "partition:8: partition is not possible here (devnet)") {
		t.Errorf("Check: %v", err)
	}
	if err := s.Check("sim", CanEverything); err != nil {
		t.Errorf("Check in a world that can do everything: %v", err)
	}
	if err := s.Resize(19); err == nil || s.Nodes() != 20 {
		t.Errorf("Resize below a node that is named: %v, nodes %d", err, s.Nodes())
	}
	if err := s.Resize(40); err != nil || s.Nodes() != 40 {
		t.Errorf("Resize: %v, nodes %d", err, s.Nodes())
	}
}

// What a script kills at random must be there: the demo needs five nodes.
func TestResizeLeavesEnoughToKill(t *testing.T) {
	s, _ := Builtin("demo")
	err := s.Resize(4)
	if err == nil || !strings.Contains(err.Error(), "kill random 3 except seeds,node2 needs at least 5 nodes, not 4") || s.Nodes() != 8 {
		t.Errorf("Resize to 4: %v, nodes %d", err, s.Nodes())
	}
	if err := s.Resize(5); err != nil {
		t.Errorf("Resize to 5: %v", err)
	}
}

func TestBuiltins(t *testing.T) {
	for _, name := range Builtins() {
		s, ok := Builtin(name)
		if !ok {
			t.Fatalf("%s is missing", name)
		}
		lib := newFakeLibrary(newFake(s.Nodes(), s.Seeds()))
		if p := performOn(s, lib, func(now time.Time) { lib.now = now }); p.Failed() {
			t.Errorf("%s on a stage where all goes well: %+v", name, p.Report())
		}
	}
	if _, ok := Builtin("nothing"); ok {
		t.Error("a script nobody wrote")
	}
	files, _ := filepath.Glob("scripts/*.txt")
	if len(files) != len(Builtins()) {
		t.Errorf("%d scripts in the folder, %d built in", len(files), len(Builtins()))
	}
}

func TestPatient(t *testing.T) {
	s, err := Parse("p", []byte("nodes 3\nwait all peers>=2 within 1s\njoin all r\nsleep 2s\nsay node1 r hello as h\nexpect all r $h within 3m\nexpect all refilled within 1s"))
	if err != nil {
		t.Fatal(err)
	}
	s.Patient(time.Minute)
	for i, want := range []time.Duration{0, time.Minute, 0, 2 * time.Second, 0, 3 * time.Minute, time.Minute} {
		if got := s.Steps[i].Time; got != want {
			t.Errorf("%s: %s, want %s", s.Steps[i].Verb, got, want)
		}
	}
}

// FuzzParse: never panics; what it accepts, String writes and Parse reads back.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("scripts/*.txt")
	if err != nil || len(files) == 0 {
		f.Fatal("no scripts", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("nodes 3\nsay node1 r \"a\\n # b\" as x\nexpect all r $x within 1s\nkill random 1 except seeds\nlatency 1ms+-1ms\nloss 1e-3\nrestart node2..node3,alive"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse("f", data)
		if err != nil {
			return
		}
		again, err := Parse("f", []byte(s.String()))
		if err != nil {
			t.Fatalf("%v\nin\n%s", err, s.String())
		}
		if !reflect.DeepEqual(s, again) {
			t.Fatalf("read back as %+v\nwas %+v", again, s)
		}
	})
}
