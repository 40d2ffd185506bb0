package main

import (
	"fmt"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
)

func versionCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		GroupID: "other",
		Short:   "Print the version",
		Example: "  ropewalk version --json",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			platform := runtime.GOOS + "/" + runtime.GOARCH
			if a.json {
				return a.printJSON(map[string]string{"version": ropewalk.Version(), "go": runtime.Version(), "platform": platform})
			}
			_, err := fmt.Fprintf(a.out, "ropewalk %s %s %s\n", ropewalk.Version(), runtime.Version(), platform)
			return err
		},
	}
}
