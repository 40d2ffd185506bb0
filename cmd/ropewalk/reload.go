package main

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/ropewalk/ropewalk/config"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

// live are the keys that a running node takes over at SIGHUP. All others need a restart.
var live = []string{"log.level", "session.outbound", "session.inbound", "session.peers"}

// end is where a signal comes that ends the program while it stops: any but SIGHUP.
func (r *running) end() <-chan os.Signal {
	out := make(chan os.Signal, 1)
	go func() { // ends with the process, or the first such signal
		for sig := range r.signals {
			if sig != syscall.SIGHUP {
				out <- sig
				return
			}
		}
	}()
	return out
}

// reload reads the configuration again and takes over what can change while nodes run.
// One that cannot be meant changes nothing.
func (r *running) reload(ctx context.Context) {
	next, err := r.load()
	if err != nil {
		r.log.Error("configuration not reloaded", "err", strings.ReplaceAll(err.Error(), "\n", "; "))
		return
	}
	changed := r.settings.Changed(next)
	var late []string
	for _, path := range changed {
		if !slices.Contains(live, path) || r.several() && path != "log.level" {
			late = append(late, path)
		}
	}
	if err := r.level.UnmarshalText([]byte(next.Log.Level)); err != nil {
		r.log.Error("configuration not reloaded", "err", err)
		return
	}
	if !r.several() && len(next.Networks) == 0 {
		r.reloadNode(ctx, next)
	}
	if r.several() == (len(next.Networks) > 0) {
		r.settings = next
	}
	r.log.Info("configuration reloaded", "changed", strings.Join(changed, " "))
	if len(late) > 0 {
		r.log.Warn("these changes need a restart", "keys", strings.Join(late, " "))
	}
}

// reloadNode changes the one node: how many links it has, and whom it keeps.
func (r *running) reloadNode(ctx context.Context, next *config.Settings) {
	n, cfg := &r.nodes[0], next.Node
	was := n.cfg.Places()
	n.cfg.Session.Outbound, n.cfg.Session.Inbound = cfg.Session.Outbound, cfg.Session.Inbound
	if is := n.cfg.Places(); was != is {
		if _, err := n.SetPlaces(ctx, is.Outbound, is.Inbound); err != nil {
			r.log.Error("slots not changed", "err", err)
		}
	}
	for _, text := range n.cfg.Session.Peers {
		if who, ok := keptID(text); ok && !slices.Contains(cfg.Session.Peers, text) {
			if err := n.Forget(ctx, who); err != nil {
				r.log.Warn("peer not forgotten", "peer", who.Short(), "err", err)
			}
		}
	}
	for _, text := range cfg.Session.Peers {
		if !slices.Contains(n.cfg.Session.Peers, text) {
			r.visits.Go(func() {
				if _, err := n.Keep(ctx, text); err != nil && !errors.Is(err, context.Canceled) {
					r.log.Warn("peer not kept", "peer", text, "err", err)
				}
			})
		}
	}
	n.cfg.Session.Peers = cfg.Session.Peers
}

// keptID is whom an entry of session.peers names.
func keptID(text string) (id.ID, bool) {
	if a, err := link.ParseAddr(text); err == nil {
		return a.ID(), !a.ID().IsZero()
	}
	return recordID(text)
}
