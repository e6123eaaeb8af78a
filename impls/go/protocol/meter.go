package protocol

import (
	"math/bits"
	"time"
)

// histogramSize covers oversleeps up to half an hour; what is longer still falls in the last entry.
const histogramSize = 32

type stalls struct {
	Event       string     `json:"event"`
	IntervalNS  int64      `json:"interval_ns"`
	ThresholdNS int64      `json:"threshold_ns"`
	Count       int64      `json:"count"`
	TotalOverNS int64      `json:"total_over_ns"`
	MaxOverNS   int64      `json:"max_over_ns"`
	Histogram   []int64    `json:"histogram"`
	Events      []interval `json:"events"`
	Dropped     int64      `json:"dropped"`
}

// meter is the stall meter: a goroutine that sleeps and notes by how much it overslept. It shares
// GOMAXPROCS with the work, as a request's goroutine would, so on one thread it also sees the scheduler's
// time slice of 10 ms. It writes to memory that is there before it starts.
type meter struct {
	figures stalls
	longest longest
	quit    chan struct{}
	ended   chan struct{}
}

// startMeter starts the meter that was asked for; nil when none was.
func startMeter(req *MeterRequest) *meter {
	if req == nil {
		return nil
	}
	m := &meter{
		figures: stalls{
			Event: "stalls", IntervalNS: req.IntervalNS, ThresholdNS: req.ThresholdNS,
			Histogram: make([]int64, histogramSize),
		},
		longest: newLongest(), quit: make(chan struct{}), ended: make(chan struct{}),
	}
	go m.run()
	return m
}

func (m *meter) run() {
	defer close(m.ended)
	for {
		select {
		case <-m.quit:
			return
		default:
		}
		due := now() + m.figures.IntervalNS
		time.Sleep(time.Duration(m.figures.IntervalNS))
		m.note(due, max(now()-due, 0))
	}
}

func (m *meter) note(due, over int64) {
	f := &m.figures
	f.Count++
	f.TotalOverNS += over
	f.MaxOverNS = max(f.MaxOverNS, over)
	f.Histogram[bucket(over)]++
	if over > f.ThresholdNS {
		m.longest.add(interval{StartNS: due, WallNS: over})
	}
}

// bucket i holds [2^i, 2^(i+1)) microseconds, and bucket 0 all below 2.
func bucket(ns int64) int {
	micros := uint64(ns) / 1000
	return min(max(bits.Len64(micros)-1, 0), histogramSize-1)
}

// stop lets the last sleep end and returns the figures.
func (m *meter) stop() stalls {
	close(m.quit)
	<-m.ended
	m.figures.Events, m.figures.Dropped = m.longest.ordered(), m.longest.dropped
	return m.figures
}
