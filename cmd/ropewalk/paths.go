package main

import (
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk/api/client"
	"github.com/ropewalk/ropewalk/config"
)

// place is one path the program uses.
type place struct {
	Name   string `json:"name"`
	Path   string `json:"path"`
	Exists bool   `json:"exists"`
}

func pathsCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "paths",
		GroupID: "other",
		Short:   "Print where things are on disk",
		Example: "  ropewalk paths\n  ropewalk paths --data A --json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, _ := a.settings(cmd, config.Options{}) // a bad configuration has paths too
			dir := a.folder(cmd)
			all := []place{
				{Name: "data", Path: dir},
				{Name: "config", Path: a.configFile(cmd, s)},
				{Name: "key", Path: filepath.Join(dir, "key")},
				{Name: "rpc", Path: filepath.Join(dir, client.FileName)},
			}
			if s.Log.File != "" {
				all = append(all, place{Name: "log", Path: s.Log.File})
			}
			for i := range all {
				if abs, err := filepath.Abs(all[i].Path); err == nil {
					all[i].Path = abs
				}
				_, err := os.Stat(all[i].Path)
				all[i].Exists = err == nil
			}
			if a.json {
				return a.printJSON(all)
			}
			t := newTable(a.out)
			for _, p := range all {
				note := " "
				if !p.Exists {
					note = "(not there yet)"
				}
				t.row(p.Name, p.Path, note)
			}
			return t.end()
		},
	}
}
