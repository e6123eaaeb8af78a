package protocol

import (
	"cmp"
	"slices"
)

// maxEvents is the protocol's limit on the intervals of one event.
const maxEvents = 4096

// longest keeps the longest intervals that it is shown, in a min-heap so that a full one costs a
// comparison for a short newcomer and a few swaps for a long one. It never grows after it is made.
type longest struct {
	heap    []interval
	dropped int64
}

func newLongest() longest { return longest{heap: make([]interval, 0, maxEvents)} }

func (l *longest) add(e interval) {
	switch {
	case len(l.heap) < maxEvents:
		l.heap = append(l.heap, e)
		l.up(len(l.heap) - 1)
	case e.WallNS > l.heap[0].WallNS:
		l.heap[0] = e
		l.down(0)
		l.dropped++
	default:
		l.dropped++
	}
}

func (l *longest) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if l.heap[parent].WallNS <= l.heap[i].WallNS {
			return
		}
		l.heap[parent], l.heap[i] = l.heap[i], l.heap[parent]
		i = parent
	}
}

func (l *longest) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(l.heap); child++ {
			if l.heap[child].WallNS < l.heap[least].WallNS {
				least = child
			}
		}
		if least == i {
			return
		}
		l.heap[least], l.heap[i] = l.heap[i], l.heap[least]
		i = least
	}
}

// ordered gives the intervals by start, and ends the heap's life.
func (l *longest) ordered() []interval {
	slices.SortFunc(l.heap, func(a, b interval) int { return cmp.Compare(a.StartNS, b.StartNS) })
	return l.heap
}
