//go:build linux

package devnet

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/api/client"
)

var netns = flag.Bool("netns", false, "run TestNetns: nodes in network namespaces, whose links are cut (needs root and ip)")

const (
	cells     = 3 // namespaces
	perCell   = 3 // nodes in each
	cutFor    = 60 * time.Second
	healedBar = 10 * time.Second
)

// TestNetns runs nine nodes and a seed in three network namespaces on a bridge. One
// namespace loses its interface, another is cut off without any sign of it, both for a
// minute; then they have everybody again within ten seconds. After that one loses its
// address for a moment. Nothing crashes.
func TestNetns(t *testing.T) {
	if !*netns {
		t.Skip("wants -netns (make netns)")
	}
	var figures []string
	note := func(format string, args ...any) {
		t.Helper()
		figures = append(figures, fmt.Sprintf(format, args...))
		t.Log(figures[len(figures)-1])
	}
	t.Cleanup(func() { // runs last: after the nodes' logs, when there is a fault
		if t.Failed() {
			t.Logf("figures:\n%s", strings.Join(figures, "\n"))
		}
	})
	hub := newCell(t, "hub", 0)
	hub.ip("link", "add", "br0", "type", "bridge")
	hub.ip("link", "set", "br0", "up")
	var all []*cell
	for i := 1; i <= cells; i++ {
		c := newCell(t, fmt.Sprintf("n%d", i), i)
		c.ip("link", "set", "lo", "up")
		port := fmt.Sprintf("p%d", i)
		run(t, "ip", "-n", hub.name, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", c.name)
		hub.ip("link", "set", port, "master", "br0")
		hub.ip("link", "set", port, "up")
		c.ip("addr", "add", c.addr()+"/16", "dev", "eth0")
		c.ip("link", "set", "eth0", "up")
		all = append(all, c)
	}

	binary := program(t)
	seed := all[0].start(t, binary, "seed", "")
	var nodes []*inmate
	for _, c := range all {
		for i := range perCell {
			nodes = append(nodes, c.start(t, binary, fmt.Sprintf("%s-%d", c.name, i+1), seed.ready.LibP2P[0]))
		}
	}
	whole := func(within time.Duration) time.Duration {
		t.Helper()
		took, short := awaitPeers(t, nodes, within)
		if len(short) > 0 {
			t.Errorf("not everybody has everybody after %s: %s", within, strings.Join(short, ", "))
		}
		return took
	}
	note("%d nodes in %d namespaces: everybody has everybody after %s", len(nodes), cells, whole(time.Minute).Round(100*time.Millisecond))

	all[1].ip("link", "set", "eth0", "down")
	hub.ip("link", "set", "p3", "nomaster")
	time.Sleep(cutFor) // nothing to wait for: this is how long the cut is
	note("after a cut of %s: %s", cutFor, peersOf(t, nodes))
	all[1].ip("link", "set", "eth0", "up")
	hub.ip("link", "set", "p3", "master", "br0")
	took := whole(time.Minute)
	verdict := "ok"
	if took > healedBar {
		verdict = "short"
		t.Errorf("the cut healed after %s, want %s", took, healedBar)
	}
	note("healed %s after the cut's end (bar %s: %s)", took.Round(100*time.Millisecond), healedBar, verdict)

	all[0].ip("addr", "del", all[0].addr()+"/16", "dev", "eth0")
	time.Sleep(5 * time.Second)
	all[0].ip("addr", "add", all[0].addr()+"/16", "dev", "eth0")
	note("an address gone for 5 s: everybody has everybody %s after it is back", whole(time.Minute).Round(100*time.Millisecond))
	changed := 0
	time.Sleep(3 * time.Second) // a node looks every 2 s
	for _, n := range append(nodes, seed) {
		if n.count(t, "network_changed") > 0 {
			changed++
		}
		if err := n.stop(); err != nil {
			t.Errorf("%s ended badly: %v", n.label, err)
		}
	}
	note("%d nodes noticed that their network changed", changed)
	if changed < 2*perCell {
		t.Errorf("%d nodes noticed that their network changed, want those of two namespaces", changed)
	}
}

// program builds the program.
func program(t *testing.T) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "ropewalk")
	build := exec.Command("go", "build", "-o", binary, "./cmd/ropewalk")
	build.Dir = ".."
	if text, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return binary
}

// cell is a network namespace.
type cell struct {
	t    *testing.T
	name string
	n    int
	file *os.File
}

// newCell makes a namespace that goes with the test, or skips it where that is not
// permitted.
func newCell(t *testing.T, label string, n int) *cell {
	t.Helper()
	name := fmt.Sprintf("rope%d-%s", os.Getpid(), label)
	if text, err := exec.Command("ip", "netns", "add", name).CombinedOutput(); err != nil {
		t.Skipf("no network namespaces here: %v %s", err, bytes.TrimSpace(text))
	}
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", name).Run() })
	f, err := os.Open("/run/netns/" + name)
	if err != nil {
		t.Skipf("no network namespaces here: %v", err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return &cell{t: t, name: name, n: n, file: f}
}

func run(t *testing.T, args ...string) {
	t.Helper()
	if text, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%s: %v %s", strings.Join(args, " "), err, bytes.TrimSpace(text))
	}
}

func (c *cell) ip(args ...string) {
	c.t.Helper()
	run(c.t, append([]string{"ip", "-n", c.name}, args...)...)
}

func (c *cell) addr() string { return fmt.Sprintf("10.77.%d.1", c.n) }

// dial opens a connection within the namespace.
func (c *cell) dial(ctx context.Context, network, addr string) (conn net.Conn, err error) {
	within := c.within(func() { conn, err = (&net.Dialer{}).DialContext(ctx, network, addr) })
	return conn, errors.Join(err, within)
}

// within runs f on a thread that is in the namespace.
func (c *cell) within(f func()) error {
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		return err
	}
	defer home.Close()
	if err := unix.Setns(int(c.file.Fd()), unix.CLONE_NEWNET); err != nil {
		return err
	}
	f()
	if err := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); err != nil {
		return err // the thread stays locked and ends with its goroutine
	}
	runtime.UnlockOSThread()
	return nil
}

