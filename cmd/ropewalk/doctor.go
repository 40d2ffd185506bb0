package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/api/client"
	"github.com/ropewalk/ropewalk/config"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/link"
)

// finding is one line of the doctor: fine, a note, or a fault.
type finding struct {
	Name   string `json:"name"`
	State  string `json:"state"` // ok, note, fault
	Detail string `json:"detail"`
}

func doctorCommand(a *app) *cobra.Command {
	repair := false
	c := &cobra.Command{
		Use:     "doctor",
		GroupID: "look",
		Short:   "Look for what is wrong and say what helps",
		Long:    "Checks configuration, data folder, key and, when a node runs, its health, peers and addresses.\nExit code 1 when something is at fault.",
		Example: "  ropewalk doctor\n  ropewalk doctor --data A --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			d := &doctor{}
			s := d.configuration(a.settings(cmd, config.Options{}))
			dir := a.folder(cmd)
			d.folder(dir)
			if repair {
				d.repair(dir)
			}
			d.proxy(cmd, s)
			d.node(cmd, dir, s)
			faulty := slices.ContainsFunc(d.all, func(f finding) bool { return f.State == "fault" })
			var err error
			if a.json {
				err = a.printJSON(map[string]any{"ok": !faulty, "checks": d.all})
			} else {
				t := newTable(a.out)
				for _, f := range d.all {
					t.row(f.State, f.Name, f.Detail)
				}
				err = t.end()
			}
			if err == nil && faulty {
				return codedError{exitFailed, errors.New("something is at fault")}
			}
			return err
		},
	}
	c.Flags().BoolVar(&repair, "repair", false, "make a new content store of what can be read of a damaged one; no node may run")
	return c
}

// repair saves what can be read of the content that the user put.
func (d *doctor) repair(dir string) {
	r, err := ropewalk.RepairStore(dir)
	switch {
	case err != nil:
		d.say("fault", "repair", "%v", err)
	case r.Gaps > 0:
		d.say("note", "repair", "%d items, %d bytes; %d stretches could not be read. What there was is in %s", r.Items, r.Bytes, r.Gaps, r.Old)
	default:
		d.say("ok", "repair", "%d items, %d bytes: nothing is lost. What there was is in %s", r.Items, r.Bytes, r.Old)
	}
}

type doctor struct{ all []finding }

func (d *doctor) say(state, name, format string, args ...any) {
	d.all = append(d.all, finding{name, state, fmt.Sprintf(format, args...)})
}

func (d *doctor) configuration(s *config.Settings, err error) *config.Settings {
	var bad *config.Error
	switch {
	case errors.As(err, &bad):
		for _, p := range bad.Problems {
			d.say("fault", "configuration", "%s", p)
		}
	case s.File == "":
		d.say("ok", "configuration", "no file, all defaults")
	default:
		d.say("ok", "configuration", "%s", s.File)
	}
	for _, w := range s.Warnings {
		d.say("note", "configuration", "%s", w)
	}
	return s
}

func (d *doctor) folder(dir string) {
	st, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.say("note", "data folder", "%s is not there yet; the first start makes it", dir)
		return
	case err != nil:
		d.say("fault", "data folder", "%v", err)
		return
	case !st.IsDir():
		d.say("fault", "data folder", "%s is no folder", dir)
		return
	case st.Mode().Perm()&0o077 != 0:
		d.say("note", "data folder", "others may look into it (mode %04o); chmod 700 %s", st.Mode().Perm(), dir)
	default:
		d.say("ok", "data folder", "%s", dir)
	}
	key, err := ropewalk.LoadKey(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.say("note", "key", "not there yet; the first start makes it")
	case err != nil:
		d.say("fault", "key", "%v", err)
	default:
		d.say("ok", "key", "%s", key.ID())
	}
}

// proxy says whether the proxy answers, and what goes through it.
func (d *doctor) proxy(cmd *cobra.Command, s *config.Settings) {
	c := s.Node.Session
	if c.Proxy == "" {
		return
	}
	if err := ropewalk.CheckProxy(cmd.Context(), c.Proxy); err != nil {
		d.say("fault", "proxy", "%v; nothing that goes through it is dialled another way", err)
		return
	}
	what := "everything"
	if len(c.Mixed) > 0 && !slices.Contains(c.Mixed, "all") {
		what = strings.Join(c.Mixed, ", ")
	}
	d.say("ok", "proxy", "it answers; what goes through it: %s", what)
}

func (d *doctor) node(cmd *cobra.Command, dir string, s *config.Settings) {
	c, err := client.Open(dir)
	if err != nil {
		d.say("note", "node", "not running")
		if _, err := os.Stat(filepath.Join(dir, client.FileName)); err == nil {
			d.say("note", "node", "it ended without cleaning up; the next start replaces %s", client.FileName)
		}
		return
	}
	defer c.Close()
	var info ropewalk.Info
	var health ropewalk.Health
	var sessions []ropewalk.Session
	var hosts ropewalk.HostsPage
	for method, into := range map[string]any{"node_info": &info, "node_health": &health, "session_list": &sessions} {
		if err := c.Call(cmd.Context(), method, nil, into); err != nil {
			d.say("fault", "node", "%v", err)
			return
		}
	}
	if err := c.Call(cmd.Context(), "session_hosts", map[string]any{"limit": 1}, &hosts); err != nil {
		d.say("fault", "node", "%v", err)
		return
	}
	d.say("ok", "node", "version %s, process %d", info.Version, c.Endpoint().PID)
	for _, x := range health.Checks {
		state := "ok"
		if !x.OK {
			state = "fault"
		}
		d.say(state, "health "+x.Name, "%s", x.Detail)
	}
	d.peers(s, sessions, hosts)
	d.reach(s, info)
}

func (d *doctor) peers(s *config.Settings, sessions []ropewalk.Session, hosts ropewalk.HostsPage) {
	switch {
	case len(sessions) > 0:
		d.say("ok", "peers", "%d connected, %d hosts known", len(sessions), hosts.Total)
	case hosts.Total == 0 && len(s.Node.Session.Seeds)+len(s.Node.Session.Peers) == 0:
		d.say("fault", "peers", "none, and nobody to ask; give --seeds or --peers, or follow an invite: ropewalk join")
	default:
		d.say("fault", "peers", "none of %d known hosts is connected; `ropewalk slots` says why", hosts.Total)
	}
}

func (d *doctor) reach(s *config.Settings, info ropewalk.Info) {
	listens := info.LibP2P
	if info.Enode != "" {
		listens = append(slices.Clone(listens), info.Enode)
	}
	if len(listens) == 0 {
		d.say("note", "listening", "nowhere: others cannot connect to this node")
		return
	}
	d.say("ok", "listening", "%s", strings.Join(listens, " "))
	local := !slices.ContainsFunc(listens, func(text string) bool {
		a, err := link.ParseAddr(text)
		return err == nil && !a.IsLoopback()
	})
	if s.Node.Localnet || local {
		d.say("ok", "reachable", "from this machine or network only, as asked for")
		return
	}
	if r, err := enr.Parse(info.ENR); err == nil {
		for _, addr := range link.RecordAddrs(r) {
			if !addr.IsLocal() {
				d.say("ok", "reachable", "the record names %s", shortAddr(addr.String(), false))
				return
			}
		}
	}
	if len(s.Node.Listen.Onion) > 0 {
		d.say("ok", "reachable", "as an onion service: %s", strings.Join(s.Node.Listen.Onion, " "))
		return
	}
	d.say("note", "reachable", "no public address known; forward a port and set listen.libp2p, listen.rlpx and listen.external, or rely on relays")
}
