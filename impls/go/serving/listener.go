package serving

import (
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Listener holds so many connections and closes one beyond them at once. Package netutil's would let it wait.
type Listener struct {
	*net.TCPListener
	most int64
	held atomic.Int64
}

// Limit bounds the connections of a listener.
func Limit(listener *net.TCPListener, most int) *Listener {
	return &Listener{TCPListener: listener, most: int64(most)}
}

// Accept gives the next connection that there is room for.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		conn, err := l.AcceptTCP()
		if err != nil {
			return nil, err
		}
		if l.held.Add(1) <= l.most {
			return &held{TCPConn: conn, leave: sync.OnceFunc(func() { l.held.Add(-1) })}, nil
		}
		l.held.Add(-1)
		conn.Close()
	}
}

// settle is how long the last connections have to be accepted.
const settle = 20 * time.Millisecond

// Settle takes in what the kernel has accepted already and stops there; the caller closes it.
func (l *Listener) Settle() error {
	err := l.SetDeadline(time.Now().Add(settle / 2))
	time.Sleep(settle)
	return err
}

type held struct {
	*net.TCPConn
	leave func()
}

func (h *held) Close() error {
	h.leave()
	return h.TCPConn.Close()
}
