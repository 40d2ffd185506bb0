package scenario

import (
	"embed"
	"fmt"
)

// scripts that come with the program.
//
//go:embed scripts/*.txt
var scripts embed.FS

// builtins are their names, in the order in which they are shown.
var builtins = []string{
	"demo", "chat", "partition", "pubsub", "churn", "content",
	"gossip", "gossip-eclipse", "gossip-coldboot", "gossip-flash", "gossip-censor", "gossip-churn",
	"gossip-large", "gossip-middling",
}

// Builtin returns a fresh copy of a script that comes with the program: one of
// Builtins.
func Builtin(name string) (*Script, bool) {
	for _, b := range builtins {
		if b != name {
			continue
		}
		text, err := scripts.ReadFile("scripts/" + name + ".txt")
		if err != nil {
			panic(fmt.Sprintf("scenario: builtin script: %v", err))
		}
		s, err := Parse(name, text)
		if err != nil {
			panic(fmt.Sprintf("scenario: builtin script: %v", err))
		}
		return s, true
	}
	return nil, false
}

// Builtins are the names Builtin knows.
func Builtins() []string { return append([]string(nil), builtins...) }
