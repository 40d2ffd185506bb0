package interop

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/api/client"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/interop/rig"
)

// binary is the built program, made once for all tests that run it.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "ropewalk-interop-")
	if err != nil {
		return "", err
	}
	binaryDir = dir
	out := filepath.Join(dir, "ropewalk")
	build := exec.Command("go", "build", "-o", out, "./cmd/ropewalk")
	build.Dir = ".."
	if text, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, text)
	}
	return out, nil
})

var binaryDir string

func TestMain(m *testing.M) {
	// The codecs are quick to compare; -rapid.checks overrides it.
	if err := flag.Set("rapid.checks", "2000"); err != nil {
		panic(err)
	}
	code := m.Run()
	if binaryDir != "" {
		os.RemoveAll(binaryDir)
	}
	os.Exit(code)
}

// program is a ropewalk node in a process of its own, used by its commands alone.
type program struct {
	t     *testing.T
	label string
	topic string
	data  string // folder
	ready ropewalk.Info
	id    id.PeerID
	rpc   *client.Client
	mail  *mailbox
}

// command makes one command of the program on the node's data folder.
func command(t *testing.T, ctx context.Context, data string, args ...string) *exec.Cmd {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(ctx, path, append(args, "--data", data)...)
	cmd.Env = append(os.Environ(), "NO_COLOR=1")
	// A test that gives up must not leave a node behind.
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 15 * time.Second
	return cmd
}

// startProgram runs `ropewalk node` and `ropewalk sub` until the test ends.
func startProgram(t *testing.T, label, topic, sign string, listen ...string) *program {
	t.Helper()
	p := &program{t: t, label: label, topic: topic, data: t.TempDir(), mail: newMailbox()}
	if sign == "none" {
		text := "[gossip]\nsign = \"none\"\n"
		if err := os.WriteFile(filepath.Join(p.data, "config.toml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := []string{"node", "--localnet", "--rpc", "127.0.0.1:0"}
	for _, a := range listen {
		args = append(args, "--libp2p", a)
	}
	lines := p.stream(args...)
	line, ok := <-lines
	text, isReady := strings.CutPrefix(line, "ready ")
	if !ok || !isReady {
		t.Fatalf("%s: no ready line but %q", label, line)
	}
	if err := json.Unmarshal([]byte(text), &p.ready); err != nil {
		t.Fatalf("%s: ready line: %v", label, err)
	}
	var err error
	if p.id, err = id.ParsePeerID(p.ready.PeerID); err != nil {
		t.Fatal(err)
	}
	if p.rpc, err = client.Open(p.data); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.rpc.Close() })
	p.follow()
	return p
}

// follow runs `ropewalk sub TOPIC --json` and reads what it prints.
func (p *program) follow() {
	lines := p.stream("sub", p.topic, "--json")
	go func() {
		for line := range lines {
			var m ropewalk.Message
			if err := json.Unmarshal([]byte(line), &m); err != nil || m.Topic != p.topic {
				p.mail.add("", "a line that is no message: "+line)
				continue
			}
			from, _ := id.ParsePeerID(m.From)
			p.mail.add(from, string(m.Data))
		}
	}()
}

// stream runs a command until the test ends and gives its lines of standard
// output. It must then end with exit code 0.
func (p *program) stream(args ...string) <-chan string {
	p.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := command(p.t, ctx, p.data, args...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		p.t.Fatal(err)
	}
	lines, ended := make(chan string, 4096), make(chan struct{})
	go func() {
		defer close(ended)
		defer close(lines)
		scan := bufio.NewScanner(out)
		scan.Buffer(nil, 8<<20)
		for scan.Scan() {
			lines <- scan.Text()
		}
		io.Copy(io.Discard, out)
	}()
	p.t.Cleanup(func() {
		cancel()
		<-ended
		if err := cmd.Wait(); err != nil && !errors.Is(err, context.Canceled) {
			p.t.Errorf("ropewalk %s ends with %v\n%s", strings.Join(args, " "), err, tail(errs.String()))
		}
	})
	return lines
}

// run runs a command to its end.
func (p *program) run(stdin string, args ...string) string {
	p.t.Helper()
	cmd := command(p.t, rig.Within(p.t), p.data, args...)
	cmd.Stdin = strings.NewReader(stdin)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		p.t.Fatalf("ropewalk %.80s: %v\n%s", strings.Join(args, " "), err, tail(errs.String()))
	}
	return string(out)
}

// tail is the end of a long log.
func tail(s string) string {
	if len(s) > 2000 {
		s = "…" + s[len(s)-2000:]
	}
	return s
}

func (p *program) name() string    { return p.label }
func (p *program) peer() id.PeerID { return p.id }
func (p *program) inbox() *mailbox { return p.mail }

func (p *program) addr(transport string) string {
	for _, a := range p.ready.LibP2P {
		if strings.Contains(a, "/"+transport) {
			return a
		}
	}
	return "no " + transport + " address of " + p.label
}

func (p *program) dial(t *testing.T, addr string) {
	t.Helper()
	p.run("", "connect", addr)
}

func (p *program) publish(t *testing.T, data string) {
	t.Helper()
	p.run("", "pub", p.topic, data)
}

func (p *program) topicPeers() int {
	var all []ropewalk.TopicInfo
	if p.rpc.Call(context.Background(), "gossip_topics", map[string]any{}, &all) != nil {
		return -1
	}
	for _, t := range all {
		if t.Topic == p.topic {
			return t.Peers
		}
	}
	return 0
}

func (p *program) mesh() []id.ID {
	var out struct{ Mesh []id.ID }
	if p.rpc.Call(context.Background(), "gossip_mesh", map[string]any{"topic": p.topic}, &out) != nil {
		return nil
	}
	return out.Mesh
}
