package main

import "github.com/spf13/cobra"

// notBuilt is the answer of commands whose strand comes in a later version.
func notBuilt(what, strand string) error {
	return failf(exitFailed, "%s: the %s strand is not built in this version", what, strand)
}

func putCommand(*app) *cobra.Command {
	return &cobra.Command{
		Use:     "put FILE",
		GroupID: "act",
		Short:   "Share a file and print its content ID (not built in this version)",
		Example: "  ropewalk put holiday.jpg",
		Args:    cobra.ExactArgs(1),
		RunE:    func(*cobra.Command, []string) error { return notBuilt("put", "content") },
	}
}

func getCommand(*app) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:     "get ID",
		GroupID: "act",
		Short:   "Fetch content by ID (not built in this version)",
		Example: "  ropewalk get 0x5f3a… -o holiday.jpg",
		Args:    cobra.ExactArgs(1),
		RunE:    func(*cobra.Command, []string) error { return notBuilt("get", "content") },
	}
	cmd.Flags().StringVarP(&file, "output", "o", "", "write to this `file`")
	return cmd
}
