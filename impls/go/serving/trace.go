package serving

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"runtime/trace"
	"strings"
	"time"

	exptrace "golang.org/x/exp/trace"

	"bench/protocol"
)

// tracer records the runtime's own trace in memory. It knows each pause, each marking phase and each assist with begin and end, which
// nothing else of the runtime tells; and it costs time, so it is for runs of its own.
type tracer struct{ data bytes.Buffer }

func (t *tracer) start() error { return trace.Start(&t.data) }

// kinds of ranges in a trace, by the beginning of their names. The world is also stopped to start a trace or to read figures: that
// is not the collector's.
var kinds = []struct{ prefix, kind string }{
	{"stop-the-world (GC", "stop-the-world"}, {"GC concurrent mark phase", "mark"}, {"GC mark assist", "assist"},
}

type rangeKey struct {
	name  string
	scope exptrace.ResourceID
}

// spans ends the trace and takes it apart: what the collector did, on CLOCK_MONOTONIC.
func (t *tracer) spans() ([]protocol.Interval, error) {
	trace.Stop()
	reader, err := exptrace.NewReader(&t.data)
	if err != nil {
		return nil, err
	}
	var found []protocol.Interval
	var offset int64
	begun := map[rangeKey]exptrace.Time{}
	for {
		event, err := reader.ReadEvent()
		if errors.Is(err, io.EOF) {
			return found, nil
		}
		if err != nil {
			return nil, err
		}
		switch event.Kind() {
		case exptrace.EventSync:
			if clocks := event.Sync().ClockSnapshot; clocks != nil {
				offset = int64(clocks.Mono) - int64(clocks.Trace)
			}
		case exptrace.EventRangeBegin:
			begun[key(event)] = event.Time()
		case exptrace.EventRangeEnd:
			if begin, ok := begun[key(event)]; ok {
				found = append(found, interval(event.Range().Name, int64(begin)+offset, int64(event.Time()-begin))...)
			}
		}
	}
}

func key(event exptrace.Event) rangeKey {
	r := event.Range()
	return rangeKey{r.Name, r.Scope}
}

func interval(name string, start, wall int64) []protocol.Interval {
	for _, k := range kinds {
		if strings.HasPrefix(name, k.prefix) {
			return []protocol.Interval{{StartNS: start, WallNS: wall, Kind: k.kind}}
		}
	}
	return nil
}

// Collected is what the trace tells, where one was asked for; asked once, after all is served.
func (s *Service) Collected() []protocol.Interval {
	if s.tracer == nil {
		return nil
	}
	spans, err := s.tracer.spans()
	if err != nil {
		slog.Error("the trace can't be read", "error", err)
		return nil
	}
	var stopped time.Duration
	for _, span := range spans {
		if span.Kind == "stop-the-world" {
			stopped += time.Duration(span.WallNS)
		}
	}
	slog.Info("traced", "spans", len(spans), "stopped_ns", stopped.Nanoseconds())
	return spans
}
