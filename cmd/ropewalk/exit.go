package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/api/client"
	"github.com/ropewalk/ropewalk/config"
)

// Exit codes, part of the contract; 75 and 78 are those of sysexits.h.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitNotFound    = 3
	exitPartly      = 4
	exitNoNode      = 5
	exitInUse       = 75
	exitConfig      = 78
	exitInterrupted = 130
)

// usageError is a command line that cannot be meant.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// codedError is an error with a code of its own.
type codedError struct {
	code int
	error
}

func (e codedError) Unwrap() error { return e.error }

func failf(code int, format string, args ...any) error {
	return codedError{code, fmt.Errorf(format, args...)}
}

// exitCode says how the process ends after err.
func exitCode(err error) int {
	var (
		usage  usageError
		coded  codedError
		bad    *config.Error
		badCfg *ropewalk.ConfigError
		key    *ropewalk.ErrKeyFile
		inUse  *ropewalk.ErrFolderInUse
		none   *client.NoNodeError
		rpc    *client.Error
	)
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &coded):
		return coded.code
	case errors.As(err, &usage):
		return exitUsage
	case errors.As(err, &bad), errors.As(err, &badCfg), errors.As(err, &key):
		return exitConfig
	case errors.As(err, &inUse):
		return exitInUse
	case errors.As(err, &none):
		return exitNoNode
	case errors.Is(err, ropewalk.ErrPartly):
		return exitPartly // before why it is
	case errors.As(err, &rpc):
		switch rpc.Code {
		case client.CodeNoSuchPeer, client.CodeNoSuchRoom, client.CodeNoContent, client.CodePortalNotFound, client.CodePortalTraced:
			return exitNotFound
		case client.CodeBadTarget, client.CodeParams:
			return exitUsage
		case client.CodeTimedOut, client.CodePartly:
			return exitPartly
		}
	case errors.Is(err, ropewalk.ErrNoContent):
		return exitNotFound
	case errors.Is(err, context.DeadlineExceeded):
		return exitPartly
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitFailed
}
