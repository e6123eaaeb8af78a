// Package requestserver serves predictions with package net/http, routed by http.ServeMux.
package requestserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"bench/protocol"
	"bench/serving"
)

// JSON is the version of the library.
const JSON = "v1.27.2"

type server struct{ serving.Service }

// New makes a server, not yet loaded.
func New() protocol.Server { return new(server) }

// Serve answers until the context ends.
func (s *server) Serve(ctx context.Context, listener *net.TCPListener) (int64, error) {
	return s.ServeHTTP(ctx, listener, s.routes())
}

type route struct {
	method, pattern string
	path            serving.Path
	handler         http.HandlerFunc
}

func (s *server) routes() http.Handler {
	mux := http.NewServeMux()
	routes := []route{
		{"POST", "/predict", serving.Predict, s.predict},
		{"POST", "/predict/batch", serving.PredictAll, s.predictAll},
		{"GET", "/entities/{id}", serving.EntityPath, s.entity},
		{"GET", "/healthz", serving.Health, s.health},
		{"GET", "/metrics", serving.MetricsPath, s.metrics},
	}
	if s.Downstream != nil {
		routes = append(routes, route{"POST", "/forward", serving.ForwardPath, s.Downstream.Forward})
	}
	for _, route := range routes {
		mux.HandleFunc(route.method+" "+route.pattern, s.Measured(route.path, route.handler))
		mux.HandleFunc(route.pattern, s.Measured(route.path, otherMethod(route.method)))
	}
	mux.HandleFunc("/", s.Measured(serving.Other, func(w http.ResponseWriter, _ *http.Request) {
		serving.Refuse(w, http.StatusNotFound, errors.New("no such path"))
	}))
	return mux
}

// otherMethod answers in JSON where the mux would in plain text.
func otherMethod(allowed string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Allow", allowed)
		serving.Refuse(w, http.StatusMethodNotAllowed, fmt.Errorf("%s alone is known here", allowed))
	}
}

func (s *server) predict(w http.ResponseWriter, r *http.Request) {
	var flight serving.Flight
	if !read(w, r, &flight) {
		return
	}
	found, err := s.Predict(&flight)
	tell(w, found, err)
}

func (s *server) predictAll(w http.ResponseWriter, r *http.Request) {
	var batch serving.Batch
	if !read(w, r, &batch) {
		return
	}
	found, err := s.PredictAll(&batch)
	tell(w, found, err)
}

// read says whether all is well; if not, the refusal is written.
func read(w http.ResponseWriter, r *http.Request, into any) bool {
	body, status, err := serving.Body(w, r)
	if err == nil {
		status, err = http.StatusBadRequest, serving.Read(body, into)
	}
	if err != nil {
		serving.Refuse(w, status, err)
	}
	return err == nil
}

func tell(w http.ResponseWriter, found any, err error) {
	if err != nil {
		serving.Refuse(w, http.StatusBadRequest, err)
		return
	}
	serving.Tell(w, http.StatusOK, found)
}

func (s *server) entity(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if found, ok := s.Entity(id); ok {
		serving.Tell(w, http.StatusOK, found)
		return
	}
	serving.Refuse(w, http.StatusNotFound, fmt.Errorf("no entity %q", id))
}

func (s *server) health(w http.ResponseWriter, _ *http.Request) {
	if s.Draining.Load() {
		serving.Tell(w, http.StatusServiceUnavailable, map[string]string{"status": "draining"})
		return
	}
	serving.Tell(w, http.StatusOK, map[string]string{"status": "ok"})
}

func (s *server) metrics(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", serving.TextType)
	if err := s.Metrics.Write(w); err != nil {
		serving.Refuse(w, http.StatusInternalServerError, err)
	}
}
