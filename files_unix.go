//go:build unix

package ropewalk

import "syscall"

// fileBudget is how many links the process may have files for: three fifths of what it
// may open, without those kept for disk and API.
func fileBudget() int {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil {
		return fileBudgetUnknown
	}
	return max(int(min(uint64(r.Cur), 1<<20))*3/5-filesKept, 1)
}
