package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk/config"
)

func configCommand(a *app) *cobra.Command {
	var check bool
	cmd := &cobra.Command{
		Use:     "config",
		GroupID: "other",
		Short:   "Print the configuration in force, or check it",
		Long: "Prints the configuration in force as a TOML file: what is set with where it was set, everything\n" +
			"else with its default and the reason for it. A flag beats the environment, the environment beats\n" +
			"the file, the file beats the default.",
		Example: "  ropewalk config\n  ropewalk config --check\n  ropewalk config --config test.toml --check\n  ROPEWALK_OUTBOUND=4 ropewalk config | grep outbound",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			s, err := a.settings(cmd, config.Options{})
			if err != nil {
				return err
			}
			for _, w := range s.Warnings {
				fmt.Fprintln(a.err, "ropewalk: warning: "+w)
			}
			switch {
			case check && a.json:
				return a.printJSON(map[string]any{"ok": true, "file": s.File, "warnings": list(s.Warnings)})
			case check && s.File == "":
				_, err = fmt.Fprintln(a.out, "ok: no configuration file, all defaults")
				return err
			case check:
				_, err = fmt.Fprintf(a.out, "ok: %s\n", s.File)
				return err
			case a.json:
				return a.printJSON(s.Table())
			}
			return s.Print(a.out, true)
		},
	}
	cmd.Flags().BoolVar(&check, "check", false, "only say whether it is good (exit 78 if not)")
	addConfigFlags(cmd)
	return cmd
}

// list makes an absent list an empty one for JSON.
func list[T any](all []T) []T {
	if all == nil {
		return []T{}
	}
	return all
}
