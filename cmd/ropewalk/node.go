package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/api"
	"github.com/ropewalk/ropewalk/api/client"
	"github.com/ropewalk/ropewalk/config"
)

// stopWithin bounds a stop after the first signal (contract: 10 s).
const stopWithin = 9 * time.Second

func nodeCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "node",
		GroupID: "run",
		Short:   "Run a node",
		Long: "Runs a node until SIGINT, SIGTERM or `ropewalk stop`; a second signal ends it at once.\n\n" +
			"When everything listens, one line goes to standard output: \"ready \" and a JSON object that says\n" +
			"who the node is and where. Logs go to standard error. Every flag has an environment variable,\n" +
			"ROPEWALK_OUTBOUND for --outbound, and a key in the configuration file, in brackets below. Most of\n" +
			"[gossip] has no flag, and [gossip.topic.\"NAME\"] sets single topics: `ropewalk config` explains all.",
		Example: "  ropewalk node\n" +
			"  ropewalk node --data A --localnet --libp2p /ip4/127.0.0.1/tcp/0\n" +
			"  ropewalk node --data B --localnet --peers /ip4/127.0.0.1/tcp/4001/p2p/16Uiu2…\n" +
			"  ropewalk node --rlpx 0.0.0.0:30303 --rlpx [::]:30303 --peers enode://5f3a…@203.0.113.5:30303",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runNode(cmd, "") },
	}
	addConfigFlags(cmd)
	return cmd
}

// runNode is the life of a node, or of one for each network of a seed, from the
// configuration to the last file.
func (a *app) runNode(cmd *cobra.Command, profile string) error {
	load := func() (*config.Settings, error) {
		s, err := a.settings(cmd, config.Options{Profile: profile, Networks: profile == "seed"})
		if err != nil {
			return nil, err
		}
		s.Node.DataDir, err = filepath.Abs(s.Node.DataDir)
		return s, err
	}
	s, err := load()
	if err != nil {
		return err
	}
	level := new(slog.LevelVar)
	log, closeLog, err := a.logger(s.Log, level)
	if err != nil {
		return err
	}
	defer closeLog()
	warn(log, s)
	limitMemory(a, s.Node.Profile)

	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)

	r := &running{app: a, settings: s, load: load, log: log, level: level, signals: signals}
	if err := r.launch(cmd.Context()); err != nil {
		return err
	}
	if err := r.start(); err != nil {
		return errors.Join(err, r.stopOrDie())
	}
	r.wait(cmd.Context())
	return r.stopOrDie()
}

// running is a node, or one for each network, and what the program put around it.
type running struct {
	app      *app
	settings *config.Settings
	load     func() (*config.Settings, error) // what the configuration is now
	log      *slog.Logger
	level    *slog.LevelVar
	nodes    []served
	server   *api.Server // nil when listen.rpc is off
	signals  chan os.Signal
	told     []string       // folders with an endpoint file
	visits   sync.WaitGroup // first dials of peers that a reload brought
}

// served is a node at work.
type served struct {
	*ropewalk.Node
	cfg ropewalk.Config
}

// launch makes and starts the nodes; on error none is left.
func (r *running) launch(ctx context.Context) error {
	for _, cfg := range r.configs() {
		n, err := ropewalk.New(cfg)
		err = r.settings.Placed(err)
		if err == nil {
			err = listenError(n.Start(ctx)) // on error Start has undone everything
		}
		if err != nil {
			for _, n := range r.nodes {
				err = errors.Join(err, n.Close())
			}
			return err
		}
		r.nodes = append(r.nodes, served{n, cfg})
	}
	return nil
}

// configs are those of the nodes: of one, or of one for each network, which share a
// registry.
func (r *running) configs() []ropewalk.Config {
	if !r.several() {
		cfg := r.settings.Node
		cfg.Logger = r.log
		return []ropewalk.Config{cfg}
	}
	registry := prometheus.NewRegistry()
	out := slices.Clone(r.settings.Networks)
	for i := range out {
		c := &out[i]
		c.Logger, c.Registry = r.log.With("network", c.Network), registry
		c.MetricLabels = map[string]string{"network": c.Network}
	}
	return out
}

// several tells whether the nodes are those of [network] tables.
func (r *running) several() bool { return len(r.settings.Networks) > 0 }

// start opens the API of the started nodes and prints the ready line.
func (r *running) start() error {
	if err := r.serve(); err != nil {
		return err
	}
	line, err := json.Marshal(r.ready())
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(r.app.out, "ready %s\n", line); err != nil {
		return fmt.Errorf("print the ready line: %w", err)
	}
	for _, n := range r.nodes {
		info := n.Info()
		r.log.Info("ready", "node", info.ID.Short(), "rpc", info.RPC, "network", info.Network)
	}
	notifySystemd(r.app, "READY=1")
	return nil
}

// ready is the object of the ready line: the node's, or those of all networks.
func (r *running) ready() any {
	if !r.several() {
		return r.nodes[0].Info()
	}
	all := seedReady{Version: ropewalk.Version(), Networks: []ropewalk.Info{}}
	if r.server != nil {
		all.RPC, all.Dnet = r.server.URL(), r.server.DnetAddr()
	}
	for _, n := range r.nodes {
		all.Networks = append(all.Networks, n.Info())
	}
	return all
}

