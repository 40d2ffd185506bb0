package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/api/client"
	"github.com/ropewalk/ropewalk/id"
)

func getCommand(a *app) *cobra.Command {
	var g getter
	cmd := &cobra.Command{
		Use:     "get ID",
		GroupID: "act",
		Short:   "Fetch a file by its content ID",
		Long: "Finds content, on this node or on others, and checks every byte of it by its hash. It goes to standard\n" +
			"output, or with -o into a file: FILE" + ropewalk.PartSuffix + " until all of it is there, and a get that was cut short goes on\n" +
			"from what that holds. Exit code 3: not found; 4: only partly found, or not in time.",
		Example:           "  ropewalk get 0x5f3a… -o holiday.jpg\n  ropewalk get 0x5f3a… | tar x",
		Args:              cobra.ExactArgs(1),
		ValidArgsFunction: first(a.kept()),
		RunE: func(cmd *cobra.Command, args []string) error {
			which, err := contentID(args[0])
			if err != nil {
				return err
			}
			if g.file == "" && isTerminal(a.out) && a.json {
				return usagef("--json tells of a file: name it with -o")
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			defer c.Close()
			g.app, g.client = a, c
			ctx, stop := untilSignal(cmd.Context())
			defer stop()
			err = g.get(ctx, which)
			if err != nil {
				return fmt.Errorf("get: %w", err)
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&g.file, "output", "o", "", "write to this `file`; \"-\" or none is standard output")
	cmd.Flags().StringVar(&g.network, "network", "", "content network, by `name`; default: the one of files")
	cmd.RegisterFlagCompletionFunc("network", a.networks())
	return cmd
}

// contentID reads an ID, or the key of a blob, whose first byte only says what it is.
func contentID(text string) (ropewalk.ContentID, error) {
	digits := strings.TrimPrefix(text, "0x")
	if len(digits) == 66 && (digits[:2] == "00" || digits[:2] == "01") {
		digits = digits[2:]
	}
	which, err := id.Parse("0x" + digits)
	if err != nil {
		return which, usagef("%.80q is no content ID: want 64 hex digits after 0x", text)
	}
	return which, nil
}

// getter gets files.
type getter struct {
	app           *app
	client        *client.Client
	file, network string
}

// get brings the file to where it is to go. What is there and is no file, such as a pipe or
// a device, is written to as standard output is.
func (g *getter) get(ctx context.Context, which ropewalk.ContentID) error {
	if g.file == "" || g.file == "-" {
		return g.print(ctx, which, g.app.out)
	}
	st, err := os.Stat(g.file)
	switch {
	case err != nil || st.Mode().IsRegular():
		return g.save(ctx, which)
	case st.IsDir():
		return usagef("%s is a folder; name a file in it", g.file)
	}
	out, err := os.OpenFile(g.file, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(g.print(ctx, which, out), out.Close())
}

// print writes the file in order.
func (g *getter) print(ctx context.Context, which ropewalk.ContentID, out io.Writer) error {
	body, size, err := g.client.Get(ctx, which, g.network)
	if err != nil {
		return err
	}
	defer body.Close()
	m := newMeter(g.app)
	if isTerminal(out) {
		m = &meter{} // the file itself is shown
	}
	n, err := io.Copy(out, &metered{r: body, m: m, name: which.Short(), size: size})
	m.clear()
	if errors.Is(err, io.ErrUnexpectedEOF) || err == nil && n < size {
		return failf(exitPartly, "%w: the node could not bring more than %d of %d bytes", ropewalk.ErrPartly, n, size)
	}
	return err
}

// save fills a file.
func (g *getter) save(ctx context.Context, which ropewalk.ContentID) error {
	var manifest ropewalk.Manifest
	params := map[string]any{"id": which, "network": g.network}
	if err := g.client.Call(ctx, "content_manifest", params, &manifest); err != nil {
		return err
	}
	m := newMeter(g.app)
	f := ropewalk.Fetch{
		Manifest: manifest,
		Get: func(ctx context.Context, chunk ropewalk.ContentID) ([]byte, error) {
			return g.client.Chunk(ctx, chunk, g.network)
		},
		Progress: func(p ropewalk.Progress) { m.bar(g.file, p.Done, p.Total) },
	}
	err := f.ToFile(ctx, g.file)
	m.clear()
	if err != nil {
		if st, e := os.Stat(g.file + ropewalk.PartSuffix); e == nil && st.Size() > 0 {
			fmt.Fprintf(g.app.err, "what came is in %s; the same command goes on from there\n", g.file+ropewalk.PartSuffix)
		}
		return err
	}
	if g.app.json {
		return g.app.printJSON(map[string]any{"id": which, "file": g.file, "size": manifest.Size, "chunks": len(manifest.Chunks)})
	}
	return nil
}
