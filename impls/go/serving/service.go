// Package serving is what the Go servers of workload request-server share: flights and their checks, model, store, metrics,
// settings of the collector, and the course of a drain. What a framework brings of HTTP is the variant's own.
package serving

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"bench/inference"
	"bench/protocol"
	"bench/std/batchinference"
)

// Limits of the API.
const (
	MaxBody       = 1 << 20
	MaxHead       = 16 << 10
	MaxRows       = 1024
	HeadTimeout   = 10 * time.Second
	BodyTimeout   = 30 * time.Second
	IdleTimeout   = 75 * time.Second
	WriteTimeout  = 30 * time.Second
	DrainTimeout  = 10 * time.Second
	spareOfServer = 64 // a look at /healthz must come through
)

// Service answers what was read of a request.
type Service struct {
	Metrics  *Metrics
	Model    string
	Answers  atomic.Int64
	Draining atomic.Bool
	// Connections is how many are held.
	Connections int
	// Downstream is where requests are passed on to; nil where the case has no such service.
	Downstream *Downstream

	trees  batchinference.Trees
	tracer *tracer
	codes  [3]map[string]float32
	store  store
}

// Prediction answers POST /predict.
type Prediction struct {
	Probability float64 `json:"probability"`
	Model       string  `json:"model"`
}

// Predictions answer POST /predict/batch.
type Predictions struct {
	Probabilities []float64 `json:"probabilities"`
	Model         string    `json:"model"`
}

// Refusal is the body of every answer that is an error.
type Refusal struct {
	Error string `json:"error"`
}

type params struct {
	Entities  int    `json:"entities"`
	Collector string `json:"collector"`

	DownstreamPort *int `json:"downstream_port"`
}

// Load reads everything that the request names.
func (s *Service) Load(req *protocol.Request) (map[string]int64, error) {
	var p params
	if err := json.Unmarshal(req.Params, &p); err != nil {
		return nil, protocol.BadInput("params: %v", err)
	}
	if err := setCollector(p.Collector); err != nil {
		return nil, err
	}
	s.Metrics, s.Connections = newMetrics(), req.Serve.Connections+spareOfServer
	if p.DownstreamPort != nil {
		if *p.DownstreamPort < 1 || *p.DownstreamPort > 65535 {
			return nil, protocol.BadInput("the parameter downstream_port is %d; it must be a port", *p.DownstreamPort)
		}
		s.Downstream = newDownstream(*p.DownstreamPort, s.Connections)
	}
	begun := time.Now()
	if err := s.readModel(req); err != nil {
		return nil, err
	}
	read := time.Now()
	path, err := req.Input("entities")
	if err == nil {
		s.store, err = readStore(path, p.Entities)
	}
	if err != nil {
		return nil, err
	}
	stored := time.Now()
	s.trees.Probability(make([]float32, features))
	if p.Collector == "traced" {
		s.tracer = new(tracer)
		if err := s.tracer.start(); err != nil {
			return nil, err
		}
	}
	return map[string]int64{
		"model": read.Sub(begun).Nanoseconds(), "store": stored.Sub(read).Nanoseconds(), "first": time.Since(stored).Nanoseconds(),
	}, nil
}

func (s *Service) readModel(req *protocol.Request) (err error) {
	if s.trees, err = batchinference.OpenTrees(&inference.Task{Request: req}, features); err != nil {
		return err
	}
	version, err := readInput(req, "version")
	if err != nil {
		return err
	}
	s.Model = strings.TrimSpace(string(version))
	text, err := readInput(req, "categories")
	if err != nil {
		return err
	}
	var names struct{ Carrier, Origin, Dest []string }
	if err := json.Unmarshal(text, &names); err != nil {
		return protocol.BadInput("categories: %v", err)
	}
	for i, list := range [...][]string{names.Carrier, names.Origin, names.Dest} {
		s.codes[i] = make(map[string]float32, len(list))
		for code, name := range list {
			s.codes[i][name] = float32(code)
		}
	}
	return nil
}

func readInput(req *protocol.Request, name string) ([]byte, error) {
	path, err := req.Input(name)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, protocol.BadInput("%v", err)
	}
	return text, nil
}

const features = 10

// row is a flight that was found lawful.
type row struct {
	values [features]float32
	record *record
}

// Predict answers one flight.
func (s *Service) Predict(f *Flight) (Prediction, error) {
	r, err := s.check(f)
	if err != nil {
		return Prediction{}, err
	}
	return Prediction{s.answer(&r), s.Model}, nil
}

// PredictAll checks all rows before it answers the first.
func (s *Service) PredictAll(b *Batch) (Predictions, error) {
	if len(b.Rows) < 1 || len(b.Rows) > MaxRows {
		return Predictions{}, fmt.Errorf("rows: %d is not in 1 to %d", len(b.Rows), MaxRows)
	}
	rows := make([]row, len(b.Rows))
	for i := range rows {
		var err error
		if rows[i], err = s.check(&b.Rows[i]); err != nil {
			return Predictions{}, fmt.Errorf("rows[%d].%w", i, err)
		}
	}
	found := make([]float64, len(rows))
	for i := range rows {
		found[i] = s.answer(&rows[i])
	}
	return Predictions{found, s.Model}, nil
}

// Entity is a record's present state; false where there is none of that name.
func (s *Service) Entity(id string) (Entity, bool) {
	r, ok := s.store[id]
	if !ok {
		return Entity{}, false
	}
	return r.entity(id), true
}

func (s *Service) answer(r *row) float64 {
	probability := s.trees.Probability(r.values[:])
	if r.record != nil {
		r.record.note(probability)
		s.Metrics.updates.Inc()
	}
	return probability
}

func (s *Service) check(f *Flight) (r row, err error) {
	numbers, err := f.numbers()
	if err != nil {
		return r, err
	}
	weather, err := f.weather()
	if err != nil {
		return r, err
	}
	copy(r.values[:], numbers[:])
	for i, name := range [...]*string{f.Carrier, f.Origin, f.Dest} {
		if r.values[len(numbers)+i], err = s.code(i, name); err != nil {
			return r, err
		}
	}
	if f.Entity != nil {
		if r.record, err = s.find(f); err != nil {
			return r, err
		}
		weather = r.record.weather
	}
	copy(r.values[len(numbers)+len(s.codes):], weather[:])
	return r, nil
}

var codeNames = [...]string{"carrier", "origin", "dest"}

func (s *Service) code(i int, name *string) (float32, error) {
	if name == nil {
		return 0, fmt.Errorf("%s: missing", codeNames[i])
	}
	code, ok := s.codes[i][*name]
	if !ok {
		return 0, fmt.Errorf("%s: %q is not known", codeNames[i], *name)
	}
	return code, nil
}

func (s *Service) find(f *Flight) (*record, error) {
	for i, value := range [...]*float64{f.Temp, f.WindSpeed, f.Visib} {
		if value != nil {
			return nil, fmt.Errorf("%s: the entity's record has the weather", weatherNames[i])
		}
	}
	r, ok := s.store[*f.Entity]
	if !ok {
		return nil, fmt.Errorf("entity: %q is not known", *f.Entity)
	}
	return r, nil
}

// ErrTooLarge is the reason of a 413.
var ErrTooLarge = errors.New("a body has at most 1048576 bytes")
