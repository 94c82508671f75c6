// Package demo is a small HTTP API with a known truth, for first steps, examples and tests: users that
// can be created and read, a health check, and a line of waiting requests whose capacity is stated,
// so that it is known beforehand at which load the API breaks. What it answered, it counted: its
// Stats are what a client's own figures can be held against.
//
// It is a real server on a real socket, and knows nothing of the rest of runner.
package demo

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/valyala/fasthttp"
)

// Options are the demo API's settings. Start from DefaultOptions: a zero is taken as it stands.
type Options struct {
	// Addr is host:port to listen on; port 0 takes a free one.
	Addr string
	// Workers is how many requests to /users and /work are served at the same time; at least 1.
	Workers int
	// ServiceTime is how long a worker takes for one request; above 0.
	ServiceTime time.Duration
	// Queue is how many requests may wait for a worker; one more is answered 503.
	Queue int
	// Jitter spreads the service time evenly over ServiceTime × (1 ± Jitter); 0 … 1. The mean, and so
	// the breaking point, stays.
	Jitter float64
	// FailureRate is the share of served requests that are answered 500; 0 … 1.
	FailureRate float64
	// Seed makes jitter and failures repeatable: the n-th request served has the same fate every time.
	Seed uint64
	// MaxUsers is how many users are kept. One more, and the oldest is forgotten: its id is unknown
	// again and its email free.
	MaxUsers int
}

// DefaultOptions break at 400 requests a second.
func DefaultOptions() Options {
	return Options{
		Addr:        "127.0.0.1:8080",
		Workers:     4,
		ServiceTime: 10 * time.Millisecond,
		Queue:       1000,
		Seed:        1,
		MaxUsers:    100_000,
	}
}

// Validate reports everything that is wrong with the options at once.
func (o Options) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	_, _, err := net.SplitHostPort(o.Addr)
	check(err == nil, "address must be host:port, such as 127.0.0.1:8080, not %q", o.Addr)
	check(o.Workers >= 1 && o.Workers <= maxWorkers, "workers must be 1 to %d, not %d", maxWorkers, o.Workers)
	check(o.ServiceTime > 0 && o.ServiceTime <= time.Hour, "service time must be above 0 and at most 1h, not %v", o.ServiceTime)
	check(o.Queue >= 0 && o.Queue <= maxQueue, "queue must be 0 to %d, not %d", maxQueue, o.Queue)
	check(o.Jitter >= 0 && o.Jitter <= 1, "jitter must be 0 to 1, not %v", o.Jitter)
	check(o.FailureRate >= 0 && o.FailureRate <= 1, "failure rate must be 0 to 1, not %v", o.FailureRate)
	check(o.MaxUsers >= 1 && o.MaxUsers <= maxMaxUsers, "max users must be 1 to %d, not %d", maxMaxUsers, o.MaxUsers)
	return errors.Join(errs...)
}

// The bounds keep a slip of a flag from asking for more memory or connections than a machine has.
const (
	maxWorkers  = 100_000
	maxQueue    = 1_000_000
	maxMaxUsers = 10_000_000
)

// Capacity is the breaking point in requests a second: Workers ÷ ServiceTime.
func (o Options) Capacity() float64 { return float64(o.Workers) / o.ServiceTime.Seconds() }

