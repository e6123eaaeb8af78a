// Package requestserver serves predictions with fasthttp: routes by a switch, bodies parsed where they lie, answers written into
// the connection's own buffer. A request allocates next to nothing.
package requestserver

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/valyala/fasthttp"

	"bench/protocol"
	"bench/serving"
)

type server struct{ serving.Service }

// New makes a server, not yet loaded.
func New() protocol.Server { return new(server) }

// Serve answers until the context ends, then drains.
func (s *server) Serve(ctx context.Context, listener *net.TCPListener) (int64, error) {
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	handler := &fasthttp.Server{
		Handler: s.measured, ErrorHandler: s.unread, ReadTimeout: serving.BodyTimeout, WriteTimeout: serving.WriteTimeout,
		IdleTimeout: serving.IdleTimeout, MaxRequestBodySize: serving.MaxBody, ReadBufferSize: serving.MaxHead,
		Concurrency: s.Connections, CloseOnShutdown: true, NoDefaultServerHeader: true, Logger: quiet{},
	}
	limited, ended := serving.Limit(listener, s.Connections), make(chan error, 1)
	go func() { ended <- handler.Serve(limited) }()
	select {
	case err := <-ended:
		return s.Answers.Load(), err
	case <-ctx.Done():
	}
	s.Draining.Store(true)
	log.Info("draining")
	drain, cancel := context.WithTimeout(context.Background(), serving.DrainTimeout)
	defer cancel()
	if err := handler.ShutdownWithContext(drain); err != nil {
		log.Warn("not all were answered", "error", err)
	}
	return s.Answers.Load(), nil
}

// quiet drops what fasthttp says of clients that talk nonsense: they are answered, and a line for each would be theirs to order.
type quiet struct{}

func (quiet) Printf(string, ...any) {}

const entities = "/entities/"

func route(path string) (label serving.Path, method string) {
	switch path {
	case "/predict":
		return serving.Predict, fasthttp.MethodPost
	case "/predict/batch":
		return serving.PredictAll, fasthttp.MethodPost
	case "/healthz":
		return serving.Health, fasthttp.MethodGet
	case "/metrics":
		return serving.MetricsPath, fasthttp.MethodGet
	}
	if id, ok := strings.CutPrefix(path, entities); ok && id != "" && !strings.Contains(id, "/") {
		return serving.EntityPath, fasthttp.MethodGet
	}
	return serving.Other, ""
}

// measured counts the answers of a route; a panic is answered, and the server lives.
func (s *server) measured(c *fasthttp.RequestCtx) {
	begun := time.Now()
	label, method := route(string(c.Path()))
	defer func() {
		if cause := recover(); cause != nil {
			slog.Error("panic", "cause", cause)
			refuse(c, fasthttp.StatusInternalServerError, errors.New("the handler failed"))
		}
		s.Answered(label, c.Response.StatusCode(), time.Since(begun))
	}()
	switch {
	case method == "":
		refuse(c, fasthttp.StatusNotFound, errors.New("no such path"))
	case string(c.Method()) != method:
		refuse(c, fasthttp.StatusMethodNotAllowed, fmt.Errorf("%s alone is known here", method))
		c.Response.Header.Set(fasthttp.HeaderAllow, method)
	default:
		s.handle(c, label)
	}
}

func (s *server) handle(c *fasthttp.RequestCtx, label serving.Path) {
	switch label {
	case serving.Predict:
		s.predict(c)
	case serving.PredictAll:
		s.predictAll(c)
	case serving.EntityPath:
		s.entity(c, strings.TrimPrefix(string(c.Path()), entities))
	case serving.Health:
		s.health(c)
	default:
		s.metrics(c)
	}
}

// unread answers what is no request, or one that is too large.
func (s *server) unread(c *fasthttp.RequestCtx, err error) {
	status := fasthttp.StatusBadRequest
	var small *fasthttp.ErrSmallBuffer
	var late net.Error
	switch {
	case errors.As(err, &small):
		status = fasthttp.StatusRequestHeaderFieldsTooLarge
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		status, err = fasthttp.StatusRequestEntityTooLarge, serving.ErrTooLarge
	case errors.As(err, &late) && late.Timeout():
		status = fasthttp.StatusRequestTimeout
	}
	refuse(c, status, errors.New(strings.Join(strings.Fields(err.Error()), " ")))
	s.Answered(serving.Other, status, 0)
}

func (s *server) predict(c *fasthttp.RequestCtx) {
	parsed := parsers.Get()
	defer parsers.Put(parsed)
	var flight flight
	root, err := object(parsed, c.PostBody())
	if err == nil {
		err = flight.fill(root)
	}
	if err != nil {
		refuse(c, fasthttp.StatusBadRequest, err)
		return
	}
	found, err := s.Predict(&flight.Flight)
	if err != nil {
		refuse(c, fasthttp.StatusBadRequest, err)
		return
	}
	c.SetContentType("application/json")
	b := append(c.Response.Body(), `{"probability":`...)
	b = strconv.AppendFloat(b, found.Probability, 'g', -1, 64)
	b = append(append(append(b, `,"model":`...), strconv.Quote(found.Model)...), '}')
	c.Response.SetBodyRaw(b)
}

func (s *server) predictAll(c *fasthttp.RequestCtx) {
	parsed := parsers.Get()
	defer parsers.Put(parsed)
	rows, err := batch(parsed, c.PostBody())
	if err != nil {
		refuse(c, fasthttp.StatusBadRequest, err)
		return
	}
	found, err := s.PredictAll(rows)
	if err != nil {
		refuse(c, fasthttp.StatusBadRequest, err)
		return
	}
	tell(c, fasthttp.StatusOK, found)
}

func (s *server) entity(c *fasthttp.RequestCtx, id string) {
	if found, ok := s.Entity(id); ok {
		tell(c, fasthttp.StatusOK, found)
		return
	}
	refuse(c, fasthttp.StatusNotFound, fmt.Errorf("no entity %q", id))
}

func (s *server) health(c *fasthttp.RequestCtx) {
	if s.Draining.Load() {
		tell(c, fasthttp.StatusServiceUnavailable, map[string]string{"status": "draining"})
		return
	}
	tell(c, fasthttp.StatusOK, map[string]string{"status": "ok"})
}

func (s *server) metrics(c *fasthttp.RequestCtx) {
	var text bytes.Buffer
	if err := s.Metrics.Write(&text); err != nil {
		refuse(c, fasthttp.StatusInternalServerError, err)
		return
	}
	c.SetContentType(serving.TextType)
	c.SetBody(text.Bytes())
}

func refuse(c *fasthttp.RequestCtx, status int, why error) {
	tell(c, status, serving.Refusal{Error: why.Error()})
}

func tell(c *fasthttp.RequestCtx, status int, answer any) {
	text, err := json.Marshal(answer)
	if err != nil {
		status, text = fasthttp.StatusInternalServerError, []byte(`{"error":"the answer can't be written"}`)
	}
	c.SetStatusCode(status)
	c.SetContentType("application/json")
	c.SetBody(text)
}
