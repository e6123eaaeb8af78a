package serving

import (
	"runtime"
	"runtime/debug"
	"testing"
)

var garbage [][]byte

// TestTheTraceHasEachStopThatTheRuntimeCounts holds the two accounts of the collector against one another. A stop in the trace
// encloses what the runtime adds up (PauseTotal): it begins before the world is asked to stop, and ends when it runs again.
func TestTheTraceHasEachStopThatTheRuntimeCounts(t *testing.T) {
	var before, after debug.GCStats
	made := new(tracer)
	if err := made.start(); err != nil {
		t.Fatal(err)
	}
	debug.ReadGCStats(&before)
	for range 20 {
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
	var stopped, count int64
	for _, span := range spans {
		if span.Kind == "stop-the-world" {
			stopped, count = stopped+span.WallNS, count+1
		}
	}
	if cycles := after.NumGC - before.NumGC; cycles < 20 || count != 2*cycles {
		t.Errorf("%d stops in %d cycles", count, cycles)
	}
	if told := (after.PauseTotal - before.PauseTotal).Nanoseconds(); stopped < told-told/100 {
		t.Errorf("the trace tells of %d ns, the runtime of %d", stopped, told)
	}
}
