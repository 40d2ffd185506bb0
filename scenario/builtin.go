package scenario

import (
	_ "embed" // the scripts
	"fmt"
)

var (
	//go:embed scripts/demo.txt
	demo string
	//go:embed scripts/chat.txt
	chat string
	//go:embed scripts/partition.txt
	partition string
	//go:embed scripts/pubsub.txt
	pubsub string
)

var builtins = []struct{ name, text string }{
	{"demo", demo}, {"chat", chat}, {"partition", partition}, {"pubsub", pubsub},
}

// Builtin returns a fresh copy of a script that comes with the program: demo,
// chat, partition or pubsub.
func Builtin(name string) (*Script, bool) {
	for _, b := range builtins {
		if b.name == name {
			s, err := Parse(name, []byte(b.text))
			if err != nil {
				panic(fmt.Sprintf("scenario: builtin script: %v", err))
			}
			return s, true
		}
	}
	return nil, false
}

// Builtins are the names Builtin knows.
func Builtins() []string {
	var names []string
	for _, b := range builtins {
		names = append(names, b.name)
	}
	return names
}
