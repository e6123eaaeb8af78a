package serving

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"sync"

	"bench/protocol"
)

const recent = 8

// store is the records by name: a map that never changes after the load, so that a record's own lock is enough.
type store map[string]*record

// record's weather is read without the lock; what requests change is behind it.
type record struct {
	weather [3]float32

	mu     sync.Mutex
	seen   int64
	recent []float64
}

// Entity is what GET /entities/{id} answers.
type Entity struct {
	ID     string    `json:"id"`
	Seen   int64     `json:"seen"`
	Last   *float64  `json:"last"`
	Recent []float64 `json:"recent"`
}

func (r *record) note(probability float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen++
	if len(r.recent) == recent {
		copy(r.recent, r.recent[1:])
		r.recent = r.recent[:recent-1]
	}
	r.recent = append(r.recent, probability)
}

func (r *record) entity(id string) Entity {
	r.mu.Lock()
	defer r.mu.Unlock()
	found := Entity{ID: id, Seen: r.seen, Recent: append(make([]float64, 0, recent), r.recent...)}
	if n := len(found.Recent); n > 0 {
		found.Last = &found.Recent[n-1]
	}
	return found
}

func readStore(path string, entities int) (store, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, protocol.BadInput("%v", err)
	}
	defer file.Close()
	rows := csv.NewReader(file)
	rows.FieldsPerRecord, rows.ReuseRecord = 4, true
	found := make(store, entities)
	for line := 1; ; line++ {
		fields, err := rows.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil && line > 1 {
			err = found.add(fields)
		}
		if err != nil {
			return nil, protocol.BadInput("%s:%d: %v", path, line, err)
		}
	}
	if len(found) != entities {
		return nil, protocol.BadInput("%s: %d entities, not %d", path, len(found), entities)
	}
	return found, nil
}

func (s store) add(fields []string) error {
	r := &record{recent: make([]float64, 0, recent)}
	for i, text := range fields[1:] {
		value, err := number(text)
		if err != nil {
			return err
		}
		r.weather[i] = value
	}
	if fields[0] == "" {
		return errors.New("no id")
	}
	s[strings.Clone(fields[0])] = r
	return nil
}

// number is one of a file; NaN where it is not known.
func number(text string) (float32, error) {
	if text == "" {
		return float32(math.NaN()), nil
	}
	value, err := strconv.ParseFloat(text, 32)
	if err != nil || math.IsInf(value, 0) || math.IsNaN(value) {
		return 0, fmt.Errorf("%q is no number", text)
	}
	return float32(value), nil
}
