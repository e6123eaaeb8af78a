package protocol

import (
	"fmt"
	"os"
	"runtime/metrics"
	"strconv"
	"strings"
	"syscall"
)

// timing is one timed section.
type timing struct{ start, wall, user, system int64 }

// timed reads the clock innermost, so that the system calls around it stay out of the wall time.
func timed(work func() error) (timing, error) {
	before := rusage()
	start := now()
	err := work()
	end := now()
	after := rusage()
	return timing{
		start: start, wall: end - start,
		user:   after.Utime.Nano() - before.Utime.Nano(),
		system: after.Stime.Nano() - before.Stime.Nano(),
	}, err
}

func rusage() (ru syscall.Rusage) {
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &ru); err != nil {
		panic(fmt.Sprintf("getrusage: %v", err))
	}
	return ru
}

type usage struct {
	MinorFaults         int64  `json:"minor_faults"`
	MajorFaults         int64  `json:"major_faults"`
	VoluntarySwitches   int64  `json:"voluntary_switches"`
	InvoluntarySwitches int64  `json:"involuntary_switches"`
	PeakRSSBytes        *int64 `json:"peak_rss_bytes"`
}

type done struct {
	Event         string            `json:"event"`
	NowNS         int64             `json:"now_ns"`
	Usage         usage             `json:"usage"`
	RuntimeMemory map[string]uint64 `json:"runtime_memory"`
	Served        *int64            `json:"served,omitempty"`
}

func newDone() done {
	ru := rusage()
	return done{
		Event: "done", NowNS: now(),
		Usage:         usage{ru.Minflt, ru.Majflt, ru.Nvcsw, ru.Nivcsw, peakRSS()},
		RuntimeMemory: runtimeMemory(),
	}
}

// peakRSS is VmHWM, or nil where /proc does not tell: getrusage's ru_maxrss would count the parent's
// memory too, as it was when the process was forked.
func peakRSS() *int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				return nil
			}
			bytes := kib << 10
			return &bytes
		}
	}
	return nil
}

// runtimeMemory is what only the runtime knows: live and not yet swept objects, all that it has mapped,
// and what it has given back to the system of that.
func runtimeMemory() map[string]uint64 {
	names := map[string]string{
		"heap_objects":  "/memory/classes/heap/objects:bytes",
		"total":         "/memory/classes/total:bytes",
		"heap_released": "/memory/classes/heap/released:bytes",
	}
	bytes := make(map[string]uint64, len(names))
	for short, name := range names {
		if v := readMetric(name); v.Kind() == metrics.KindUint64 {
			bytes[short] = v.Uint64()
		}
	}
	return bytes
}

func readMetric(name string) metrics.Value {
	one := []metrics.Sample{{Name: name}}
	metrics.Read(one)
	return one[0].Value
}
