package inference

import "time"

type phase struct {
	name string
	work func() error
}

// inPhases does one after the other and says how many nanoseconds each took.
func inPhases(phases ...phase) (map[string]int64, error) {
	took := make(map[string]int64, len(phases))
	for _, p := range phases {
		start := time.Now()
		if err := p.work(); err != nil {
			return nil, err
		}
		took[p.name] = int64(time.Since(start))
	}
	return took, nil
}
