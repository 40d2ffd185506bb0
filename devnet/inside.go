package devnet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/api"
	"github.com/ropewalk/ropewalk/api/client"
)

// inside is a node in this process.
type inside struct {
	n   *ropewalk.Node
	api *api.Server
	dir string
}

// launchInside starts a node in this process, with its RPC.
func (d *Devnet) launchInside(ctx context.Context, m *member) (_ running, err error) {
	cfg := ropewalk.Config{Network: network, DataDir: m.dir, Localnet: true, Profile: "desktop", Logger: d.log.With("node", m.name)}
	cfg.Session.Outbound, cfg.Session.SaveEvery = outbound, saveEvery
	switch d.opt.Link {
	case linkRLPx:
		cfg.Listen.LibP2P = []string{}
	case linkLibP2P:
		cfg.Listen.RLPx = []string{}
	}
	if m.seed {
		cfg.Profile = "seed"
	} else {
		cfg.Session.Seeds = []string{d.seedAddr()}
	}
	n, err := ropewalk.New(cfg)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.Close())
		}
	}()
	if err := n.Start(ctx); err != nil {
		return nil, err
	}
	opt := api.Options{Logger: d.log.With("node", m.name)}
	if m.i == 0 && d.opt.Dash != "" {
		opt.Listen, opt.Graph = d.opt.Dash, d.graph
	}
	if d.opt.Dnet {
		opt.Dnet = anyPort
	}
	s, err := api.NewServer(n, opt)
	if err != nil {
		return nil, err
	}
	if err := s.Start(); err != nil {
		return nil, err
	}
	n.SetRPC(s.URL())
	n.SetDnet(s.DnetAddr())
	in := &inside{n, s, m.dir}
	return in, client.WriteEndpoint(m.dir, in.endpoint())
}

func (in *inside) endpoint() client.Endpoint {
	return client.Endpoint{URL: in.api.URL(), Token: in.api.Token(), PID: os.Getpid()}
}

func (in *inside) info() ropewalk.Info { return in.n.Info() }

// kill is as hard as one process allows: the node says goodbye, which a killed
// process would not.
func (in *inside) kill() {
	_ = in.n.Close() // the API only answers meanwhile
	_ = in.stop(closeWithin)
}

// closeWithin bounds how long a node's RPC may take to close.
const closeWithin = 5 * time.Second

func (in *inside) stop(within time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	err := in.api.Close(ctx)
	if err != nil {
		err = fmt.Errorf("devnet: close API: %w", err)
	}
	return errors.Join(err, in.n.Close(), client.RemoveEndpoint(in.dir, os.Getpid()))
}
