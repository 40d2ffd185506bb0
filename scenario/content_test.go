package scenario

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// fakeLibrary is a fake whose nodes put and get files after a delay.
type fakeLibrary struct {
	*fake
	puts   map[string]time.Time
	gets   map[string]time.Time // node and file
	tries  map[string]int
	lost   string // node and file that is never found
	fails  int    // so often a get fails first
	refuse error  // of every put
}

func newFakeLibrary(f *fake) *fakeLibrary {
	return &fakeLibrary{fake: f, puts: map[string]time.Time{}, gets: map[string]time.Time{}, tries: map[string]int{}}
}

func (f *fakeLibrary) Put(now time.Time, i int, file string, bytes int64) {
	f.ask(fmt.Sprintf("put %s %s %d", NodeName(i), file, bytes))
	f.puts[file] = now.Add(f.delay)
}

func (f *fakeLibrary) WasPut(file string) (bool, int, error) {
	return !f.now.Before(f.puts[file]), 3, f.refuse
}

func (f *fakeLibrary) key(i int, file string) string { return NodeName(i) + " " + file }

func (f *fakeLibrary) Get(now time.Time, i int, file string) {
	f.gets[f.key(i, file)] = now.Add(f.delay)
	f.tries[f.key(i, file)]++
}

func (f *fakeLibrary) Got(i int, file string) (bool, time.Time, error) {
	k := f.key(i, file)
	if f.now.Before(f.gets[k]) {
		return false, time.Time{}, nil
	}
	if k == f.lost || f.tries[k] <= f.fails {
		return true, f.gets[k], errors.New("not found")
	}
	return true, f.gets[k], nil
}

// performContent plays a script in a world with content.
func performContent(t *testing.T, text string, setup func(*fakeLibrary)) (*Play, *fakeLibrary) {
	t.Helper()
	s, err := Parse("test.txt", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	lib := newFakeLibrary(newFake(s.Nodes(), s.Seeds()))
	if setup != nil {
		setup(lib)
	}
	return performOn(s, lib, func(now time.Time) { lib.now = now }), lib
}

func TestPutGet(t *testing.T) {
	p, lib := performContent(t, "nodes 4\nput node2 5MiB as picture within 1s\nkill node2\nget alive $picture within 1s", nil)
	if p.Failed() {
		t.Fatalf("%+v", p.Report())
	}
	if !lib.didAsk("put node2 picture 5242880") || lib.tries["node2 picture"] != 0 || lib.tries["node1 picture"] != 1 || lib.tries["node4 picture"] != 1 {
		t.Errorf("%q %v", lib.asked, lib.tries)
	}
	if r := p.Report()[3]; r.Samples != 3 || r.P50 != 50*time.Millisecond || !strings.Contains(r.Detail, "3 of 3 found") {
		t.Errorf("%+v", r)
	}
}

func TestPutFiles(t *testing.T) {
	p, lib := performContent(t, "nodes 9\nput alive files 20 of 1KiB over 10s as f within 15s\nget alive $f within 1s", nil)
	if p.Failed() || len(lib.puts) != 20 {
		t.Fatalf("%d files, %+v", len(lib.puts), p.Report())
	}
	if r := p.Report()[1]; r.Took < 9*time.Second || !strings.Contains(r.Detail, "on 3 other nodes at least, 3.0 on average") {
		t.Errorf("%+v", r)
	}
	if r := p.Report()[2]; r.Samples != 20 {
		t.Errorf("%+v", r)
	}
	for _, f := range p.files["f"] {
		if lib.tries[NodeName(f.by)+" "+f.name] != 0 {
			t.Errorf("%s got back what it put itself", NodeName(f.by))
		}
	}
}

// What fails is tried again, a second later, until the time is over.
func TestGetAgain(t *testing.T) {
	p, lib := performContent(t, "nodes 2\nput node1 1B as f within 1s\nget node2 $f within 5s", func(f *fakeLibrary) { f.fails = 2 })
	if p.Failed() || lib.tries["node2 f"] != 3 || !strings.Contains(p.Report()[2].Detail, "2 tries were repeated") {
		t.Errorf("%v %+v", lib.tries, p.Report())
	}
	p, _ = performContent(t, "nodes 2\nput node1 1B as f within 1s\nget node2 $f within 5s", func(f *fakeLibrary) { f.lost = "node2 f" })
	if !p.Failed() || !strings.Contains(p.Report()[2].Detail, "0 of 1 found; f at node2: not found") {
		t.Errorf("%+v", p.Report())
	}
	p, _ = performContent(t, "nodes 2\nput node1 1B as f within 1s", func(f *fakeLibrary) { f.refuse = errors.New("full") })
	if !p.Failed() || !strings.Contains(p.Report()[1].Detail, "full") {
		t.Errorf("%+v", p.Report())
	}
}

// A share of the files will do, but the play waits for all of them.
func TestGetShare(t *testing.T) {
	for share, fails := range map[string]bool{" 75%": false, " 76%": true, "": true} {
		p, _ := performContent(t, "nodes 4\nput node1 1B as f within 1s\nget all $f"+share+" within 3s", func(f *fakeLibrary) { f.lost = "node3 f" })
		if p.Failed() != fails || p.Report()[2].Took != 3*time.Second {
			t.Errorf("%q: %+v", share, p.Report()[2])
		}
	}
}

func TestContentForms(t *testing.T) {
	for _, text := range []string{
		"put node2 5MiB as f within 1m0s",
		"put alive files 50 of 200KiB over 20s as f within 1m0s",
		"put node1..node3 files 2 of 1B as f within 1s",
	} {
		s, err := Parse("x", []byte("nodes 4 seeds 1\n"+text+"\nget alive $f 99% within 1s\nget node1 $f within 1s\n"))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if !strings.Contains(s.String(), "\n"+text+"\nget alive $f 99% within 1s\nget node1 $f within 1s\n") {
			t.Errorf("%q becomes %q", text, s.String())
		}
	}
	for text, want := range map[string]string{
		"put node2 5MiB as f":                                      "want put NODE SIZE",
		"put alive 5MiB as f within 1s":                            "one node puts a file",
		"put node2 2GiB as f within 1s":                            "2GiB",
		"put alive files 1 of 1B as f within 1s":                   "no count",
		"put node9 1B as f within 1s":                              "does not exist",
		"get alive $f within 1s":                                   "nothing was put as f",
		"get alive f within 1s":                                    "want get NODES",
		"put node1 1B as f within 1s\nput node1 1B as f within 1s": "taken",
		"put node1 1B as f within 1s\nget node1 $f 101% within 1s": "no count",
	} {
		if _, err := Parse("x", []byte("nodes 4\n"+text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	s, _ := Parse("x", []byte("nodes 4\nput node1 1B as f within 1s"))
	if err := s.Check("nowhere", CanEverything&^CanContent); err == nil {
		t.Error("a world without content takes a put")
	}
	if err := s.Check("there", CanContent); err != nil {
		t.Error(err)
	}
}
