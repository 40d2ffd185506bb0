package scenario

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

const talk = `nodes 4 seeds 1
join all lobby
say node2 lobby hello
expect all lobby hello within 2s
`

func TestPlayMeasuresArrivals(t *testing.T) {
	for _, exact := range []bool{true, false} {
		p, _ := perform(talk, func(f *fake) { f.exact, f.delay = exact, 55*time.Millisecond })
		r := p.Report()
		got := r[len(r)-1]
		want := 55 * time.Millisecond
		if !exact { // seen at the next look
			want = 60 * time.Millisecond
		}
		if p.Failed() || got.Samples != 3 || got.P50 != want || got.P95 != want || got.Max != want {
			t.Errorf("exact %v: %+v, want three samples of %v", exact, got, want)
		}
		if got.Line != 4 || got.Took != 60*time.Millisecond {
			t.Errorf("line %d took %v", got.Line, got.Took)
		}
	}
}

func TestPlayFailures(t *testing.T) {
	tests := []struct {
		name, script string
		setup        func(*fake)
		line         int
		want         string
	}{
		{"a node hears nothing", talk, func(f *fake) { f.deaf = 3 }, 4, `"hello" of node2 is missing at 1 of 4 nodes: node4`},
		{"too late", talk, func(f *fake) { f.delay = 3 * time.Second }, 4, "missing at 3 of 4 nodes"},
		{"twice at once", talk + "sleep 5s\nexpect all lobby hello within 1s\n", func(f *fake) { f.double = 2 }, 6, "node3 has \"hello\" 2 times, want 1"},
		{"twice, the second time late", talk + "sleep 5s\n", func(f *fake) { f.double = 2 }, 4, "2 times at the end, want 1"},
		{"a dead speaker", "nodes 3\nkill node2\nsay node2 r x\n", nil, 3, "node2 is not running"},
		{"too many to kill", "nodes 3\nkill random 3 except seeds\n", nil, 2, "only 2 nodes can be killed"},
		{"peers", "nodes 5\nwait all peers>=2 within 1s\n", func(f *fake) { f.peers = func(i int) int { return min(i, 3) } }, 2, "2 of 5 nodes have too few peers: node1 node2; peers min 0 median 2"},
		{"not refilled", "nodes 5\nexpect all refilled within 1s\n", func(f *fake) { f.peers = func(i int) int { return 2 } }, 2, "5 of 5 nodes have too few peers"},
		{"the world breaks", "nodes 2\nsleep 1s\n", func(f *fake) { f.err = errFake }, 1, errFake.Error()},
		{"nobody to expect of", "nodes 2\njoin all r\nsay node1 r x\nkill all\nexpect alive r x within 1s\n", nil, 5, "nothing to expect: 0 nodes"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			p, _ := perform(tc.script, tc.setup)
			if !p.Failed() {
				t.Fatalf("the play went well: %+v", p.Report())
			}
			for _, r := range p.Report() {
				if !r.OK {
					if r.Line != tc.line || !strings.Contains(r.Detail, tc.want) {
						t.Errorf("line %d: %s; want line %d: %s", r.Line, r.Detail, tc.line, tc.want)
					}
					return
				}
			}
			t.Error("no result failed")
		})
	}
}

// A failed step ends the play: nothing after it is asked of the stage.
func TestPlayStopsAtFailure(t *testing.T) {
	_, f := perform(talk+"heal\n", func(f *fake) { f.deaf = 3 })
	if f.didAsk("heal") {
		t.Error("a step after the failed one was played")
	}
}

func TestKillAndRestart(t *testing.T) {
	p, f := perform(`nodes 8 seeds 2
kill random 3 except seeds,node3
kill node1
restart node1..node2
`, nil)
	if p.Failed() {
		t.Fatalf("%+v", p.Report())
	}
	if f.didAsk("kill node3") {
		t.Error("a spared node was killed")
	}
	dead := 0
	for _, a := range f.alive {
		if !a {
			dead++
		}
	}
	if dead != 3 || !f.didAsk("restart node1") || !f.didAsk("restart node2") {
		t.Errorf("%d nodes dead, asked %v", dead, f.asked)
	}
}

