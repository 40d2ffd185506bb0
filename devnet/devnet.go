package devnet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/scenario"
)

// Devnet is a net of real nodes on loopback.
type Devnet struct {
	opt     Options
	log     *slog.Logger
	members []*member
	temp    bool // the folder is ours to remove
	ctx     context.Context
	cancel  context.CancelFunc
	group   sync.WaitGroup
	front   *front // of a net of processes, once the seed is up

	mu     sync.Mutex
	coming map[int]bool
	files  map[string]shared // of the script
	got    map[fetched]delivery
	err    error
}

var errOnlySim = errors.New("only the simulator can do that")

// Result says how a devnet's script went.
type Result struct {
	OK    bool              `json:"ok"`
	Steps []scenario.Result `json:"steps"`
}

// Run runs a devnet until the script has ended, with Options.Exit, or the context
// does. Everything is stopped when it returns.
func Run(ctx context.Context, opt Options) (Result, error) {
	d, err := open(ctx, opt)
	if err != nil {
		return Result{}, err
	}
	res, err := d.play()
	if err == nil && !opt.Exit {
		d.say("running; press ctrl-c to stop")
		<-d.ctx.Done()
	}
	return res, errors.Join(err, d.close())
}

func open(ctx context.Context, opt Options) (*Devnet, error) {
	if opt.Script == nil {
		opt.Script, _ = scenario.Parse("stay", []byte("nodes 8 seeds 1\nwait all peers>=3 within 20s\njoin all lobby\n"))
	}
	if opt.Nodes > 0 {
		if err := opt.Script.Resize(opt.Nodes); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrOptions, err)
		}
	}
	switch n := opt.Script.Nodes(); {
	case n > NodesMax:
		return nil, fmt.Errorf("%w: %d nodes, want 1 to %d (the simulator takes more)", ErrOptions, n, NodesMax)
	case opt.Script.Seeds() > 1:
		return nil, fmt.Errorf("%w: %d seeds, want at most 1", ErrOptions, opt.Script.Seeds())
	case opt.Link != "" && !slices.Contains(Links, opt.Link):
		return nil, fmt.Errorf("%w: link %.20q, want %s", ErrOptions, opt.Link, strings.Join(Links, " or "))
	case opt.Processes && opt.Binary == "":
		return nil, fmt.Errorf("%w: no binary for the processes", ErrOptions)
	}
	if err := opt.Script.Check("devnet", can); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrOptions, err)
	}
	d := &Devnet{opt: opt, log: opt.Logger, coming: map[int]bool{}, files: map[string]shared{}, got: map[fetched]delivery{}}
	if d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	if d.opt.Out == nil {
		d.opt.Out = io.Discard
	}
	if d.opt.Dir == "" {
		dir, err := os.MkdirTemp("", "ropewalk-devnet-")
		if err != nil {
			return nil, fmt.Errorf("devnet: %w", err)
		}
		d.opt.Dir, d.temp = dir, true
	}
	for i := range opt.Script.Nodes() {
		name := scenario.NodeName(i)
		d.members = append(d.members, &member{i: i, name: name, dir: filepath.Join(d.opt.Dir, name), seed: i < opt.Script.Seeds(), every: max(pollEvery, time.Duration(opt.Script.Nodes())*pollShare), seen: map[place]*sighting{}})
	}
	d.ctx, d.cancel = context.WithCancel(ctx)
	return d, nil
}

// run starts a goroutine that close waits for.
func (d *Devnet) run(f func()) { d.group.Go(f) }