// serve opens the API and tells other commands where it is.
func (r *running) serve() error {
	if r.settings.RPC == "off" {
		return nil
	}
	o := api.Options{
		Listen: r.settings.RPC, Expose: r.settings.Expose, Dnet: r.settings.Dnet, DnetControl: r.settings.DnetControl,
		Network: r.nodes[0].cfg.Network, Logger: r.log,
	}
	if r.several() {
		for _, n := range r.nodes {
			o.Networks = append(o.Networks, api.Network{Name: n.cfg.Network, Node: r.face(n)})
		}
	}
	var err error
	if r.server, err = api.NewServer(r.face(r.nodes[0]), o); err != nil {
		return err
	}
	if err := r.server.Start(); err != nil {
		flag, addr := "--rpc", r.settings.RPC
		if r.settings.Dnet != "" && strings.Contains(err.Error(), r.settings.Dnet) {
			flag, addr = "--dnet", r.settings.Dnet
		}
		return fmt.Errorf("cannot listen on %s (%s): %w", addr, flag, rootCause(err))
	}
	return r.tell()
}

// face is a node as the API has it.
func (r *running) face(n served) api.Node {
	if !r.settings.Metrics.Enabled {
		return noMetrics{n.Node}
	}
	return n.Node
}

// tell leaves the API's address in every data folder; that of a network is about the
// network alone.
func (r *running) tell() error {
	if !r.several() {
		n := r.nodes[0]
		n.SetRPC(r.server.URL())
		n.SetDnet(r.server.DnetAddr())
		return r.tellAt(r.settings.Node.DataDir, r.server.URL())
	}
	for _, n := range r.nodes {
		url := r.server.NetworkURL(n.cfg.Network)
		n.SetRPC(url)
		n.SetDnet(r.server.DnetAddr())
		if err := r.tellAt(n.cfg.DataDir, url); err != nil {
			return err
		}
	}
	return r.tellAtBase(r.settings.Node.DataDir)
}

func (r *running) tellAt(dir, url string) error {
	r.told = append(r.told, dir)
	return client.WriteEndpoint(dir, client.Endpoint{URL: url, Token: r.server.Token(), PID: os.Getpid()})
}

// noMetrics is a node that counts for itself only.
type noMetrics struct{ *ropewalk.Node }

func (noMetrics) Registry() *prometheus.Registry { return prometheus.NewRegistry() }

// wait returns when somebody wants the nodes to end; SIGHUP only makes it read the
// configuration again.
func (r *running) wait(ctx context.Context) {
	ctx, stop := context.WithCancel(ctx)
	defer r.visits.Wait()
	defer stop()
	asked := make(chan struct{}, len(r.nodes))
	for _, n := range r.nodes {
		go func() { // ends with the node
			<-n.StopRequested()
			asked <- struct{}{}
		}()
	}
	defer notifySystemd(r.app, "STOPPING=1")
	for {
		select {
		case sig := <-r.signals:
			if sig == syscall.SIGHUP {
				r.reload(ctx)
				continue
			}
			r.log.Info("stopping", "signal", sig.String())
			if isTerminal(r.app.err) {
				fmt.Fprintln(r.app.err, "Stopping; press Ctrl-C again to end at once.")
			}
		case <-asked:
			r.log.Info("stopping", "reason", "asked to")
		case <-ctx.Done():
		}
		return
	}
}

// stopOrDie stops, and ends the process when that takes too long or a second
// signal comes.
func (r *running) stopOrDie() error {
	done := make(chan error, 1)
	go func() { done <- r.stop() }() // ends with stop, or with the process
	late := time.NewTimer(stopWithin)
	defer late.Stop()
	select {
	case err := <-done:
		return err
	case <-r.end():
		r.forget()
		return codedError{exitInterrupted, errors.New("ended by a second signal")}
	case <-late.C:
		r.forget()
		return fmt.Errorf("could not stop within %s", stopWithin)
	}
}

// stop undoes start, in the opposite order.
func (r *running) stop() error {
	r.forget()
	if r.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if e := r.server.Close(ctx); e != nil {
			r.log.Debug("API ended calls in flight", "err", e)
		}
	}
	var ends sync.WaitGroup
	errs := make([]error, len(r.nodes))
	for i, n := range r.nodes {
		ends.Go(func() { errs[i] = n.Close() })
	}
	ends.Wait()
	r.log.Info("stopped")
	return errors.Join(errs...)
}

func (r *running) forget() {
	for _, dir := range r.told {
		if err := client.RemoveEndpoint(dir, os.Getpid()); err != nil {
			r.log.Warn("cannot remove the endpoint file", "err", err)
		}
	}
}

// listenError names the flag of a listener that cannot be opened.
func listenError(err error) error {
	var le *ropewalk.ErrListen
	if !errors.As(err, &le) {
		return err
	}
	return fmt.Errorf("cannot listen on %s (--%s): %w", le.Addr, strings.TrimPrefix(le.Field, "listen."), le.Err)
}

// rootCause is the innermost error: "address already in use".
func rootCause(err error) error {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err
		}
		err = next
	}
}

// warn says what the configuration asks for and does not get.
func warn(log *slog.Logger, s *config.Settings) {
	for _, w := range s.Warnings {
		log.Warn("configuration: " + w)
	}
	if s.Node.Listen.UDP == "off" && len(s.Node.Session.Bootnodes) > 0 {
		log.Warn("--bootnodes are of no use with --udp off: there is no discv5")
	}
}

// memoryBytes are the budgets of the profiles for the whole process; the collector
// works harder near nine tenths of them.
var memoryBytes = map[string]int64{"light": 192 << 20, "desktop": 512 << 20, "server": 2 << 30, "seed": 1 << 30}

func limitMemory(a *app, profile string) {
	if a.getenv("GOMEMLIMIT") == "" && memoryBytes[profile] > 0 {
		debug.SetMemoryLimit(memoryBytes[profile] / 10 * 9)
	}
}
