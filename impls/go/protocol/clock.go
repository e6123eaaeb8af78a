package protocol

import (
	"fmt"
	"syscall"
	"time"
	"unsafe"
)

// clock converts Go's time to CLOCK_MONOTONIC. time.Now carries that very clock, read through the vDSO in
// tens of nanoseconds, but shows it only as differences; so one system call at the start gives the zero
// of those differences. Not taken: the system call for each reading, which costs six times as much; and
// linkname to runtime.nanotime, which the language has closed to new users.
type clock struct {
	origin time.Time
	at     int64 // CLOCK_MONOTONIC at origin, in nanoseconds
	error  int64 // the most by which at can be wrong
}

var monotonic = newClock()

// newClock keeps the narrowest of several sandwiches of the system call between two readings of time.Now.
func newClock() clock {
	const attempts = 32
	best := clock{error: 1 << 62}
	for range attempts {
		before := time.Now()
		reading := clockMonotonic()
		half := int64(time.Since(before)) / 2
		if half < best.error {
			best = clock{before, reading - half, half}
		}
	}
	return best
}

func clockMonotonic() int64 {
	const clockMonotonicID = 1 // absent from package syscall
	var ts syscall.Timespec
	// unsafe is the price of the standard library alone: x/sys/unix wraps the same call.
	_, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockMonotonicID, uintptr(unsafe.Pointer(&ts)), 0)
	if errno != 0 {
		panic(fmt.Sprintf("clock_gettime: %v", errno))
	}
	return ts.Nano()
}

// of is CLOCK_MONOTONIC at the instant t, which must come from time.Now.
func (c clock) of(t time.Time) int64 { return c.at + int64(t.Sub(c.origin)) }

// now is CLOCK_MONOTONIC, in nanoseconds.
func now() int64 { return monotonic.at + int64(time.Since(monotonic.origin)) }
