package ropewalk

import (
	"errors"
	"fmt"
	"strings"
)

// What a caller can act on.
var (
	ErrClosed      = errors.New("ropewalk: node is closed")
	ErrStarted     = errors.New("ropewalk: node is started already")
	ErrNotStarted  = errors.New("ropewalk: node is not started")
	ErrNotBuilt    = errors.New("ropewalk: this strand is not built in this version")
	ErrTooFewPeers = errors.New("ropewalk: too few peers reached")
	ErrNoSuchPeer  = errors.New("ropewalk: no such peer")
	ErrNoSuchRoom  = errors.New("ropewalk: not a member of that room")
	ErrRefused     = errors.New("ropewalk: refused")
	ErrBadTarget   = errors.New("ropewalk: neither an address, a record nor a node ID")
	ErrTooLarge    = errors.New("ropewalk: too large")
	ErrBadInput    = errors.New("ropewalk: bad input") // text, room or cursor of chat
	ErrRejected    = errors.New("ropewalk: message refused by the topic's own validators")
	ErrDuplicate   = errors.New("ropewalk: message is known already")
	ErrJoined      = errors.New("ropewalk: topic is joined already, with another configuration")
	ErrBusy        = errors.New("ropewalk: too many requests in flight")
)

// badTarget is an ErrBadTarget in the words of its cause.
type badTarget struct{ error }

func (badTarget) Is(target error) bool { return target == ErrBadTarget }
func (e badTarget) Unwrap() error      { return e.error }

// ErrFolderInUse is returned by New when another process has the data folder.
type ErrFolderInUse struct {
	Dir string
	PID int // 0 when the holder did not say
}

func (e *ErrFolderInUse) Error() string {
	return fmt.Sprintf("data folder %s is in use by process %d", e.Dir, e.PID)
}

// ErrKeyFile is returned by New when the key file must not be used as it is.
type ErrKeyFile struct{ Path, Why string }

func (e *ErrKeyFile) Error() string { return fmt.Sprintf("key file %s: %s", e.Path, e.Why) }

// ErrListen is returned by Start when an address cannot be opened.
type ErrListen struct {
	Addr, Field string // Field is the Config field, "listen.libp2p"
	Err         error
}

func (e *ErrListen) Error() string {
	return fmt.Sprintf("listen on %s (%s): %v", e.Addr, e.Field, e.Err)
}
func (e *ErrListen) Unwrap() error { return e.Err }

// FieldError is one bad field of a Config, in the words of the configuration file.
type FieldError struct {
	Field   string // "session.outbound"
	Value   string
	Allowed string // "0 to 128"
}

func (e FieldError) Error() string {
	return fmt.Sprintf("%s = %s: want %s", e.Field, e.Value, e.Allowed)
}

// ConfigError lists every bad field of a Config.
type ConfigError struct{ Fields []FieldError }

func (e *ConfigError) Error() string {
	lines := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		lines[i] = f.Error()
	}
	return "ropewalk: bad configuration: " + strings.Join(lines, "; ")
}