// inmate is a node that runs in a cell.
type inmate struct {
	label string
	dir   string // its data folder
	cmd   *exec.Cmd
	ready ropewalk.Info
	end   client.Endpoint
	http  *http.Client
}

// start runs a node in the namespace, or a seed when it is told of none.
func (c *cell) start(t *testing.T, binary, label, seed string, more ...string) *inmate {
	t.Helper()
	dir := filepath.Join(t.TempDir(), label)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	args := []string{"netns", "exec", c.name, binary, "node", "--data", dir, "--localnet", "--rlpx", "off",
		"--libp2p", "/ip4/" + c.addr() + "/tcp/0", "--libp2p", "/ip4/" + c.addr() + "/udp/0/quic-v1"}
	if seed == "" {
		args[4] = "seed"
	} else {
		args = append(args, "--seeds", seed)
	}
	args = append(args, more...)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	n := &inmate{label: label, dir: dir, cmd: exec.Command("ip", args...), http: &http.Client{Transport: &http.Transport{DialContext: c.dial}, Timeout: 30 * time.Second}}
	n.cmd.Stderr = log
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := n.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if n.cmd.ProcessState == nil {
			_ = n.cmd.Process.Kill()
			_ = n.cmd.Wait()
		}
		n.http.CloseIdleConnections()
		if text, err := os.ReadFile(filepath.Join(dir, "log")); err == nil && t.Failed() {
			t.Logf("%s:\n%s", label, text[max(0, len(text)-2000):])
		}
	})
	var line bytes.Buffer
	for b := make([]byte, 1); !bytes.HasSuffix(line.Bytes(), []byte("\n")); line.Write(b) {
		if _, err := out.Read(b); err != nil {
			t.Fatalf("%s: no ready line", label)
		}
	}
	text, _ := strings.CutPrefix(line.String(), "ready ")
	if err := json.Unmarshal([]byte(text), &n.ready); err != nil {
		t.Fatalf("%s: ready line: %v", label, err)
	}
	if n.end, err = client.ReadEndpoint(dir); err != nil {
		t.Fatal(err)
	}
	return n
}

// stop ends the node in order.
func (n *inmate) stop() error {
	_ = n.cmd.Process.Signal(os.Interrupt)
	return n.cmd.Wait()
}

// get reads from the node's API.
func (n *inmate) get(t *testing.T, method, path, body string) []byte {
	t.Helper()
	req, err := http.NewRequest(method, n.end.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+n.end.Token)
	req.Header.Set("Content-Type", "application/json")
	res, err := n.http.Do(req)
	if err != nil {
		t.Fatalf("%s does not answer: %v", n.label, err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatalf("%s: %v", n.label, err)
	}
	return text
}

// peers counts the node's peers but for the seed.
func (n *inmate) peers(t *testing.T) (count int) {
	t.Helper()
	var answer struct{ Result []ropewalk.Session }
	if err := json.Unmarshal(n.get(t, http.MethodPost, "/rpc", `{"jsonrpc":"2.0","id":1,"method":"session_list","params":{}}`), &answer); err != nil {
		t.Fatalf("%s: %v", n.label, err)
	}
	for _, s := range answer.Result {
		if isPeer(s) {
			count++
		}
	}
	return count
}

// count is how often the node has reported an event.
func (n *inmate) count(t *testing.T, kind string) (count int) {
	t.Helper()
	for _, line := range strings.Split(string(n.get(t, http.MethodGet, "/metrics", "")), "\n") {
		if strings.HasPrefix(line, `ropewalk_events_total{kind="`+kind+`"`) {
			_, _ = fmt.Sscanf(line[strings.LastIndexByte(line, ' ')+1:], "%d", &count)
		}
	}
	return count
}

// awaitPeers waits until every node has every other as a peer, and tells who has not.
func awaitPeers(t *testing.T, nodes []*inmate, within time.Duration) (time.Duration, []string) {
	t.Helper()
	start := time.Now()
	for {
		var short []string
		for _, n := range nodes {
			if have := n.peers(t); have < len(nodes)-1 {
				short = append(short, fmt.Sprintf("%s %d", n.label, have))
			}
		}
		if took := time.Since(start); len(short) == 0 || took > within {
			return took, short
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func peersOf(t *testing.T, nodes []*inmate) string {
	var have []int
	for _, n := range nodes {
		have = append(have, n.peers(t))
	}
	slices.Sort(have)
	return fmt.Sprintf("peers %v", have)
}
