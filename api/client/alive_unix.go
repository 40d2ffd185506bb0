//go:build unix

package client

import (
	"errors"
	"syscall"
)

// alive tells whether a process exists, whoever owns it.
func alive(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
