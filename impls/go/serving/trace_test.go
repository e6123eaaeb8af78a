package serving

import (
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"testing"
)

var garbage [][]byte

// accounts has what the trace and the runtime's own PauseTotal tell of the same cycles.
type accounts struct{ stops, cycles, traced, told int64 }

func account(t *testing.T, cycles int) accounts {
	t.Helper()
	var before, after debug.GCStats
	made := new(tracer)
	if err := made.start(); err != nil {
		t.Fatal(err)
	}
	debug.ReadGCStats(&before)
	for range cycles {
		garbage = nil
		for range 1000 {
			garbage = append(garbage, make([]byte, 10_000))
		}
		runtime.GC()
	}
	debug.ReadGCStats(&after)
	spans, err := made.spans()
	if err != nil {
		t.Fatal(err)
	}
	found := accounts{cycles: after.NumGC - before.NumGC, told: (after.PauseTotal - before.PauseTotal).Nanoseconds()}
	for _, span := range spans {
		if span.Kind == "stop-the-world" {
			found.traced, found.stops = found.traced+span.WallNS, found.stops+1
		}
	}
	return found
}

// TestTheTraceHasEachStopThatTheRuntimeCounts holds the two accounts of the collector against one another. A stop in the trace
// encloses what the runtime adds up (PauseTotal): it begins before the world is asked to stop, and ends when it runs again.
func TestTheTraceHasEachStopThatTheRuntimeCounts(t *testing.T) {
	found := account(t, 20)
	if found.cycles < 20 || found.stops != 2*found.cycles {
		t.Errorf("%d stops in %d cycles", found.stops, found.cycles)
	}
	if found.traced < found.told-found.told/100 {
		t.Errorf("the trace tells of %d ns, the runtime of %d", found.traced, found.told)
	}
}

// TestLongStopsAreAsLongInTheTrace plants stops that last: a copy of much memory can't be interrupted, so the world stops only
// after it. Both accounts have them within 1 %; of the short stops of a quiet program the ten microseconds between where the two
// begin and end are more than that. A machine that takes the processor away in just these microseconds has two more tries.
func TestLongStopsAreAsLongInTheTrace(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	defer copying()()
	var found accounts
	for range 3 {
		found = account(t, 10)
		if found.told < 10_000_000 {
			t.Fatalf("%d ns in %d stops: none was held up", found.told, found.stops)
		}
		if off := found.traced - found.told; off >= 0 && off <= found.told/100 {
			t.Logf("the trace tells of %d ns, the runtime of %d, in %d stops", found.traced, found.told, found.stops)
			return
		}
	}
	t.Errorf("the trace tells of %d ns, the runtime of %d, in %d stops", found.traced, found.told, found.stops)
}

// copying moves 256 MiB again and again beside its caller, until the function that it gives is called.
func copying() func() {
	var over atomic.Bool
	ended := make(chan struct{})
	memory := make([]byte, 256<<20)
	go func() {
		defer close(ended)
		for !over.Load() {
			copy(memory[64:], memory)
			runtime.Gosched() // the one place at which this loop can be stopped
		}
	}()
	return func() {
		over.Store(true)
		<-ended
	}
}
