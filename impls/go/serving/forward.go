package serving

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// DownstreamTimeout is how long an answer may take.
const DownstreamTimeout = 10 * time.Second

// Downstream is the service that requests are passed on to.
type Downstream struct {
	client http.Client
	url    string
}

// newDownstream keeps as many connections as requests can wait: net/http's default is two, and each further one would be dialled anew.
// Nothing is asked for or taken off on the way: no gzip of the transport's own, no redirect followed, no proxy of the environment.
func newDownstream(port, connections int) *Downstream {
	return &Downstream{
		client: http.Client{
			Transport: &http.Transport{
				MaxIdleConnsPerHost: connections, IdleConnTimeout: 90 * time.Second, DisableCompression: true,
			},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
			Timeout:       DownstreamTimeout,
		},
		url: fmt.Sprintf("http://127.0.0.1:%d/predict", port),
	}
}

// Forward passes a body on and gives the answer back as it came.
func (d *Downstream) Forward(w http.ResponseWriter, r *http.Request) {
	body, status, err := Body(w, r)
	if err != nil {
		Refuse(w, status, err)
		return
	}
	answer, text, err := d.ask(r.Context(), r.Header.Get("Content-Type"), body)
	if err != nil {
		status = http.StatusBadGateway
		if late := net.Error(nil); errors.As(err, &late) && late.Timeout() {
			status = http.StatusGatewayTimeout
		}
		Refuse(w, status, err)
		return
	}
	if kind, ok := answer.Header["Content-Type"]; ok {
		w.Header()["Content-Type"] = kind
	} else {
		w.Header()["Content-Type"] = nil // net/http would guess one
	}
	w.WriteHeader(answer.StatusCode)
	w.Write(text) // a client that is gone is found out by the server
}

// ask reads the answer whole, so that one which is cut off becomes a 502.
func (d *Downstream) ask(ctx context.Context, kind string, body []byte) (*http.Response, []byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.url, bytes.NewReader(body))
	if err != nil {
		return nil, nil, fmt.Errorf("downstream: %w", err)
	}
	if kind != "" {
		request.Header.Set("Content-Type", kind)
	}
	answer, err := d.client.Do(request)
	if err != nil {
		return nil, nil, fmt.Errorf("downstream: %w", err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return nil, nil, fmt.Errorf("downstream: %w", err)
	}
	return answer, text, nil
}
