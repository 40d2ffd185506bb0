package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/config"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

func initCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "init",
		GroupID: "run",
		Short:   "Make a key and a commented configuration",
		Long: "Makes the node's key and a configuration file that explains every setting, and prints the node's\n" +
			"record. What is there already stays as it is. `ropewalk node` needs no init: it makes a key itself.",
		Example: "  ropewalk init\n  ropewalk init --data A --localnet --network test",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.runInit(cmd) },
	}
	addConfigFlags(cmd)
	return cmd
}

// made is what init prints.
type made struct {
	Data    string `json:"data"`
	Config  string `json:"config"`
	ID      id.ID  `json:"id"`
	PeerID  string `json:"peer_id"`
	ENR     string `json:"enr"`
	NewKey  bool   `json:"new_key"`
	NewFile bool   `json:"new_config"`
}

func (a *app) runInit(cmd *cobra.Command) error {
	s, err := a.settings(cmd, config.Options{})
	if err != nil {
		return err
	}
	dir, err := filepath.Abs(s.Node.DataDir)
	if err != nil {
		return err
	}
	out := made{Data: dir, Config: a.configFile(cmd, s)}
	if filepath.Dir(out.Config) == filepath.Clean(s.Node.DataDir) {
		s.Forget("node.data") // the file lies in it; both can be moved together
	}
	key, err := ropewalk.LoadKey(dir)
	if errors.Is(err, fs.ErrNotExist) {
		out.NewKey = true
		if key, err = id.NewKey(rand.Reader); err == nil {
			err = ropewalk.SaveKey(dir, key)
		}
	}
	if err != nil {
		return err
	}
	if out.NewFile, err = writeConfig(out.Config, s); err != nil {
		return err
	}
	record, err := bareRecord(key, s.Node.Network)
	if err != nil {
		return err
	}
	out.ID, out.PeerID, out.ENR = key.ID(), key.Public().PeerID().String(), record
	if a.json {
		return a.printJSON(out)
	}
	fmt.Fprintf(a.err, "%s %s\n%s %s\n", verb(out.NewKey), filepath.Join(dir, "key"), verb(out.NewFile), out.Config)
	_, err = fmt.Fprintln(a.out, out.ENR)
	return err
}

func verb(isNew bool) string {
	if isNew {
		return "made"
	}
	return "kept"
}

// configFile is where the configuration is or would be.
func (a *app) configFile(cmd *cobra.Command, s *config.Settings) string {
	if s.File != "" {
		return s.File
	}
	if a.data != "" || a.getenv("ROPEWALK_DATA") != "" || a.getenv("ROPEWALK_NODE_DATA") != "" {
		return filepath.Join(s.Node.DataDir, config.FileName)
	}
	return config.DefaultFile(a.env)
}

// writeConfig writes the commented configuration and tells whether it did: a file
// that is there is never touched.
func writeConfig(path string, s *config.Settings) (bool, error) {
	if _, err := os.Lstat(path); err == nil {
		return false, nil
	}
	var text bytes.Buffer
	if err := s.Print(&text, false); err != nil {
		return false, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return false, fmt.Errorf("write configuration: %w", err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("write configuration: %w", err)
	}
	_, err = f.Write(text.Bytes())
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return false, fmt.Errorf("write configuration: %w", err)
	}
	return true, nil
}

// bareRecord is the record of a node that does not run: who, without where.
func bareRecord(key *id.Key, network string) (string, error) {
	r, err := enr.Builder{Seq: 1, Rope: &enr.Rope{Network: enr.NetworkTag(network)}}.Sign(key)
	if err != nil {
		return "", fmt.Errorf("sign record: %w", err)
	}
	return r.String(), nil
}
