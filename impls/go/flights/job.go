package flights

import "bench/protocol"

// Job is what every Go variant of csv-etl has in common: it remembers the request, for nothing is read before the clock
// of a step starts.
type Job struct{ Req *protocol.Request }

// Load reads nothing.
func (j *Job) Load(req *protocol.Request) (int64, error) {
	j.Req = req
	return 0, nil
}

// Threads uses all that are allowed: blocks are independent of each other.
func (j *Job) Threads(allowed int) int { return allowed }
