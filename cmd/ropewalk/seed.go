package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/api/client"
)

func seedCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "seed",
		GroupID: "run",
		Short:   "Run a seed: a node that answers many and dials nobody",
		Long: "Runs a node with the profile seed: others ask it for hosts when they know nobody. It takes the\n" +
			"flags of `ropewalk node`.\n\n" +
			"With tables [network.\"NAME\"] in the configuration file it serves a network for each from one process.\n" +
			"Every network has a key and a data folder of its own, NAME in --data unless its table says otherwise,\n" +
			"and other commands reach it by that folder. `ropewalk rpc seed_networks` reports on all of them.",
		Example: "  ropewalk seed --libp2p /ip4/0.0.0.0/tcp/4001 --libp2p /ip4/0.0.0.0/udp/4001/quic-v1\n" +
			"  ropewalk seed --data S --config seeds.toml\n" +
			"  ropewalk hosts --data S/NAME\n" +
			"  ropewalk rpc seed_networks --data S",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runNode(cmd, "seed") },
	}
	addConfigFlags(cmd)
	return cmd
}

// seedReady is the ready line's object of a seed with several networks.
type seedReady struct {
	Version  string          `json:"version"`
	RPC      string          `json:"rpc"`
	Dnet     string          `json:"dnet,omitempty"`
	Networks []ropewalk.Info `json:"networks"`
}

// tellAtBase leaves the address of all networks together in the folder that theirs are
// in, unless one of them has it or a node of its own runs there.
func (r *running) tellAtBase(dir string) error {
	for _, n := range r.nodes {
		if n.cfg.DataDir == dir {
			return nil
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if e, err := client.ReadEndpoint(dir); err == nil {
		return &ropewalk.ErrFolderInUse{Dir: dir, PID: e.PID}
	} else if none := (*client.NoNodeError)(nil); !errors.As(err, &none) {
		return err
	}
	return r.tellAt(dir, r.server.URL())
}