// launch starts a node beside the play. Others wait until the seed is up, because
// they are told its address.
func (d *Devnet) launch(i int) {
	m := d.members[i]
	d.mu.Lock()
	d.coming[i] = true
	d.mu.Unlock()
	start := func() {
		m.awaitGone() // its folder is in use until then
		launch := d.launchInside
		if d.opt.Processes {
			launch = d.launchChild
		}
		r, err := launch(d.ctx, m)
		if err != nil {
			d.fail(fmt.Errorf("%s: %w", m.name, err))
			return
		}
		if m.i == 0 {
			d.welcome(m, r)
		}
		if err := m.up(d.ctx, d.run, r); err != nil {
			if d.ctx.Err() == nil {
				d.fail(fmt.Errorf("%s: %w", m.name, err))
			}
			r.kill()
			return
		}
		if at := r.info().Dnet; at != "" {
			d.say("%s has a socket for viewers at %s", m.name, at)
		}
		d.mu.Lock()
		delete(d.coming, i)
		d.mu.Unlock()
	}
	if m.seed {
		start() // the others need its address
		return
	}
	d.run(start)
}

// welcome tells where the net can be entered and looked at.
func (d *Devnet) welcome(m *member, r running) {
	d.say("%s is the seed: %s", m.name, addrOf(r.info()))
	d.say("data folders: %s (ropewalk status --data %s)", d.opt.Dir, m.dir)
	if d.opt.Dash == "" {
		return
	}
	at := r.endpoint().URL
	if d.opt.Processes && d.front == nil {
		f, err := d.serveFront(r.endpoint())
		if err != nil {
			d.fail(err)
			return
		}
		d.front, at = f, f.url()
	}
	d.say("dashboard: %s/#token=%s", at, r.endpoint().Token)
}

func (d *Devnet) isComing(i int) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.coming[i]
}

// seedAddr is where the seed listens. The seed is launched before the others.
func (d *Devnet) seedAddr() string {
	m := d.members[0]
	m.mu.Lock()
	defer m.mu.Unlock()
	return addrOf(m.info)
}

// addrOf is where a node is dialled.
func addrOf(n ropewalk.Info) string {
	if len(n.LibP2P) == 0 {
		return n.Enode
	}
	return n.LibP2P[0]
}

// play plays the script to its end.
func (d *Devnet) play() (Result, error) {
	p := scenario.NewPlay(d.opt.Script, stage{d}, rand.New(rand.NewPCG(rand.Uint64(), rand.Uint64())))
	tick := time.NewTicker(visitEvery)
	defer tick.Stop()
	told := 0
	for {
		over := p.Advance(time.Now())
		for _, r := range p.Report()[told:] {
			d.say("%s", stepLine(r))
			told++
		}
		if over {
			return Result{OK: !p.Failed(), Steps: p.Report()}, nil
		}
		select {
		case <-tick.C:
		case <-d.ctx.Done():
			return Result{Steps: p.Report()}, d.ctx.Err()
		}
	}
}

func stepLine(r scenario.Result) string {
	mark := "ok  "
	if !r.OK {
		mark = "FAIL"
	}
	line := fmt.Sprintf("%s %8s  %s", mark, r.Took.Round(time.Millisecond), r.Text)
	if r.Detail != "" {
		line += "  (" + r.Detail + ")"
	}
	return line
}

func (d *Devnet) say(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fmt.Fprintf(d.opt.Out, format+"\n", args...)
}

func (d *Devnet) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.err == nil {
		d.err = err
	}
}

func (d *Devnet) failure() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.err
}

// close stops every node in order, all at once.
func (d *Devnet) close() error {
	d.cancel()
	var (
		mu  sync.Mutex
		err error
	)
	var stops sync.WaitGroup
	for _, m := range d.members {
		if r := m.down(); r != nil {
			stops.Go(func() {
				if e := r.stop(closeWithin); e != nil {
					mu.Lock()
					err = errors.Join(err, fmt.Errorf("%s: %w", m.name, e))
					mu.Unlock()
				}
			})
		}
	}
	stops.Wait()
	if d.front != nil {
		err = errors.Join(err, d.front.close())
	}
	d.group.Wait()
	if d.temp {
		err = errors.Join(err, os.RemoveAll(d.opt.Dir))
	}
	return err
}
