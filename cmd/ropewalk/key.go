package main

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/id"
)

func keyCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "key",
		GroupID: "other",
		Short:   "Show who the node is; export or import its key",
		Long:    "Without a subcommand it shows the public half of the key. The secret half is never printed to a\nterminal, and never taken from the command line.",
		Example: "  ropewalk key\n  ropewalk key export backup.key\n  ropewalk key import backup.key --data B",
		Args:    unknownCommand,
		RunE:    func(cmd *cobra.Command, _ []string) error { return a.showKey(cmd) },
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "show", Short: "Show the public half", Example: "  ropewalk key show --json", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return a.showKey(cmd) },
		},
		&cobra.Command{
			Use: "export FILE", Short: "Write the secret key to a new file of mode 0600", Args: cobra.ExactArgs(1),
			Long:    "Writes the secret key to a new file that nobody else can read. Whoever has it is you. \"-\" writes\nto standard output, unless that is a terminal.",
			Example: "  ropewalk key export backup.key",
			RunE:    func(cmd *cobra.Command, args []string) error { return a.exportKey(cmd, args[0]) },
		},
		&cobra.Command{
			Use: "import FILE", Short: "Take a key from a file (\"-\": standard input)", Args: cobra.ExactArgs(1),
			Long:    "Puts a key into the data folder. A key that is there already is never overwritten, and a file that\nothers may read is refused.",
			Example: "  ropewalk key import backup.key --data B",
			RunE:    func(cmd *cobra.Command, args []string) error { return a.importKey(cmd, args[0]) },
		},
	)
	return cmd
}

func (a *app) showKey(cmd *cobra.Command) error {
	key, err := a.loadKey(cmd)
	if err != nil {
		return err
	}
	pub := key.Public()
	if a.json {
		return a.printJSON(map[string]any{"id": key.ID(), "peer_id": pub.PeerID().String(), "public": pub.String()})
	}
	t := newTable(a.out)
	t.row("id", key.ID().String())
	t.row("peer id", pub.PeerID().String())
	t.row("public key", pub.String())
	return t.end()
}

func (a *app) loadKey(cmd *cobra.Command) (*id.Key, error) {
	dir := a.folder(cmd)
	key, err := ropewalk.LoadKey(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, failf(exitNotFound, "there is no key in %s yet; `ropewalk init` makes one", dir)
	}
	return key, err
}

func (a *app) exportKey(cmd *cobra.Command, path string) error {
	key, err := a.loadKey(cmd)
	if err != nil {
		return err
	}
	text := hex.EncodeToString(key.Bytes()) + "\n"
	if path == "-" {
		if isTerminal(a.out) {
			return usagef("a secret key does not belong on a terminal: name a file")
		}
		_, err := io.WriteString(a.out, text)
		return err
	}
	// O_EXCL refuses what is there, a link included.
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("export key: %w", err)
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("export key: %w", errors.Join(err, os.Remove(path)))
	}
	return a.did("exported", path)
}

func (a *app) importKey(cmd *cobra.Command, path string) error {
	var text []byte
	var err error
	if path == "-" {
		text, err = io.ReadAll(io.LimitReader(a.in, 130))
	} else {
		text, err = readSecret(path)
	}
	if err != nil {
		return err
	}
	raw, err := hex.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil {
		return &ropewalk.ErrKeyFile{Path: path, Why: "is malformed: want 64 hex digits"}
	}
	key, err := id.KeyFromBytes(raw)
	if err != nil {
		return &ropewalk.ErrKeyFile{Path: path, Why: "is malformed: want 64 hex digits of a secp256k1 scalar"}
	}
	dir := a.folder(cmd)
	if _, err := os.Lstat(filepath.Join(dir, "key")); err == nil {
		return failf(exitFailed, "%s has a key already; move it away first", dir)
	}
	if err := ropewalk.SaveKey(dir, key); err != nil {
		return err
	}
	return a.did("imported", key.ID().String())
}

// readSecret reads a small regular file that nobody else may read.
func readSecret(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("import key: %w", err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil || !st.Mode().IsRegular() {
		return nil, &ropewalk.ErrKeyFile{Path: path, Why: "is no regular file"}
	}
	if st.Mode().Perm()&0o077 != 0 {
		return nil, &ropewalk.ErrKeyFile{Path: path, Why: fmt.Sprintf("others may read it (mode %04o); run: chmod 600 %s", st.Mode().Perm(), path)}
	}
	return io.ReadAll(io.LimitReader(f, 130))
}
