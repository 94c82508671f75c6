package demo

import (
	"net"
	"sync"
	"time"
)

// conns are the connections being served. What goes over them is counted.
type conns struct {
	traffic *traffic

	wait sync.WaitGroup
	mu   sync.Mutex
	open map[net.Conn]struct{}
}

// serve calls fn with the connection, which fn closes, on a goroutine that end waits for.
func (cs *conns) serve(c net.Conn, fn func(net.Conn)) {
	cs.traffic.accepted.Add(1)
	cs.mu.Lock()
	if cs.open == nil {
		cs.open = map[net.Conn]struct{}{}
	}
	cs.open[c] = struct{}{}
	cs.mu.Unlock()
	cs.wait.Go(func() {
		fn(countedConn{c, cs.traffic})
		cs.mu.Lock()
		delete(cs.open, c)
		cs.mu.Unlock()
		cs.traffic.closed.Add(1)
	})
}

// end lets all connections write what they have within the grace, read no more, and waits for them.
// It may be called once nothing calls serve any more.
func (cs *conns) end(grace time.Duration) {
	now := time.Now()
	cs.mu.Lock()
	for c := range cs.open {
		// An error means that the connection is closed already.
		_ = c.SetReadDeadline(now)
		_ = c.SetWriteDeadline(now.Add(grace))
	}
	cs.mu.Unlock()
	cs.wait.Wait()
}

type countedConn struct {
	net.Conn
	traffic *traffic
}

func (c countedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.traffic.in.Add(int64(n))
	return n, err
}

// Write counts first, so that no client can have an answer that is not counted.
func (c countedConn) Write(p []byte) (int, error) {
	c.traffic.out.Add(int64(len(p)))
	n, err := c.Conn.Write(p)
	c.traffic.out.Add(int64(n - len(p)))
	return n, err
}
