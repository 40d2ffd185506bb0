package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/api/client"
	"github.com/ropewalk/ropewalk/config"
)

func hostsImportCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "import FILE",
		Short: "Offer the host book a list that a DarkFi program saved (\"-\": standard input)",
		Long: "Reads lines of colour, URL and time, as DarkFi's programs save their hosts, and offers them to the\n" +
			"running node, or to the data folder of one that does not run. Only addresses that name their peer can\n" +
			"be taken, enode:// or a multiaddr with /p2p/: DarkFi's own URLs hold no key, and no link is made with\n" +
			"who proves none. What is taken is grey, heard of only, whatever its colour was; no time is used.",
		Example: "  ropewalk hosts import ~/.local/share/darkfi/darkirc/p2p_hosts.tsv",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := a.hostList(args[0])
			if err != nil {
				return err
			}
			out, err := a.importHosts(cmd, text)
			if err != nil {
				return fmt.Errorf("import: %w", err)
			}
			if a.json {
				return a.printJSON(out)
			}
			fmt.Fprintf(a.out, "%d of %d lines taken as grey hosts, %d known before\n", out.Taken, out.Lines, out.Known)
			for _, s := range out.Skipped {
				fmt.Fprintf(a.out, "%d left out: %s\n", s.Lines, s.Why)
			}
			return nil
		},
	}
}

// hostList reads a list of hosts, and no more than one may have.
func (a *app) hostList(path string) (string, error) {
	in := a.in
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return "", err
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, ropewalk.HostsImportMax+1))
	if err == nil && len(text) > ropewalk.HostsImportMax {
		err = fmt.Errorf("%w: more than %d bytes", ropewalk.ErrHostsImport, ropewalk.HostsImportMax)
	}
	return string(text), err
}

// importHosts asks the node that runs, or else opens its folder.
func (a *app) importHosts(cmd *cobra.Command, text string) (out ropewalk.HostsImport, err error) {
	var none *client.NoNodeError
	if err = a.call(cmd, "session_import", map[string]any{"list": text}, &out); !errors.As(err, &none) {
		return out, err
	}
	s, err := a.settings(cmd, config.Options{})
	if err != nil {
		return out, err
	}
	return ropewalk.ImportHosts(s.Node, text)
}
