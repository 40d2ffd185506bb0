package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/api/client"
	"github.com/ropewalk/ropewalk/config"
	"github.com/ropewalk/ropewalk/internal/plain"
)

func joinCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "join INVITE",
		GroupID: "talk",
		Short:   "Follow an invite",
		Long: "Connects the running node to whom the invite names and joins its room. When no node runs, both go\n" +
			"into the configuration, for the next start. An invite to another network is an error. \"-\" reads the\n" +
			"invite from standard input.",
		Example: "  ropewalk join rw1aeehe33qmv3wc3dl…",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text := args[0]
			if text == "-" {
				raw, err := io.ReadAll(io.LimitReader(a.in, 4*inviteBytesMax+1))
				if err != nil {
					return fmt.Errorf("standard input: %w", err)
				}
				text = string(raw)
			}
			v, err := parseInvite(text)
			if err != nil {
				return usageError{err}
			}
			c, err := a.client(cmd)
			var none *client.NoNodeError
			if errors.As(err, &none) {
				return a.joinLater(cmd, v)
			}
			if err != nil {
				return err
			}
			defer c.Close()
			return a.joinNow(cmd.Context(), c, v)
		},
	}
}

// joinNow brings the running node in.
func (a *app) joinNow(ctx context.Context, c *client.Client, v invite) error {
	var info ropewalk.Info
	if err := c.Call(ctx, "node_info", nil, &info); err != nil {
		return err
	}
	if info.Network != v.Network {
		return failf(exitFailed, "the invite is for network %q, this node is on %q", v.Network, info.Network)
	}
	var failed error
	connected := ""
	for _, host := range v.hosts() {
		var out struct {
			ID string `json:"id"`
		}
		if err := c.Call(ctx, "session_connect", map[string]any{"addr": host}, &out); err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		connected = out.ID
		break
	}
	if v.Room != "" {
		if err := c.Call(ctx, "chat_join", map[string]any{"room": v.Room, "wait": joinWait}, nil); err != nil {
			return fmt.Errorf("join %s: %w", plain.Line(v.Room, 64), err)
		}
	}
	if connected == "" {
		return codedError{exitPartly, fmt.Errorf("cannot connect to the inviter: %w", failed)}
	}
	if a.json {
		return a.printJSON(map[string]any{"id": connected, "room": v.Room, "network": v.Network})
	}
	fmt.Fprintln(a.out, "connected to "+plain.Line(connected, 0))
	if v.Room != "" {
		fmt.Fprintf(a.out, "joined %s; talk with: ropewalk chat %s\n", plain.Line(v.Room, 64), plain.Line(v.Room, 64))
	}
	return nil
}

// joinLater writes the invite into the configuration of a node that does not run.
func (a *app) joinLater(cmd *cobra.Command, v invite) error {
	s, err := a.settings(cmd, config.Options{})
	if err != nil {
		return err
	}
	path := a.configFile(cmd, s)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		var fresh bytes.Buffer
		if err := (&config.Settings{}).Print(&fresh, false); err != nil {
			return err
		}
		if text, err = config.SetText(fresh.String(), "node.network", v.Network); err != nil {
			return err
		}
	} else if err != nil {
		return fmt.Errorf("read configuration: %w", err)
	} else if s.Node.Network != v.Network {
		return failf(exitFailed, "the invite is for network %q, %s is for %q", v.Network, path, s.Node.Network)
	}
	for _, list := range []struct {
		key  string
		have []string
		add  []string
	}{{"session.seeds", s.Node.Session.Seeds, v.hosts()}, {"chat.rooms", s.Node.Chat.Rooms, rooms(v)}} {
		all := slices.Clone(list.have)
		for _, x := range list.add {
			if !slices.Contains(all, x) {
				all = append(all, x)
			}
		}
		if len(all) == len(list.have) {
			continue
		}
		if text, err = config.SetText(string(text), list.key, all); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	if err := replaceFile(path, text); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]any{"config": path, "room": v.Room, "network": v.Network})
	}
	_, err = fmt.Fprintf(a.out, "no node is running; written to %s for the next start\n", path)
	return err
}

func rooms(v invite) []string {
	if v.Room == "" {
		return nil
	}
	return []string{v.Room}
}

// replaceFile puts a file in place whole: half a configuration is worse than none.
func replaceFile(path string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".config-*")
	if err != nil {
		return fmt.Errorf("write configuration: %w", err)
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write configuration: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}