// Describe says where the API breaks and why, on one line.
func (o Options) Describe() string {
	s := fmt.Sprintf("breaks at %s requests/s: %s × %v, %d may wait",
		strconv.FormatFloat(o.Capacity(), 'g', 6, 64), plural(o.Workers, "worker"), o.ServiceTime, o.Queue)
	if o.Jitter > 0 {
		s += fmt.Sprintf(", service time ± %g %%", o.Jitter*100)
	}
	if o.FailureRate > 0 {
		s += fmt.Sprintf(", %g %% of answers are 500", o.FailureRate*100)
	}
	return s
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Server is a running demo API. All its methods may be called from any goroutine.
type Server struct {
	options  Options
	http     *fasthttp.Server
	listener net.Listener
	url      string
	done     chan struct{} // closed when nothing is accepted any more
	broken   error         // what ended accepting if not Close; read after done is closed

	began   time.Time
	closing chan struct{} // closed to send those who wait away
	close   sync.Once
	conns   conns

	users users
	count counts

	mu     sync.Mutex // guards what follows
	line   line
	chance *rand.Rand
	waits  waits
}

// Start listens and serves until Close.
func Start(o Options) (*Server, error) {
	if err := o.Validate(); err != nil {
		return nil, fmt.Errorf("demo API: %w", err)
	}
	l, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("demo API: %w", err)
	}
	s := newServer(o)
	s.listener = l
	s.url = urlOf(l.Addr())
	go s.accept()
	return s, nil
}

// accept serves each connection on a goroutine of its own. fasthttp's own loop leaves goroutines
// behind for seconds after it ended; this one leaves none.
func (s *Server) accept() {
	defer close(s.done)
	for {
		c, err := s.listener.Accept()
		switch {
		case err == nil:
			s.conns.serve(c, func(c net.Conn) {
				_ = s.http.ServeConn(c) // a client that goes away is no error of ours
			})
		case errors.Is(err, net.ErrClosed):
			return
		case isPassing(err):
			// Out of descriptors, or the client gave up while it waited: the next one may do better.
			time.Sleep(acceptPause)
		default:
			s.broken = err
			return
		}
	}
}

// acceptPause is how long to wait for others to close their connections.
const acceptPause = 5 * time.Millisecond

func isPassing(err error) bool {
	for _, e := range []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.ECONNABORTED} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// newServer makes a server that does not listen yet.
func newServer(o Options) *Server {
	s := &Server{
		options: o,
		done:    make(chan struct{}),
		began:   time.Now(),
		closing: make(chan struct{}),
		line:    newLine(o.Workers, o.Queue),
		chance:  rand.New(rand.NewPCG(o.Seed, 0)),
	}
	s.users.max = o.MaxUsers
	s.conns.traffic = &s.count.traffic
	s.http = &fasthttp.Server{
		Handler:            s.handle,
		ErrorHandler:       s.refuse,
		Name:               "runner-demo",
		MaxRequestBodySize: 1 << 20,
		// fasthttp keeps the time for the Date header in a goroutine that never ends.
		NoDefaultDate: true,
		Logger:        silent{},
	}
	return s
}

// silent drops fasthttp's complaints about broken connections: Stats count what was refused.
type silent struct{}

func (silent) Printf(string, ...any) {}

// urlOf is the address at which this machine reaches a listener.
func urlOf(a net.Addr) string {
	tcp := a.(*net.TCPAddr)
	host := tcp.IP.String()
	if tcp.IP.IsUnspecified() {
		host = "127.0.0.1"
	}
	return "http://" + net.JoinHostPort(host, strconv.Itoa(tcp.Port))
}

// URL is where the API answers, such as "http://127.0.0.1:8080".
func (s *Server) URL() string { return s.url }

// Options are those that the server was started with.
func (s *Server) Options() Options { return s.options }

// Done is closed when the server accepts no more, by Close or because the listener broke.
func (s *Server) Done() <-chan struct{} { return s.done }

// closeGrace is how long Close lets answers under way be written.
const closeGrace = time.Second

// Close stops listening, answers those who wait with 503, and returns when every connection is
// closed, which takes closeGrace at most. A second call does nothing. The error is what had ended
// the listener before, if anything.
func (s *Server) Close() error {
	var err error
	s.close.Do(func() {
		close(s.closing)
		err = s.listener.Close()
		<-s.done
		if s.broken != nil {
			err = fmt.Errorf("demo API: %w", s.broken)
		}
		s.conns.end(closeGrace)
	})
	return err
}
