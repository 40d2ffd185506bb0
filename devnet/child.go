package devnet

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/api/client"
)

// child is a node in a process of its own.
type child struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when the process has been waited for
	err   error         // of the process; read after ended
	ready ropewalk.Info
	end   client.Endpoint
	log   *os.File
}

// launchChild starts a node as a process and waits for its ready line.
func (d *Devnet) launchChild(ctx context.Context, m *member) (running, error) {
	args := []string{"node", "--data", m.dir, "--localnet", "--network", network, "--outbound", strconv.Itoa(outbound), "--rpc", anyPort}
	if d.opt.Dnet {
		args = append(args, "--dnet", anyPort)
	}
	switch d.opt.Link {
	case linkRLPx:
		args = append(args, "--libp2p", "")
	case linkLibP2P:
		args = append(args, "--rlpx", "off")
	}
	if m.seed {
		args[0] = "seed"
	} else {
		args = append(args, "--seeds", d.seedAddr())
	}
	if err := os.MkdirAll(m.dir, 0o700); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(filepath.Join(m.dir, "log"), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	c := &child{cmd: exec.Command(d.opt.Binary, args...), ended: make(chan struct{}), log: log}
	c.cmd.Stderr = log
	c.cmd.Env = append(os.Environ(), "ROPEWALK_SESSION_SAVE_EVERY="+saveEvery.String())
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, errors.Join(err, log.Close())
	}
	if err := c.cmd.Start(); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	lines := make(chan string, 1)
	d.run(func() {
		defer close(c.ended)
		defer log.Close()
		r := bufio.NewReaderSize(out, 64<<10)
		line, _ := r.ReadString('\n')
		lines <- line
		_, _ = io.Copy(io.Discard, r)
		c.err = c.cmd.Wait()
	})
	if err := c.await(ctx, lines, m); err != nil {
		c.kill()
		return nil, err
	}
	return c, nil
}

// await reads the ready line and finds the RPC.
func (c *child) await(ctx context.Context, lines <-chan string, m *member) (err error) {
	ctx, cancel := context.WithTimeout(ctx, launchWithin)
	defer cancel()
	select {
	case line := <-lines:
		text, ok := strings.CutPrefix(line, "ready ")
		if !ok {
			return fmt.Errorf("devnet: %s did not get ready; see %s", m.name, c.log.Name())
		}
		if err := json.Unmarshal([]byte(text), &c.ready); err != nil {
			return fmt.Errorf("devnet: %s: ready line: %w", m.name, err)
		}
	case <-ctx.Done():
		return fmt.Errorf("devnet: %s is not ready after %s; see %s", m.name, launchWithin, c.log.Name())
	}
	c.end, err = client.ReadEndpoint(m.dir)
	return err
}

func (c *child) endpoint() client.Endpoint { return c.end }
func (c *child) info() ropewalk.Info       { return c.ready }

// kill is SIGKILL.
func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	<-c.ended
}

// stop asks the process to end and kills it when it does not.
func (c *child) stop(within time.Duration) error {
	_ = c.cmd.Process.Signal(os.Interrupt)
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-c.ended:
		return c.err
	case <-timer.C:
		c.kill()
		return fmt.Errorf("devnet: process %d did not end within %s", c.cmd.Process.Pid, within)
	}
}
