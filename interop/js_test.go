package interop

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/ropewalk/ropewalk/id"
)

// js is a node of js-libp2p with its gossipsub; js/nodes.mjs runs it, several in one
// process.
type js struct {
	label string
	topic string
	n     int
	id    id.PeerID
	addrs []string
	mail  *mailbox
	run   *jsRun
}

// jsRun is the process.
type jsRun struct {
	mu    sync.Mutex
	in    io.Writer
	calls map[int]chan jsLine
	last  int
	ended chan struct{}
}

// jsLine is a line of its output.
type jsLine struct {
	Ready []struct {
		Peer  string
		Addrs []string
	}
	ID                int
	Error             string
	N                 int
	From, Topic, Data string
	Peers, Mesh       []string
	Streams           map[string]string
}

// startJS starts so many nodes that follow the topic. They end with the test.
func startJS(t *testing.T, count int, topic, sign string) []*js {
	t.Helper()
	if _, err := os.Stat("js/node_modules"); err != nil {
		if os.Getenv("INTEROP_JS") == "" {
			t.Skip("js is not installed: run make interop")
		}
		t.Fatal(err)
	}
	cmd := exec.Command("node", "nodes.mjs", fmt.Sprint(count), sign, fmt.Sprint(heartbeat.Milliseconds()))
	cmd.Dir = "js"
	var errs strings.Builder
	cmd.Stderr = &errs
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	run := &jsRun{in: in, calls: map[int]chan jsLine{}, ended: make(chan struct{})}
	scan := bufio.NewScanner(out)
	scan.Buffer(nil, 8<<20)
	t.Cleanup(func() {
		in.Close() // it ends with its input
		<-run.ended
		var exit *exec.ExitError
		if err := cmd.Wait(); errors.As(err, &exit) {
			t.Errorf("js ends with %v\n%s", err, tail(errs.String()))
		}
	})
	var first jsLine
	if !scan.Scan() || json.Unmarshal(scan.Bytes(), &first) != nil || len(first.Ready) != count {
		close(run.ended)
		t.Fatalf("js does not start: %q\n%s", scan.Text(), tail(errs.String()))
	}
	var all []*js
	for n, r := range first.Ready {
		who, err := id.ParsePeerID(r.Peer)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, &js{label: fmt.Sprint("js__", n), topic: topic, n: n, id: who, addrs: r.Addrs, mail: newMailbox(), run: run})
	}
	go run.read(scan, all)
	for _, x := range all {
		x.follow(t)
	}
	return all
}

// read hands out the lines of the process until it ends.
func (r *jsRun) read(scan *bufio.Scanner, all []*js) {
	defer close(r.ended)
	for scan.Scan() {
		var l jsLine
		if json.Unmarshal(scan.Bytes(), &l) != nil {
			continue // a library's own word
		}
		if l.ID == 0 {
			from, _ := id.ParsePeerID(l.From)
			all[l.N].mail.add(from, l.Data)
			continue
		}
		r.mu.Lock()
		call := r.calls[l.ID]
		delete(r.calls, l.ID)
		r.mu.Unlock()
		call <- l
	}
}

// ask sends a request to a node and waits for the answer.
func (x *js) ask(do, key, value string) (jsLine, error) {
	r := x.run
	answer := make(chan jsLine, 1)
	r.mu.Lock()
	r.last++
	n := r.last
	r.calls[n] = answer
	line, _ := json.Marshal(map[string]any{"id": n, "n": x.n, "do": do, "topic": x.topic, key: value})
	_, err := r.in.Write(append(line, '\n'))
	r.mu.Unlock()
	if err != nil {
		return jsLine{}, err
	}
	select {
	case l := <-answer:
		if l.Error != "" {
			return l, errors.New(l.Error)
		}
		return l, nil
	case <-r.ended:
		return jsLine{}, errors.New("the process is gone")
	}
}

func (x *js) must(t *testing.T, do, key, value string) {
	t.Helper()
	if _, err := x.ask(do, key, value); err != nil {
		t.Fatalf("%s: %s %.80s: %v", x.label, do, value, err)
	}
}

func (x *js) follow(t *testing.T)                { x.must(t, "follow", "topic", x.topic) }
func (x *js) leave(t *testing.T)                 { x.must(t, "leave", "topic", x.topic) }
func (x *js) dial(t *testing.T, addr string)     { x.must(t, "dial", "addr", addr) }
func (x *js) publish(t *testing.T, data string)  { x.must(t, "publish", "data", data) }
func (x *js) name() string                       { return x.label }
func (x *js) peer() id.PeerID                    { return x.id }
func (x *js) inbox() *mailbox                    { return x.mail }
func (x *js) addr(transport string) (out string) { return x.addrs[0] } // TCP is all it has

func isJS(m member) bool {
	_, ok := m.(*js)
	return ok
}

func (x *js) topicPeers() int {
	l, err := x.ask("look", "topic", x.topic)
	if err != nil {
		return -1
	}
	return len(l.Peers)
}

func (x *js) mesh() (out []id.ID) {
	l, err := x.ask("look", "topic", x.topic)
	if err != nil {
		return nil
	}
	for _, p := range l.Mesh {
		if who, err := id.ParsePeerID(p); err == nil {
			out = append(out, who.ID())
		}
	}
	return out
}

// TestJS: eight nodes of ours, six of go-libp2p and six of js-libp2p in one mesh.
// Rule: F11
func TestJS(t *testing.T) {
	for _, sign := range []string{"strict", "none"} {
		t.Run(sign, func(t *testing.T) {
			all := crew(t, 8, 6, sign)
			for _, x := range startJS(t, 6, "t", sign) {
				all = append(all, x)
			}
			shuffle(all)
			mixedMesh(t, all)
		})
	}
}
