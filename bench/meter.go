package main

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// meter is a reading of what the process has used so far.
type meter struct {
	at      time.Time
	cpu     time.Duration // user and system
	mallocs uint64
	bytes   uint64 // allocated, freed ones included
}

// read collects garbage first when settle is set, so that the past is paid for.
func read(settle bool) meter {
	if settle {
		runtime.GC()
		runtime.GC()
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return meter{at: time.Now(), cpu: processCPU(), mallocs: m.Mallocs, bytes: m.TotalAlloc}
}

// used is what was used since, reading the meter not included.
func (m meter) used() meter {
	cpu := processCPU()
	now := read(false)
	return meter{cpu: cpu - m.cpu, mallocs: now.mallocs - m.mallocs, bytes: now.bytes - m.bytes}
}

func processCPU() time.Duration { return rusage(unix.RUSAGE_SELF) }

func rusage(who int) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(who, &u); err != nil {
		panic(err) // only for a wrong argument
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// threadCPU is the time of this thread, to the nanosecond; the caller has locked
// the goroutine to it.
func threadCPU() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		panic(err)
	}
	return time.Duration(t.Nano())
}
