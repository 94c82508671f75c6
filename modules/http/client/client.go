// Package client is runner's HTTP client for one virtual user: its own connections, its own cookies,
// and nothing on the wire that the script did not ask for. It knows no JavaScript.
//
// The hot path is its own and not fasthttp's. fasthttp's client retries up to five times without
// saying so, limits connections to 512 a host, normalises paths, gives an unasked answer on an idle
// connection to the next request and allocates what a Content-Length declares; and an exchange
// through its codec and a buffered reader costs 10 % to 20 % more CPU than writing, parking and
// reading within one callback of the poller (conn_linux.go).
package client

import (
	"context"
	"crypto/tls"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// Defaults of a Config.
const (
	DefaultTimeout        = 60 * time.Second
	DefaultConnectTimeout = 30 * time.Second
	DefaultIdleTimeout    = 90 * time.Second
	DefaultDNSTTL         = time.Minute
	DefaultMaxRedirects   = 10
	DefaultMaxBody        = 256 << 20
)

// Config is what all users of a scenario have in common. It does not change while clients use it.
type Config struct {
	Timeout        time.Duration // of a whole call; a Request may have its own
	ConnectTimeout time.Duration // of name, connection and TLS together
	IdleTimeout    time.Duration // how long an unused connection is kept
	DNSTTL         time.Duration
	DNSServer      string            // host:port, empty for the system's
	Hosts          map[string]string // host or host:port to address, with or without port
	LocalAddrs     []netip.Addr      // source addresses, by turns one for each client
	TLS            *tls.Config       // nil for the defaults
	MaxBody        int64             // the largest body that is kept
	NoRetry        bool              // not even the one on a reused connection
}

// Defaults is a Config with every default in place.
func Defaults() *Config {
	return &Config{
		Timeout: DefaultTimeout, ConnectTimeout: DefaultConnectTimeout, IdleTimeout: DefaultIdleTimeout,
		DNSTTL: DefaultDNSTTL, MaxBody: DefaultMaxBody,
	}
}

// Client holds one user's connections and cookies. It is safe for concurrent use.
type Client struct {
	cfg   *Config
	index int
	jar   *Jar
	tls   atomic.Pointer[tls.Config]

	mu     sync.Mutex
	idle   []*conn // the latest used last
	h2     map[string]*h2conn
	gates  map[string]chan struct{} // of keys whose first connection is being made
	only1  map[string]bool          // keys whose server has turned HTTP/2 down
	active []*conn
	closed bool

	challenges map[string]*challenge // of digest authentication, by origin

	main    context.Context
	unwatch func() bool
}

var clients atomic.Int64

// New makes a client. It opens nothing yet.
func New(cfg *Config) *Client {
	return &Client{cfg: cfg, index: int(clients.Add(1) - 1)}
}

// SetJar gives the client a cookie jar, or takes it away. Only while no request runs.
func (c *Client) SetJar(j *Jar) { c.jar = j }

// Jar is the client's cookie jar, nil if it has none.
func (c *Client) Jar() *Jar { return c.jar }

// Watch names the context under which most calls will come, so that a call under it needs no
// registration of its own: it is watched once, not once a request.
func (c *Client) Watch(ctx context.Context) {
	if ctx == c.main {
		return
	}
	if c.unwatch != nil {
		c.unwatch()
	}
	c.main, c.unwatch = ctx, nil
	if ctx != nil && ctx.Done() != nil {
		c.unwatch = context.AfterFunc(ctx, func() { c.abort(ctx) })
	}
}

// abort ends the exchanges that run under the watched context.
func (c *Client) abort(context.Context) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, cn := range c.active {
		if cn.inMain {
			cn.kill(killCancel)
		}
	}
}

// CloseIdle closes the connections that no exchange uses, so that the next request opens its own.
func (c *Client) CloseIdle() {
	c.mu.Lock()
	idle, h2 := c.idle, c.h2
	c.idle, c.h2 = nil, nil
	closed := c.closed
	c.mu.Unlock()
	for _, cn := range idle {
		cn.close()
	}
	for _, h := range h2 {
		if closed {
			h.cc.Close()
		} else {
			h.cc.SetDoNotReuse() // it closes when the last of its requests has ended
			if h.cc.State().StreamsActive == 0 {
				h.cc.Close()
			}
		}
	}
}

// Close ends running exchanges and closes all connections. The client serves no more.
func (c *Client) Close() {
	c.mu.Lock()
	c.closed = true
	for _, cn := range c.active {
		cn.kill(killCancel)
	}
	c.mu.Unlock()
	c.Watch(nil)
	c.CloseIdle()
}

// Do sends the request and reads its answer into resp, redirects included. A failure is in resp.Err.
func (c *Client) Do(ctx context.Context, req *Request, resp *Response) {
	c.do(ctx, req, resp, nil)
}

// Stream is Do for a body that is handed on as it comes in: once the final answer's head was read, to
// is asked where its body goes.
func (c *Client) Stream(ctx context.Context, req *Request, resp *Response, to func(*Response) func([]byte) *Error) {
	c.do(ctx, req, resp, to)
}

func (c *Client) do(ctx context.Context, req *Request, resp *Response, to func(*Response) func([]byte) *Error) {
	start := now()
	timeout := req.Timeout
	if timeout == 0 {
		timeout = c.cfg.Timeout
	}
	deadline := start + int64(timeout)
	limit := req.MaxRedirects
	answered := false // a challenge, for this request
	for {
		resp.Request = req
		err := c.exchange(ctx, req, resp, deadline, to)
		if err != nil {
			if err.Kind == KindTimeout && now() >= deadline {
				err.Message += " (after " + timeout.String() + ")"
			}
			resp.Err = err
			break
		}
		if resp.Status == 401 && req.Auth != nil && req.Auth.Scheme == "digest" && !answered && c.challenged(req, resp) {
			answered = true
			resp.forget()
			continue
		}
		if resp.Status < 300 || resp.Status > 399 {
			break
		}
		next := c.redirect(req, resp)
		if next == nil {
			break
		}
		m := resp.needMore()
		if len(m.Hops) >= limit {
			m.Exhausted = limit > 0
			break
		}
		m.Hops = append(m.Hops, Hop{req.Target.String(), int(resp.Status), next.Target.String()})
		req, answered = next, false
		resp.forget()
	}
	resp.Duration = time.Duration(now() - start)
}

// redirect is the request that the answer points to; nil if it points nowhere.
func (c *Client) redirect(req *Request, resp *Response) *Request {
	switch resp.Status {
	case 301, 302, 303, 307, 308:
	default:
		return nil
	}
	to := resp.Header("location")
	if len(to) == 0 || to[0] == "" || req.MaxRedirects <= 0 {
		return nil
	}
	target, err := req.Target.Resolve(to[0])
	if err == nil {
		var next *Request
		if next, err = req.redirected(int(resp.Status), target); err == nil {
			return next
		}
	}
	resp.Err = errorf(KindRedirect, err, "%s redirects to %q: %s", req.Target, to[0], err)
	return nil
}

// OpenConnections counts the connections of the client, idle ones first. One of HTTP/2 counts as idle.
func (c *Client) OpenConnections() (idle, active int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.idle) + len(c.h2), len(c.active)
}
