package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/ropewalk/ropewalk/api/client"
	"github.com/ropewalk/ropewalk/config"
	"github.com/ropewalk/ropewalk/internal/plain"
)

// app is one run of the program: its streams and the flags all commands share.
type app struct {
	in  io.Reader
	out io.Writer
	err io.Writer
	env []string

	data   string
	config string
	json   bool
}

// main runs a command line and returns the exit code.
func (a *app) main(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitDone
	}
	code := exitCode(err)
	if text := err.Error(); text != "" {
		// Bad fields begin with where they stand, as compilers print it.
		name, bad := "ropewalk: ", new(config.Error)
		if errors.As(err, &bad) {
			name = ""
		}
		for l := range strings.SplitSeq(text, "\n") {
			fmt.Fprintln(a.err, name+plain.Line(strings.TrimPrefix(l, "ropewalk: "), 0))
		}
	}
	if code == exitUsage {
		fmt.Fprintf(a.err, "Run %q for usage.\n", cmd.CommandPath()+" --help")
	}
	return code
}

// root is the tree of commands.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "ropewalk",
		Short: "A peer-to-peer node: find others, stay connected, gossip and chat under one key",
		Long: "Ropewalk is a peer-to-peer node: it finds others, keeps encrypted links to them, gossips and\n" +
			"chats, all under one key. Start with `ropewalk node`, or watch eight of them: `ropewalk devnet`.",
		Example: "  ropewalk node                      run a node\n" +
			"  ropewalk chat lobby                talk, while a node runs\n" +
			"  ropewalk invite lobby              a text and a QR code that bring others in\n" +
			"  ropewalk devnet --nodes 8          a network of your own on this machine",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          unknownCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	f := root.PersistentFlags()
	f.StringVar(&a.data, "data", "", "data `folder` (default $ROPEWALK_DATA, else "+config.DefaultDataDir([]string{"HOME=~"})+")")
	f.StringVar(&a.config, "config", "", "configuration `file` (default $ROPEWALK_CONFIG, else config.toml of the data or configuration folder)")
	f.BoolVar(&a.json, "json", false, "print data as JSON")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{withNearestFlag(cmd, err)}
	})
	root.SuggestionsMinimumDistance = 2
	root.AddGroup(groups...)
	root.SetHelpCommandGroupID("other")
	root.SetCompletionCommandGroupID("other")
	for _, make := range commands {
		root.AddCommand(make(a))
	}
	root.InitDefaultCompletionCmd()
	if shells, _, err := root.Find([]string{"completion"}); err == nil {
		shells.Args, shells.RunE = unknownCommand, root.RunE
		shells.Example = "  source <(ropewalk completion bash)"
	}
	harden(root)
	return root
}

var groups = []*cobra.Group{
	{ID: "run", Title: "Run:"},
	{ID: "look", Title: "Look:"},
	{ID: "act", Title: "Act:"},
	{ID: "talk", Title: "Talk:"},
	{ID: "other", Title: "Other:"},
}

// commands make every command, in the order of the help.
var commands = []func(a *app) *cobra.Command{
	nodeCommand, seedCommand, initCommand, devnetCommand, simCommand,
	statusCommand, peersCommand, hostsCommand, slotsCommand, scopesCommand, nodesCommand, contentCommand, topicsCommand, scoresCommand, recordCommand, waitCommand, pingCommand, doctorCommand,
	connectCommand, disconnectCommand, banCommand, unbanCommand, trustCommand, untrustCommand, stopCommand,
	pubCommand, subCommand, chatCommand, inviteCommand, joinCommand, putCommand, getCommand,
	rpcCommand, pathsCommand, keyCommand, configCommand, versionCommand,
}

// harden makes every wrong command line a usage error.
func harden(cmd *cobra.Command) {
	if check := cmd.Args; check != nil {
		cmd.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				var u usageError
				if errors.As(err, &u) {
					return err
				}
				return usagef("want %q, not %s", cmd.UseLine(), plural(len(args), "argument"))
			}
			return nil
		}
	}
	for _, sub := range cmd.Commands() {
		harden(sub)
	}
}

// unknownCommand refuses what is no command of cmd, with what may have been meant.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	msg := fmt.Sprintf("unknown command %.80q", args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		msg += ", did you mean " + strings.Join(near, " or ") + "?"
	}
	return usagef("%s", msg)
}

// settings reads the configuration. flags may be nil.
func (a *app) settings(cmd *cobra.Command, o config.Options) (*config.Settings, error) {
	o.Env, o.File, o.Flags = a.env, a.config, givenFlags(cmd)
	return config.Load(o)
}

// folder is the data folder of commands that do not need the rest of the
// configuration; a bad configuration does not keep them from their node.
func (a *app) folder(cmd *cobra.Command) string {
	s, _ := a.settings(cmd, config.Options{})
	dir, err := filepath.Abs(s.Node.DataDir)
	if err != nil {
		return s.Node.DataDir
	}
	return dir
}

// client finds the running node.
func (a *app) client(cmd *cobra.Command) (*client.Client, error) { return client.Open(a.folder(cmd)) }

// call makes one call to the running node.
func (a *app) call(cmd *cobra.Command, method string, params, result any) error {
	c, err := a.client(cmd)
	if err != nil {
		return err
	}
	defer c.Close()
	return c.Call(cmd.Context(), method, params, result)
}

// untilSignal ends the context at SIGINT or SIGTERM; a second one ends the program.
func untilSignal(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // restores the default action for the second one
	return ctx, stop
}

// isTerminal tells whether a stream is one.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

func (a *app) getenv(name string) string {
	for i := len(a.env) - 1; i >= 0; i-- {
		if v, ok := strings.CutPrefix(a.env[i], name+"="); ok {
			return v
		}
	}
	return ""
}
