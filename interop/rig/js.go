package rig

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// JS is a process of Node.js that runs nodes of another implementation. Its first line of
// standard output is what it says when it is ready. Then each line of standard input is a
// request {"id", "do", …}, answered by {"id", …} or {"id", "error"}; a line without an ID
// is news. It ends with its input.
type JS struct {
	t     *testing.T
	cmd   *exec.Cmd
	errs  strings.Builder
	heard func(line []byte)
	ended chan struct{}
	once  sync.Once

	mu    sync.Mutex // over what follows
	in    io.WriteCloser
	calls map[int]chan []byte
	last  int
}

// lineMax is how long a line may be, in bytes.
const lineMax = 64 << 20

// StartJS runs a script with its arguments in a folder where its packages are installed,
// and reads what it says first into ready. heard, if there is one, gets its news, one at a
// time. The process ends with the test. Where the packages are missing the test is
// skipped, unless INTEROP_JS is set.
func StartJS(t *testing.T, dir string, ready any, heard func(line []byte), script string, args ...string) *JS {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
		if os.Getenv("INTEROP_JS") == "" {
			t.Skip(dir + " is not installed: run make interop")
		}
		t.Fatal(err)
	}
	x := &JS{t: t, heard: heard, ended: make(chan struct{}), calls: map[int]chan []byte{}}
	x.cmd = exec.Command("node", append([]string{script}, args...)...)
	x.cmd.Dir, x.cmd.Stderr = dir, &x.errs
	var out io.ReadCloser
	var err error
	if x.in, err = x.cmd.StdinPipe(); err == nil {
		out, err = x.cmd.StdoutPipe()
	}
	if err == nil {
		err = x.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	scan := bufio.NewScanner(out)
	scan.Buffer(nil, lineMax)
	t.Cleanup(x.Stop)
	if !scan.Scan() || json.Unmarshal(scan.Bytes(), ready) != nil {
		close(x.ended)
		x.Stop()
		t.Fatalf("%s does not start: %.200q\n%s", dir, scan.Text(), x.said())
	}
	go x.read(scan)
	return x
}

// Stop ends the process and waits for it; twice does no harm.
func (x *JS) Stop() {
	x.once.Do(func() {
		x.in.Close()
		<-x.ended
		if err := x.cmd.Wait(); err != nil {
			x.t.Errorf("%s ends with %v\n%s", x.cmd.Dir, err, x.said())
		}
	})
}

// said is the end of what it wrote to standard error; only once it has ended.
func (x *JS) said() string {
	s := x.errs.String()
	return s[max(0, len(s)-4000):]
}

// read hands out the lines of the process until it ends.
func (x *JS) read(scan *bufio.Scanner) {
	defer close(x.ended)
	for scan.Scan() {
		var l struct{ ID int }
		if json.Unmarshal(scan.Bytes(), &l) != nil {
			continue // a library's own word
		}
		line := append([]byte(nil), scan.Bytes()...)
		if l.ID == 0 {
			if x.heard != nil {
				x.heard(line)
			}
			continue
		}
		x.mu.Lock()
		call := x.calls[l.ID]
		delete(x.calls, l.ID)
		x.mu.Unlock()
		if call != nil {
			call <- line
		}
	}
}

// Ask sends a request and waits for the answer, which goes into out unless that is nil.
func (x *JS) Ask(do string, args map[string]any, out any) error {
	answer := make(chan []byte, 1)
	line := map[string]any{"do": do}
	for k, v := range args {
		line[k] = v
	}
	x.mu.Lock()
	x.last++
	line["id"] = x.last
	x.calls[x.last] = answer
	text, err := json.Marshal(line)
	if err == nil {
		_, err = x.in.Write(append(text, '\n'))
	}
	x.mu.Unlock()
	if err != nil {
		return err
	}
	select {
	case text = <-answer:
	case <-x.ended:
		select {
		case text = <-answer: // its last word
		default:
			return errors.New("the process is gone")
		}
	}
	var failed struct{ Error string }
	if err := json.Unmarshal(text, &failed); err != nil {
		return fmt.Errorf("%.200q: %w", text, err)
	}
	if failed.Error != "" {
		return errors.New(failed.Error)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(text, out)
}
