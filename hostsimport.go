package ropewalk

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/work"
)

// HostsImport is what became of the lines of a list of hosts of another program.
type HostsImport struct {
	Lines   int            `json:"lines"`
	Taken   int            `json:"taken"` // new to the book, as grey hosts
	Known   int            `json:"known"`
	Skipped []HostsSkipped `json:"skipped"` // by reason, the most first
}

// HostsSkipped is how many lines were left out for a reason.
type HostsSkipped struct {
	Why   string `json:"why"`
	Lines int    `json:"lines"`
}

// HostsImportMax bounds the text of a list of hosts, in bytes.
const HostsImportMax = hosts.ImportBytesMax

// ErrHostsImport is returned for a list of hosts that is too long.
var ErrHostsImport = hosts.ErrImport

// ImportHosts offers the host book a list of hosts as DarkFi's programs save it, lines of
// colour, URL and time. Only addresses that name their peer can be taken: we link with
// nobody who does not prove a key. They come in as hosts we have heard of, whatever their
// colour was, and no time of the list is used.
func (n *Node) ImportHosts(ctx context.Context, text string) (HostsImport, error) {
	return ask(ctx, n, func(now time.Time, reply func(HostsImport, error)) {
		got, err := n.machine.ImportHosts(now, []byte(text))
		if err == nil {
			n.machine.SaveHosts()
		}
		reply(hostsImport(got), err)
	})
}

// ImportHosts is Node.ImportHosts for the data folder of a node that does not run.
func ImportHosts(cfg Config, text string) (out HostsImport, err error) {
	n, err := New(cfg)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	got, err := n.machine.ImportHosts(time.Now(), []byte(text))
	if err != nil {
		return out, err
	}
	n.machine.SaveHosts()
	for _, s := range n.machine.Take().Saves {
		if err := n.writer.write([]work.Save{s}); err != nil {
			return out, fmt.Errorf("ropewalk: write %s: %w", s.File, err)
		}
	}
	return hostsImport(got), nil
}

func hostsImport(i hosts.Import) HostsImport {
	out := HostsImport{Lines: i.Lines, Taken: i.Taken, Known: i.Known, Skipped: []HostsSkipped{}}
	for _, s := range i.Skipped {
		out.Skipped = append(out.Skipped, HostsSkipped(s))
	}
	return out
}
