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
	"strings"
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

func seedCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "seed",
		GroupID: "run",
		Short:   "Run a seed: a node that answers many and dials nobody",
		Long:    "Runs a node with the profile seed: others ask it for hosts when they know nobody. It takes the\nflags of `ropewalk node`.",
		Example: "  ropewalk seed --libp2p /ip4/0.0.0.0/tcp/4001 --libp2p /ip4/0.0.0.0/udp/4001/quic-v1",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.runNode(cmd, "seed") },
	}
	addConfigFlags(cmd)
	return cmd
}

// runNode is the life of a node, from the configuration to the last file.
func (a *app) runNode(cmd *cobra.Command, profile string) error {
	s, err := a.settings(cmd, config.Options{Profile: profile})
	if err != nil {
		return err
	}
	if s.Node.DataDir, err = filepath.Abs(s.Node.DataDir); err != nil {
		return err
	}
	log, closeLog, err := a.logger(s.Log)
	if err != nil {
		return err
	}
	defer closeLog()
	warn(log, s)
	limitMemory(a, s.Node.Profile)

	signals := make(chan os.Signal, 4)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)

	s.Node.Logger = log
	n, err := ropewalk.New(s.Node)
	if err != nil {
		return err
	}
	if err := n.Start(cmd.Context()); err != nil {
		return listenError(err) // Start has undone everything
	}
	r := &running{app: a, settings: s, log: log, node: n, signals: signals, dir: s.Node.DataDir}
	if err := r.start(); err != nil {
		return errors.Join(err, r.stopOrDie())
	}
	r.wait(cmd.Context())
	return r.stopOrDie()
}

// running is a node and what the program put around it.
type running struct {
	app      *app
	settings *config.Settings
	log      *slog.Logger
	node     *ropewalk.Node
	server   *api.Server // nil when listen.rpc is off
	signals  chan os.Signal
	dir      string
	told     bool // the endpoint file is written
}

// start opens the API of a started node and prints the ready line.
func (r *running) start() error {
	if err := r.serve(); err != nil {
		return err
	}
	line, err := json.Marshal(r.node.Info())
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(r.app.out, "ready %s\n", line); err != nil {
		return fmt.Errorf("print the ready line: %w", err)
	}
	r.log.Info("ready", "node", r.node.Info().ID.Short(), "rpc", r.node.Info().RPC, "network", r.node.Info().Network)
	notifySystemd(r.app, "READY=1")
	return nil
}

// serve opens the API and tells other commands where it is.
func (r *running) serve() error {
	if r.settings.RPC == "off" {
		return nil
	}
	var served api.Node = r.node
	if !r.settings.Metrics.Enabled {
		served = noMetrics{r.node}
	}
	var err error
	r.server, err = api.NewServer(served, api.Options{
		Listen: r.settings.RPC, Expose: r.settings.Expose, Dnet: r.settings.Dnet, DnetControl: r.settings.DnetControl,
		Network: r.settings.Node.Network, Logger: r.log,
	})
	if err != nil {
		return err
	}
	if err := r.server.Start(); err != nil {
		flag, addr := "--rpc", r.settings.RPC
		if r.settings.Dnet != "" && strings.Contains(err.Error(), r.settings.Dnet) {
			flag, addr = "--dnet", r.settings.Dnet
		}
		return fmt.Errorf("cannot listen on %s (%s): %w", addr, flag, rootCause(err))
	}
	url := r.server.URL()
	r.node.SetRPC(url)
	r.node.SetDnet(r.server.DnetAddr())
	r.told = true
	return client.WriteEndpoint(r.dir, client.Endpoint{URL: url, Token: r.server.Token(), PID: os.Getpid()})
}

// noMetrics is a node that counts for itself only.
type noMetrics struct{ *ropewalk.Node }

func (noMetrics) Registry() *prometheus.Registry { return prometheus.NewRegistry() }

// wait returns when somebody wants the node to end.
func (r *running) wait(ctx context.Context) {
	select {
	case sig := <-r.signals:
		r.log.Info("stopping", "signal", sig.String())
		if isTerminal(r.app.err) {
			fmt.Fprintln(r.app.err, "Stopping; press Ctrl-C again to end at once.")
		}
	case <-r.node.StopRequested():
		r.log.Info("stopping", "reason", "asked to")
	case <-ctx.Done():
	}
	notifySystemd(r.app, "STOPPING=1")
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
	case <-r.signals:
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
	var err error
	if r.server != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		if e := r.server.Close(ctx); e != nil {
			r.log.Debug("API ended calls in flight", "err", e)
		}
	}
	err = r.node.Close()
	r.log.Info("stopped")
	return err
}

func (r *running) forget() {
	if !r.told {
		return
	}
	if err := client.RemoveEndpoint(r.dir, os.Getpid()); err != nil {
		r.log.Warn("cannot remove the endpoint file", "err", err)
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
	if s.UDP != "" {
		log.Warn(fmt.Sprintf("--udp %s: discv5 is not built in this version, nothing listens there", s.UDP))
	}
	if len(s.Node.Session.Bootnodes) > 0 {
		log.Warn("--bootnodes: discv5 is not built in this version; use --seeds or --peers")
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
