package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ropewalk/ropewalk/config"
)

// keyFlag is a flag that mirrors a key of the configuration. It only keeps the
// text: config judges it.
type keyFlag struct {
	key   *config.Key
	texts []string
}

func (f *keyFlag) String() string { return strings.Join(f.texts, ",") }

// Set refuses what is not of the key's kind; the range is the configuration's
// business, so that all bad fields are named together.
func (f *keyFlag) Set(text string) error {
	if !f.key.Parses(text) {
		return badFlag{config.Problem{Source: "--" + f.key.Flag, Field: f.key.Path, Value: text, Want: f.key.Want()}}
	}
	f.texts = append(f.texts, text)
	return nil
}

// badFlag is a value that is not of its key's kind, in the words that a file or the
// environment gets for it.
type badFlag struct{ config.Problem }

func (b badFlag) Error() string { return b.String() }

func (f *keyFlag) Type() string {
	if f.key.Kind == config.Bool {
		return "bool"
	}
	return f.key.Kind.String()
}

// addConfigFlags gives a command a flag for every key that has one.
func addConfigFlags(cmd *cobra.Command) {
	config.Flags(func(k *config.Key) {
		if k.Flag == "data" {
			return // on every command already
		}
		usage := fmt.Sprintf("%s [%s]", firstSentence(k.Why), k.Path)
		if k.Kind == config.List {
			usage += " (repeatable)"
		}
		f := cmd.Flags().VarPF(&keyFlag{key: k}, k.Flag, "", usage)
		if k.Kind == config.Bool {
			f.NoOptDefVal = "true"
		}
		if len(k.Choices) > 0 {
			choices := k.Choices
			cmd.RegisterFlagCompletionFunc(k.Flag, func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
				return choices, cobra.ShellCompDirectiveNoFileComp
			})
		}
	})
}

// firstSentence is what a help line has room for: the reasons are in the
// configuration file.
func firstSentence(why string) string {
	why = strings.ReplaceAll(why, "\n", " ")
	first, _, _ := strings.Cut(why, ". ")
	first, _, _ = strings.Cut(first, "; ")
	return strings.TrimSuffix(first, ".")
}

// givenFlags are the texts of the configuration flags that were given.
func givenFlags(cmd *cobra.Command) map[string][]string {
	out := map[string][]string{}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if kf, ok := f.Value.(*keyFlag); ok {
			out[f.Name] = kf.texts
		} else if f.Name == "data" && f.Value.String() != "" {
			out[f.Name] = []string{f.Value.String()}
		}
	})
	return out
}

// withNearestFlag adds what may have been meant to "unknown flag", and says of a bad
// value what the configuration would say.
func withNearestFlag(cmd *cobra.Command, err error) error {
	if bad := (badFlag{}); errors.As(err, &bad) {
		return bad
	}
	name, ok := strings.CutPrefix(err.Error(), "unknown flag: --")
	if !ok {
		return err
	}
	var all []string
	collect := func(f *pflag.Flag) { all = append(all, f.Name) }
	cmd.Flags().VisitAll(collect)
	cmd.InheritedFlags().VisitAll(collect)
	if near := config.Nearest(name, all); near != "" {
		return fmt.Errorf("unknown flag --%.80s, did you mean --%s?", name, near)
	}
	return fmt.Errorf("unknown flag --%.80s", name)
}
