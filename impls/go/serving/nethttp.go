package serving

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"
)

// ServeHTTP runs a handler on package net/http's server, with its limits and its drain. For all that are built on it.
func (s *Service) ServeHTTP(ctx context.Context, listener *net.TCPListener, handler http.Handler) (int64, error) {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	server := &http.Server{
		Handler: handler, ReadHeaderTimeout: HeadTimeout, ReadTimeout: HeadTimeout + BodyTimeout, WriteTimeout: BodyTimeout + WriteTimeout,
		IdleTimeout: IdleTimeout, MaxHeaderBytes: MaxHead - slack, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	limited, ended := Limit(listener, s.Connections), make(chan error, 1)
	go func() { ended <- server.Serve(limited) }()
	select {
	case err := <-ended:
		return s.Answers.Load(), err
	case <-ctx.Done():
	}
	s.Draining.Store(true)
	log.Info("draining")
	if err := limited.Settle(); err != nil {
		return s.Answers.Load(), err
	}
	drain, cancel := context.WithTimeout(context.Background(), DrainTimeout)
	defer cancel()
	if err := server.Shutdown(drain); err != nil {
		log.Warn("not all were answered", "error", err)
		server.Close()
	}
	return s.Answers.Load(), nil
}

// slack is what net/http adds to the bound of a head.
const slack = 4096

// Body reads a body of at most MaxBody bytes; the status is 0 where all is well.
func Body(w http.ResponseWriter, r *http.Request) (body []byte, status int, err error) {
	if r.ContentLength > MaxBody {
		w.Header().Set("Connection", "close") // its rest is not read
		return nil, http.StatusRequestEntityTooLarge, ErrTooLarge
	}
	if r.ContentLength > 0 {
		body = make([]byte, r.ContentLength)
		_, err = io.ReadFull(r.Body, body)
	} else {
		body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	}
	if large := new(http.MaxBytesError); errors.As(err, &large) {
		return nil, http.StatusRequestEntityTooLarge, ErrTooLarge
	}
	if err != nil {
		return nil, http.StatusBadRequest, err
	}
	return body, 0, nil
}

// Tell answers in JSON.
func Tell(w http.ResponseWriter, status int, answer any) {
	text, err := json.Marshal(answer)
	if err != nil {
		status, text = http.StatusInternalServerError, []byte(`{"error":"the answer can't be written"}`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	w.Write(text) // a client that is gone is found out by the server
}

// Refuse answers with a reason.
func Refuse(w http.ResponseWriter, status int, why error) { Tell(w, status, Refusal{why.Error()}) }

// Status notes what a handler answered.
type Status struct {
	http.ResponseWriter
	Code int
}

// WriteHeader notes the status.
func (s *Status) WriteHeader(code int) {
	s.Code = code
	s.ResponseWriter.WriteHeader(code)
}

// Unwrap is for http.ResponseController.
func (s *Status) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// Measured counts the answers of a route; a panic is answered, and the server lives.
func (s *Service) Measured(path Path, handler http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		begun, seen := time.Now(), &Status{w, http.StatusOK}
		defer func() {
			if cause := recover(); cause != nil {
				slog.Error("panic", "cause", cause)
				Refuse(seen, http.StatusInternalServerError, errors.New("the handler failed"))
			}
			s.Answered(path, seen.Code, time.Since(begun))
		}()
		handler(seen, r)
	}
}
