// Package requestserver serves predictions with Gin: its router, context and middleware.
package requestserver

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"bench/protocol"
	"bench/serving"
)

type server struct{ serving.Service }

// New makes a server, not yet loaded.
func New() protocol.Server { return new(server) }

// Serve answers until the context ends.
func (s *server) Serve(ctx context.Context, listener *net.TCPListener) (int64, error) {
	return s.ServeHTTP(ctx, listener, s.routes())
}

// routes is gin.New with middleware of our own: gin.Default would write a line a request.
func (s *server) routes() http.Handler {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.HandleMethodNotAllowed, engine.RedirectTrailingSlash = true, false
	engine.Use(s.measured, gin.CustomRecovery(func(c *gin.Context, _ any) {
		refuse(c, http.StatusInternalServerError, errors.New("the handler failed"))
	}))
	engine.POST("/predict", s.predict)
	engine.POST("/predict/batch", s.predictAll)
	engine.GET("/entities/:id", s.entity)
	engine.GET("/healthz", s.health)
	engine.GET("/metrics", s.metrics)
	if s.Downstream != nil {
		engine.POST("/forward", gin.WrapF(s.Downstream.Forward))
	}
	engine.NoRoute(func(c *gin.Context) { refuse(c, http.StatusNotFound, errors.New("no such path")) })
	engine.NoMethod(func(c *gin.Context) { refuse(c, http.StatusMethodNotAllowed, errors.New("no such method here")) })
	return engine
}

var labels = map[string]serving.Path{
	"/predict": serving.Predict, "/predict/batch": serving.PredictAll, "/entities/:id": serving.EntityPath,
	"/healthz": serving.Health, "/metrics": serving.MetricsPath, "/forward": serving.ForwardPath,
}

func (s *server) measured(c *gin.Context) {
	begun := time.Now()
	c.Next()
	path, ok := labels[c.FullPath()]
	if !ok {
		path = serving.Other
	}
	s.Answered(path, c.Writer.Status(), time.Since(begun))
}

func refuse(c *gin.Context, status int, why error) {
	c.AbortWithStatusJSON(status, serving.Refusal{Error: why.Error()})
}

func (s *server) predict(c *gin.Context) {
	var flight serving.Flight
	if !read(c, &flight) {
		return
	}
	found, err := s.Predict(&flight)
	tell(c, found, err)
}

func (s *server) predictAll(c *gin.Context) {
	var batch serving.Batch
	if !read(c, &batch) {
		return
	}
	found, err := s.PredictAll(&batch)
	tell(c, found, err)
}

// read says whether all is well; if not, the refusal is written. Gin's own binding is version 1 of encoding/json, which takes MONTH
// for month.
func read(c *gin.Context, into any) bool {
	body, status, err := serving.Body(c.Writer, c.Request)
	if err == nil {
		status, err = http.StatusBadRequest, serving.Read(body, into)
	}
	if err != nil {
		refuse(c, status, err)
	}
	return err == nil
}

func tell(c *gin.Context, found any, err error) {
	if err != nil {
		refuse(c, http.StatusBadRequest, err)
		return
	}
	c.JSON(http.StatusOK, found)
}

func (s *server) entity(c *gin.Context) {
	id := c.Param("id")
	if found, ok := s.Entity(id); ok {
		c.JSON(http.StatusOK, found)
		return
	}
	refuse(c, http.StatusNotFound, fmt.Errorf("no entity %q", id))
}

func (s *server) health(c *gin.Context) {
	if s.Draining.Load() {
		c.JSON(http.StatusServiceUnavailable, gin.H{"status": "draining"})
		return
	}
	c.JSON(http.StatusOK, gin.H{"status": "ok"})
}

func (s *server) metrics(c *gin.Context) {
	c.Header("Content-Type", serving.TextType)
	if err := s.Metrics.Write(c.Writer); err != nil {
		refuse(c, http.StatusInternalServerError, err)
	}
}