// The same words twice are expected twice.
func TestSameLineTwice(t *testing.T) {
	p, _ := perform(talk+"say node3 lobby hello\nexpect all lobby hello within 1s\nexpect all lobby everything within 1s\n", nil)
	if p.Failed() {
		t.Errorf("%+v", p.Report())
	}
}

// A line that went with its speaker is not owed, and nodes that went need not have any.
func TestStayed(t *testing.T) {
	p, _ := perform(`nodes 4
join all r
kill node4
say node2 r two
kill node2
restart node2
expect stayed r everything within 1s
say node1 r one
expect stayed r everything within 1s
`, nil)
	if p.Failed() {
		t.Fatalf("%+v", p.Report())
	}
	last := p.Report()[8]
	if !strings.Contains(last.Detail, "1 lines at 2 nodes") || !strings.Contains(last.Detail, "1 lines went with their speakers") {
		t.Errorf("detail %q", last.Detail)
	}
}

// What reached one node before its speaker went is owed to all.
func TestStayedOwesWhatReachedAnybody(t *testing.T) {
	script := `nodes 4
join all r
say node2 r two
sleep 1s
kill node2
expect stayed r everything within 1s
`
	if p, _ := perform(script, nil); p.Failed() {
		t.Fatalf("%+v", p.Report())
	}
	if p, _ := perform(script, func(f *fake) { f.deaf = 3 }); !p.Failed() {
		t.Fatal("node4 lacks a line that others have, and the play passes")
	}
}

func TestLoadIsSpread(t *testing.T) {
	p, f := perform("nodes 5\njoin all r\nload alive r lines 100 over 40s\nexpect all r everything within 1s\n", nil)
	if p.Failed() {
		t.Fatalf("%+v", p.Report())
	}
	r := p.Report()
	if got := r[2].Took; got != 40*time.Second*99/100 {
		t.Errorf("the last line came after %v", got)
	}
	if r[3].Samples != 400 {
		t.Errorf("%d samples, want 100 lines at 4 others", r[3].Samples)
	}
	said := map[string]bool{}
	for _, a := range f.asked {
		if strings.HasPrefix(a, "say ") {
			said[a] = true
		}
	}
	if len(said) != 100 {
		t.Errorf("%d different lines, want 100", len(said))
	}
}

func TestWeather(t *testing.T) {
	p, f := perform("nodes 4\nlatency 20ms±5ms\nloss 0.1\npartition node1,node2 node3..node4\nheal\n", nil)
	if p.Failed() || !f.didAsk("weather 20ms 5ms") || !f.didAsk("weather -1ns -1ns") || !f.didAsk("partition node1 node2 | node3 node4") || !f.didAsk("heal") {
		t.Errorf("asked %v", f.asked)
	}
}

// Equal seeds give equal plays; waking more often changes nothing that is asked.
func TestPlayRepeats(t *testing.T) {
	s, _ := Builtin("demo")
	a, fa := performScript(s, nil)
	s, _ = Builtin("demo")
	b, fb := performScript(s, nil)
	if !reflect.DeepEqual(a.Report(), b.Report()) || !reflect.DeepEqual(fa.asked, fb.asked) {
		t.Error("two plays of one script and seed differ")
	}
}

func TestDeadlineAndCurrent(t *testing.T) {
	s, err := Parse("x", []byte("nodes 2\nsleep 5s\n"))
	if err != nil {
		t.Fatal(err)
	}
	p := NewPlay(s, newFake(2, 1), nil)
	if !p.Deadline().IsZero() {
		t.Error("a play that has not begun has a deadline")
	}
	for range 3 { // waking early is harmless
		if p.Advance(t0) {
			t.Fatal("over at once")
		}
	}
	if got := p.Deadline(); got != t0.Add(5*time.Second) {
		t.Errorf("deadline %v", got)
	}
	if st, since, ok := p.Current(); !ok || st.Verb != Sleep || since != t0 {
		t.Errorf("current %v %v %v", st, since, ok)
	}
	if !p.Advance(t0.Add(time.Minute)) || !p.Deadline().IsZero() || p.Failed() {
		t.Error("waking late")
	}
}
