package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/config"
	"github.com/ropewalk/ropewalk/link"
)

// The most that the flags of ping take.
const (
	pingCountMax   = 1000
	pingTimeoutMax = 10 * time.Minute
	// pingProxyTimeout is the time that a dial through a proxy has, as in a node.
	pingProxyTimeout = 65 * time.Second
)

func pingCommand(a *app) *cobra.Command {
	o := ropewalk.PingOptions{Count: 3, Timeout: 10 * time.Second}
	var ownKey bool
	cmd := &cobra.Command{
		Use:     "ping ENODE|RECORD|MULTIADDR",
		GroupID: "look",
		Short:   "See who is at an address, what he speaks and how far away he is",
		Long: "Connects to any devp2p or libp2p node, shakes hands, asks who it is and measures round trips. No node\n" +
			"of yours has to run; the asker has a key of its own unless --own-key is given. A devp2p node that\n" +
			"speaks nothing we name ends the link at once: that is told, and is no failure; --cap names more.\n" +
			"Exit code 1 when nobody is there or it is somebody else, 4 when time ran out or answers are missing.",
		Example: "  ropewalk ping enode://5f3a…@203.0.113.5:30303\n" +
			"  ropewalk ping enr:-… --cap eth/68 --cap eth/69\n" +
			"  ropewalk ping /ip4/203.0.113.5/udp/4001/quic-v1/p2p/16Uiu2… --count 10 --json",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case o.Count < 1 || o.Count > pingCountMax:
				return usagef("--count %d: want 1 to %d", o.Count, pingCountMax)
			case o.Timeout < time.Millisecond || o.Timeout > pingTimeoutMax:
				return usagef("--timeout %s: want 1ms to %s", o.Timeout, pingTimeoutMax)
			}
			for _, c := range o.Caps {
				if _, err := ropewalk.ParseCap(c); err != nil {
					return usagef("--cap %.40q: want NAME/VERSION, such as eth/68", c)
				}
			}
			if ownKey {
				key, err := ropewalk.LoadKey(a.folder(cmd))
				if err != nil {
					return fmt.Errorf("ping: %w", err)
				}
				o.Key = key
			}
			s, _ := a.settings(cmd, config.Options{}) // a bad one is none of our business
			if o.Network == "" {
				o.Network = s.Node.Network
			}
			if o.Proxy == "" && viaProxy(s.Node.Session, args[0]) {
				o.Proxy = s.Node.Session.Proxy
			}
			if o.Proxy != "" && !cmd.Flags().Changed("timeout") {
				o.Timeout = pingProxyTimeout
			}
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			return a.ping(ctx, args[0], o)
		},
	}
	f := cmd.Flags()
	f.IntVar(&o.Count, "count", o.Count, "`how many` round trips to measure, one a second")
	f.DurationVar(&o.Timeout, "timeout", o.Timeout, "how `long` to wait for the connection, and for each answer")
	f.StringVar(&o.Proxy, "proxy", "", "dial through this SOCKS5 `proxy`, socks5://IP:PORT (default: the configuration's)")
	f.StringArrayVar(&o.Caps, "cap", nil, "name this `capability` too, such as eth/68 (repeatable)")
	f.StringVar(&o.Network, "network", "", "name the protocols of this Ropewalk `network` (default: the configuration's)")
	f.BoolVar(&ownKey, "own-key", false, "ask under the key of the data folder")
	return cmd
}

// viaProxy tells whether the configured proxy is for a target: one at an onion service, or
// any when TCP goes through it. Who has it so does not want to be seen pinging either.
func viaProxy(s ropewalk.SessionConfig, target string) bool {
	if a, err := link.ParseAddr(target); err == nil && a.Network().Hidden() {
		return true
	}
	m, err := link.ParseMixed(s.Mixed)
	return err != nil || m&(link.MixAll|link.MixTCP) != 0
}

// ping pings and prints. What is lost is an answer that is missing, not a failure.
func (a *app) ping(ctx context.Context, target string, o ropewalk.PingOptions) error {
	if !a.json {
		o.Met = func(r ropewalk.PingReport) { _ = a.printMet(r) }
		o.Each = func(n int, rtt time.Duration, err error) {
			switch {
			case err == nil:
				fmt.Fprintf(a.out, "%d: %s\n", n, inMilliseconds(float64(rtt)/float64(time.Millisecond)))
			case errors.Is(err, context.DeadlineExceeded):
				fmt.Fprintf(a.out, "%d: no answer in time\n", n)
			}
		}
	}
	r, err := ropewalk.Ping(ctx, target, o)
	if err != nil {
		return pingError(err)
	}
	if a.json {
		err = a.printJSON(r)
	} else {
		err = a.printPinged(r)
	}
	if err == nil && r.Lost > 0 {
		return failf(exitPartly, "ping: %d of %d answers are missing", r.Lost, r.Lost+len(r.RTT))
	}
	return err
}

// pingError says in plain words why a ping reached nobody, and which exit code that is.
func pingError(err error) error {
	switch {
	case errors.Is(err, ropewalk.ErrBadTarget):
		return usageError{err}
	case errors.Is(err, context.DeadlineExceeded):
		return failf(exitPartly, "ping: no answer in time: %w", err)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("ping: nobody listens there: %w", err)
	case errors.Is(err, link.WrongIdentity):
		return fmt.Errorf("ping: somebody else is there, who has not the key in the address: %w", err)
	}
	return fmt.Errorf("ping: %w", err)
}

// printMet says whom we met.
func (a *app) printMet(r ropewalk.PingReport) error {
	t := newTable(a.out)
	t.row("address", shortAddr(r.Addr, false))
	t.row("link", r.Link)
	t.row("id", r.ID.String())
	t.row("peer id", r.PeerID)
	t.row("agent", r.Agent)
	if r.P2P != nil {
		t.row("p2p", fmt.Sprint(*r.P2P))
	}
	t.row("handshake", inMilliseconds(r.Handshake))
	t.row("hello", inMilliseconds(r.Hello))
	t.row("speaks", strings.Join(r.Caps, " "))
	if r.Link == string(link.RLPx) {
		shared := strings.Join(r.Shared, " ")
		if shared == "" {
			shared = "nothing: no shared capability"
		}
		t.row("shared", shared)
	}
	return t.end()
}

// printPinged sums the round trips up.
func (a *app) printPinged(r ropewalk.PingReport) error {
	var err error
	switch {
	case len(r.RTT) > 0:
		sum := 0.0
		for _, v := range r.RTT {
			sum += v
		}
		_, err = fmt.Fprintf(a.out, "%s, least %s, mean %s, most %s\n", plural(len(r.RTT), "answer"),
			inMilliseconds(slices.Min(r.RTT)), inMilliseconds(sum/float64(len(r.RTT))), inMilliseconds(slices.Max(r.RTT)))
	case r.Lost == 0:
		_, err = fmt.Fprintln(a.out, "no round trip could be measured")
	}
	if err == nil && r.Ended != "" {
		_, err = fmt.Fprintf(a.out, "the node ended the link: %s\n", r.Ended)
	}
	return err
}

func inMilliseconds(v float64) string { return fmt.Sprintf("%.2fms", v) }
