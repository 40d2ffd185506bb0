package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
)

func putCommand(a *app) *cobra.Command {
	var network string
	var least int
	cmd := &cobra.Command{
		Use:     "put FILE",
		GroupID: "act",
		Short:   "Share a file and print its content ID",
		Long: "Gives a file to the running node, which keeps it on disk and offers each of its chunks to nodes\n" +
			"that keep what is near them. Prints the content ID, by which `ropewalk get` finds it anywhere. How\n" +
			"many nodes hold the chunk that the fewest hold is said on standard error, and by --json. \"-\" is\n" +
			"standard input.",
		Example: "  ropewalk put holiday.jpg\n  ropewalk put holiday.jpg --json --min-replicas 3\n  tar c photos | ropewalk put -",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if least < 0 || least > 1000 {
				return usagef("--min-replicas %d: want 0 to 1000", least)
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			defer c.Close()
			in, err := a.source(args[0])
			if err != nil {
				return err
			}
			defer in.Close()
			m := newMeter(a)
			out, err := c.Put(cmd.Context(), &metered{r: in, m: m, name: args[0], size: in.size}, in.size, network)
			m.clear()
			if in.short != nil {
				err = in.short // whatever the request says of it
			}
			if err != nil {
				return fmt.Errorf("put: %w", err)
			}
			if in.changed() {
				fmt.Fprintf(a.err, "%s changed while it was read: what is shared may be of before in one part and of now in another\n", args[0])
			}
			if a.json {
				err = a.printJSON(out)
			} else {
				_, err = fmt.Fprintln(a.out, out.ID)
				fmt.Fprintln(a.err, spread(out))
			}
			if err == nil && out.Replicas < least {
				err = failf(exitPartly, "put: %s hold the chunk that the fewest hold, want %d", plural(out.Replicas, "other node"), least)
			}
			return err
		},
	}
	cmd.Flags().StringVar(&network, "network", "", "content network, by `name`; default: the one of files")
	cmd.RegisterFlagCompletionFunc("network", a.networks())
	cmd.Flags().IntVar(&least, "min-replicas", 0, "fail (exit 4) unless this `many` other nodes hold every chunk")
	return cmd
}

// source is what is to be put.
type source struct {
	io.ReadCloser
	size  int64 // -1 when it is not known
	left  int64 // of size
	file  *os.File
	was   fs.FileInfo
	short error // the file ended before its size
}

// source opens what is to be put.
func (a *app) source(name string) (*source, error) {
	if name == "-" {
		return &source{ReadCloser: io.NopCloser(a.in), size: -1}, nil
	}
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, failf(exitNotFound, "put: %w", err)
	}
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	switch {
	case err != nil:
		return nil, errors.Join(err, f.Close())
	case st.IsDir():
		return nil, errors.Join(usagef("%s is a folder; put one file, such as that of tar", name), f.Close())
	case !st.Mode().IsRegular():
		return &source{ReadCloser: f, size: -1}, nil
	}
	return &source{ReadCloser: f, size: st.Size(), left: st.Size(), file: f, was: st}, nil
}

// Read reads a file up to the size that it had when it was opened. One that has become
// shorter is an error.
func (s *source) Read(b []byte) (int, error) {
	if s.file == nil {
		return s.ReadCloser.Read(b)
	}
	if s.left == 0 {
		return 0, io.EOF
	}
	n, err := s.file.Read(b[:min(int64(len(b)), s.left)])
	s.left -= int64(n)
	if errors.Is(err, io.EOF) && s.left > 0 {
		s.short = fmt.Errorf("%s ended %d bytes early: it was changed while it was read", s.file.Name(), s.left)
		err = s.short
	}
	return n, err
}

// changed tells whether a file was written to since it was opened.
func (s *source) changed() bool {
	if s.file == nil {
		return false
	}
	st, err := s.file.Stat()
	return err != nil || st.Size() != s.was.Size() || !st.ModTime().Equal(s.was.ModTime())
}

// spread says where a file is now.
func spread(r ropewalk.PutResult) string {
	if r.Replicas == 0 {
		return "kept here, and not yet on any other node in all its parts: do not stop this one"
	}
	return fmt.Sprintf("kept here and on %s at least, %.1f on average", plural(r.Replicas, "other node"), r.ReplicasMean)
}

// metered shows how much was read.
type metered struct {
	r          io.Reader
	m          *meter
	name       string
	done, size int64
}

func (x *metered) Read(b []byte) (int, error) {
	n, err := x.r.Read(b)
	x.done += int64(n)
	x.m.bar(x.name, x.done, x.size)
	return n, err
}
