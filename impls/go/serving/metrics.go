package serving

import (
	"io"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/common/expfmt"
)

// Path is a route as a label; what a client makes up is Other.
type Path int

// The routes.
const (
	Predict Path = iota
	PredictAll
	EntityPath
	Health
	MetricsPath
	ForwardPath
	Other
)

var paths = [...]string{"/predict", "/predict/batch", "/entities/{id}", "/healthz", "/metrics", "/forward", "other"}

// Metrics are what Prometheus asks for. The counters of each route's usual answer are kept: finding one by its labels costs a hash.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	good     [len(paths)]prometheus.Counter
	seconds  [len(paths)]prometheus.Observer
	updates  prometheus.Counter
}

func newMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(
			prometheus.CounterOpts{Name: "http_requests_total", Help: "Requests answered."}, []string{"code", "path"},
		),
		updates: prometheus.NewCounter(prometheus.CounterOpts{Name: "feature_store_updates_total", Help: "Records updated."}),
	}
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "http_request_duration_seconds", Help: "Time in the handler.", Buckets: prometheus.ExponentialBuckets(1e-5, 2, 16),
	}, []string{"path"})
	m.registry.MustRegister(m.requests, m.updates, seconds, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for i, path := range paths {
		m.good[i], m.seconds[i] = m.requests.WithLabelValues("200", path), seconds.WithLabelValues(path)
	}
	return m
}

// Answered counts an answer.
func (s *Service) Answered(path Path, status int, took time.Duration) {
	s.Answers.Add(1)
	if status == 200 {
		s.Metrics.good[path].Inc()
	} else {
		s.Metrics.requests.WithLabelValues(strconv.Itoa(status), paths[path]).Inc()
	}
	s.Metrics.seconds[path].Observe(took.Seconds())
}

// TextType is the content type of Write.
var TextType = string(expfmt.NewFormat(expfmt.TypeTextPlain))

// Write writes Prometheus' text format, version 0.0.4.
func (m *Metrics) Write(out io.Writer) error {
	families, err := m.registry.Gather()
	if err != nil {
		return err
	}
	encoder := expfmt.NewEncoder(out, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, family := range families {
		if err := encoder.Encode(family); err != nil {
			return err
		}
	}
	return nil
}
