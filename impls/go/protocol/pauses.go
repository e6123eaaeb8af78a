package protocol

import (
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// The runtime keeps the last 256 cycles, and the shortest cycles take some hundred microseconds: a look
// every 50 ms loses none but in a program that does nothing but collect, and costs less than a microsecond.
const watchEvery = 50 * time.Millisecond

type pauses struct {
	Event        string     `json:"event"`
	Collector    string     `json:"collector"`
	Count        *uint64    `json:"count"`
	TotalNS      int64      `json:"total_ns"`
	CPUShare     *float64   `json:"cpu_share"`
	Events       []interval `json:"events"`
	Dropped      int64      `json:"dropped"`
	ClockErrorNS int64      `json:"clock_error_ns"`
}

// watch collects the collector's pauses from ready to done. The runtime tells one figure a cycle: the sum
// of its pauses (sweep termination and mark termination) and the wall clock at the end of the last. So an
// event is a cycle, ends at the right instant and has the right length in sum, while the histogram of
// runtime/metrics counts the pauses one by one. Not taken: runtime/trace and GODEBUG=gctrace=1 know each
// pause, but write while the work is timed.
type watch struct {
	stats    debug.GCStats // its slices are used again, so a look allocates nothing
	seen     int64
	atStart  time.Duration
	pauses   uint64
	longest  longest
	offset   int64 // wall clock less monotonic, at the last look
	maxDrift int64
	quit     chan struct{}
	ended    chan struct{}
}

func startWatch() *watch {
	w := &watch{longest: newLongest(), quit: make(chan struct{}), ended: make(chan struct{})}
	// Room for what the runtime passes through it: 256 lengths, 256 ends, 3 totals.
	w.stats.Pause = make([]time.Duration, 2*256+3)
	w.stats.PauseEnd = make([]time.Time, 256)
	debug.ReadGCStats(&w.stats)
	w.seen, w.atStart = w.stats.NumGC, w.stats.PauseTotal
	if count := pauseCount(); count != nil {
		w.pauses = *count
	}
	w.offset = wallOffset()
	go w.run()
	return w
}

func (w *watch) run() {
	defer close(w.ended)
	ticker := time.NewTicker(watchEvery)
	defer ticker.Stop()
	for {
		select {
		case <-w.quit:
			w.look()
			return
		case <-ticker.C:
			w.look()
		}
	}
}

// look takes over the cycles since the last look, newest first, and moves them to the monotonic clock.
func (w *watch) look() {
	offset := wallOffset()
	w.maxDrift = max(w.maxDrift, offset-w.offset, w.offset-offset)
	w.offset = offset
	debug.ReadGCStats(&w.stats)
	fresh := w.stats.NumGC - w.seen
	w.seen = w.stats.NumGC
	kept := min(fresh, int64(len(w.stats.Pause)))
	w.longest.dropped += fresh - kept
	for i := range kept {
		length := int64(w.stats.Pause[i])
		end := w.stats.PauseEnd[i].UnixNano() - offset
		w.longest.add(interval{StartNS: end - length, WallNS: length, Kind: "cycle"})
	}
}

// wallOffset reads both clocks at once: time.Now does.
func wallOffset() int64 {
	t := time.Now()
	return t.UnixNano() - monotonic.of(t)
}

func (w *watch) stop() pauses {
	close(w.quit)
	<-w.ended
	count := pauseCount()
	if count != nil {
		*count -= w.pauses
	}
	return pauses{
		Event: "pauses", Collector: "Go concurrent mark and sweep",
		Count: count, TotalNS: int64(w.stats.PauseTotal - w.atStart), CPUShare: collectorShare(),
		Events: w.longest.ordered(), Dropped: w.longest.dropped,
		ClockErrorNS: monotonic.error + w.maxDrift,
	}
}

// take puts what a trace tells in the place of the cycles; their number and length stay those of the runtime's own account.
func (p *pauses) take(spans []Interval) {
	if spans == nil {
		return
	}
	kept := newLongest()
	for _, span := range spans {
		kept.add(span)
	}
	p.Events, p.Dropped = kept.ordered(), kept.dropped
}

// pauseCount counts single pauses; nil if the runtime no longer tells them.
func pauseCount() *uint64 {
	v := readMetric("/sched/pauses/total/gc:seconds")
	if v.Kind() != metrics.KindFloat64Histogram {
		return nil
	}
	var count uint64
	for _, n := range v.Float64Histogram().Counts {
		count += n
	}
	return &count
}

// collectorShare is the collector's part of the CPU time that it and the program's own code had together.
func collectorShare() *float64 {
	gc, user := readMetric("/cpu/classes/gc/total:cpu-seconds"), readMetric("/cpu/classes/user:cpu-seconds")
	if gc.Kind() != metrics.KindFloat64 || user.Kind() != metrics.KindFloat64 || gc.Float64()+user.Float64() <= 0 {
		return nil
	}
	share := gc.Float64() / (gc.Float64() + user.Float64())
	return &share
}
