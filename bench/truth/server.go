package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"math/rand/v2"
	"net"
	nethttp "net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// server is one whose behaviour is known beforehand, and whose own log is the truth.
type server struct {
	http     *nethttp.Server
	listener *countingListener
	gate     gate

	mu       sync.Mutex
	outcomes []string       // what the next requests of /mixed and /closing come to
	log      map[string]int // requests by what they came to: a status, or how they broke off
	took     []time.Duration
	decoded  int64 // bytes of bodies before they were encoded
}

// The ways in which a request can come to no answer, by the names that runner gives them.
const (
	reset     = "reset"
	timedOut  = "timeout"
	closed    = "closed"
	truncated = "truncated"
)

func startServer() (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{listener: &countingListener{Listener: l}, log: map[string]int{}}
	mux := nethttp.NewServeMux()
	mux.HandleFunc("/delay/{ms}", s.delay)
	mux.HandleFunc("/outcome", s.outcome)
	mux.HandleFunc("/body/{coding}/{size}", s.body)
	mux.HandleFunc("/stall", s.stalled)
	s.http = &nethttp.Server{Handler: mux}
	go s.http.Serve(s.listener) // until close
	return s, nil
}

func (s *server) url() string { return "http://" + s.listener.Addr().String() }

func (s *server) close() { s.http.Close() }

func (s *server) note(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log[what]++
}

// delay answers after a fixed time, and notes how long it really took.
func (s *server) delay(w nethttp.ResponseWriter, r *nethttp.Request) {
	begin := time.Now()
	ms, err := strconv.Atoi(r.PathValue("ms"))
	if err != nil {
		nethttp.Error(w, err.Error(), nethttp.StatusBadRequest)
		return
	}
	time.Sleep(time.Duration(ms) * time.Millisecond)
	io.WriteString(w, "ok")
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log["200"]++
	s.took = append(s.took, time.Since(begin))
}

// plan draws what n requests come to: shares of them as told, the others answered 200, in an order that
// the seed decides.
func (s *server) plan(n int, seed uint64, shares map[string]float64) {
	var all []string
	kinds := make([]string, 0, len(shares))
	for kind := range shares {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	for _, kind := range kinds {
		for range int(shares[kind] * float64(n)) {
			all = append(all, kind)
		}
	}
	for len(all) < n {
		all = append(all, "200")
	}
	r := rand.New(rand.NewPCG(seed, 0))
	r.Shuffle(n, func(i, j int) { all[i], all[j] = all[j], all[i] })
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outcomes = all
}

// announced is an answer that says that the connection ends with it, silent one that does not say so.
const (
	announced = "announced"
	silent    = "silent"
)

// outcome gives a request what is next in the plan.
func (s *server) outcome(w nethttp.ResponseWriter, r *nethttp.Request) {
	s.mu.Lock()
	next := "200" // what is sent again comes on top
	if len(s.outcomes) > 0 {
		next, s.outcomes = s.outcomes[0], s.outcomes[1:]
	}
	s.mu.Unlock()
	switch next {
	case "200":
		s.note("200")
		io.WriteString(w, "ok")
		return
	case "500":
		s.note("500")
		nethttp.Error(w, "broken as planned", nethttp.StatusInternalServerError)
		return
	case announced:
		s.note("200")
		w.Header().Set("Connection", "close")
		io.WriteString(w, "bye")
		return
	}
	c, _, err := nethttp.NewResponseController(w).Hijack()
	if err != nil {
		s.note("hijack: " + err.Error())
		return
	}
	defer c.Close()
	switch next {
	case silent:
		s.note("200")
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbye")
	case closed:
		s.note(closed)
	case reset:
		s.note(reset)
		c.(*countingConn).Conn.(*net.TCPConn).SetLinger(0)
	case timedOut:
		s.note(timedOut)
		c.Read(make([]byte, 1)) // until the client gives up
	case truncated:
		s.note(truncated)
		io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"+strings.Repeat("x", 500))
	default:
		s.note(next)
	}
}

// body answers with so many bytes that do not compress away, plain, in chunks, or gzipped.
func (s *server) body(w nethttp.ResponseWriter, r *nethttp.Request) {
	size, err := strconv.Atoi(r.PathValue("size"))
	if err != nil {
		nethttp.Error(w, err.Error(), nethttp.StatusBadRequest)
		return
	}
	content := make([]byte, size)
	random := rand.New(rand.NewPCG(uint64(size), 1))
	for i := range content {
		content[i] = "abcdefghijklmnop"[random.IntN(16)]
	}
	switch r.PathValue("coding") {
	case "plain":
		w.Header().Set("Content-Length", strconv.Itoa(size))
		w.Write(content)
	case "chunked":
		for chunk := range slices.Chunk(content, 7000) {
			w.Write(chunk)
			nethttp.NewResponseController(w).Flush()
		}
	case "gzip":
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		z.Write(content)
		z.Close()
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
		w.Write(b.Bytes())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log["200"]++
	s.decoded += int64(size)
}

// stalled answers at once, but not while the server stands still.
func (s *server) stalled(w nethttp.ResponseWriter, r *nethttp.Request) {
	s.gate.wait()
	s.note("200")
	io.WriteString(w, "ok")
}

// gate stands still for a part of each period, counted from its first use.
type gate struct {
	mu            sync.Mutex
	begin         time.Time
	every, during time.Duration
}

// set says how the gate stands still; an every of 0 keeps it open.
func (g *gate) set(every, during time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.every, g.during = every, during
}

func (g *gate) wait() { time.Sleep(g.left()) }

// left is how long the gate still stands at this moment.
func (g *gate) left() time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.begin.IsZero() {
		g.begin = time.Now()
	}
	if g.every <= 0 {
		return 0
	}
	// It stands still at the end of each period, so that the first requests pass.
	if left := g.every - time.Since(g.begin)%g.every; left < g.during {
		return left
	}
	return 0
}

// countingListener counts connections, and the bytes on them as the kernel took and gave them.
type countingListener struct {
	net.Listener
	accepted          atomic.Int64
	received, written atomic.Int64
}

func (l *countingListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.accepted.Add(1)
	return &countingConn{Conn: c, l: l}, nil
}

type countingConn struct {
	net.Conn
	l *countingListener
}

func (c *countingConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.l.received.Add(int64(n))
	return n, err
}

func (c *countingConn) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.l.written.Add(int64(n))
	return n, err
}

// counted are the figures that a client must have counted too.
type counted struct {
	Requests    int64
	Outcomes    map[string]int // by status or by how they broke off
	Connections int64
	Sent        int64 // bytes, seen from the client
	Received    int64
}

func (s *server) counted() counted {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := counted{Outcomes: map[string]int{}, Connections: s.listener.accepted.Load(),
		Sent: s.listener.received.Load(), Received: s.listener.written.Load()}
	for what, n := range s.log {
		c.Requests += int64(n)
		c.Outcomes[what] = n
	}
	return c
}

// quantile is that of how long the server really took.
func (s *server) quantile(q float64) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.Sort(s.took)
	if len(s.took) == 0 {
		return 0
	}
	return s.took[min(len(s.took)-1, int(q*float64(len(s.took))))]
}
