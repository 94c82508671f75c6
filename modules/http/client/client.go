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
	"errors"
	"net"
	"net/netip"
	"strings"
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
	idle := c.idle
	c.idle = nil
	c.mu.Unlock()
	for _, cn := range idle {
		cn.close()
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

// exchange sends the request once, or twice if it was lost on a connection that died while idle.
func (c *Client) exchange(ctx context.Context, req *Request, resp *Response, deadline int64, to func(*Response) func([]byte) *Error) *Error {
	cookies := ""
	if !req.ownCookie {
		if c.jar != nil && !req.NoJar && c.jar.any.Load() {
			cookies = req.cookieLine(c.jar.cookies(req.Target))
		} else if len(req.Cookies) > 0 {
			cookies = req.cookieLine(nil)
		}
	}
	authorization := ""
	if req.Auth != nil && req.Auth.Scheme == "digest" {
		authorization = c.digest(req)
	}
	for retried := false; ; {
		cn, reused, err := c.acquire(ctx, req, resp, deadline, retried)
		if err != nil {
			return err
		}
		var unwatch func() bool
		if !cn.inMain && ctx.Done() != nil {
			unwatch = context.AfterFunc(ctx, func() { cn.kill(killCancel) })
		}
		before := now()
		e := cn.send(req.wire(cookies, authorization), req.Source)
		if e == errStale {
			c.drop(cn, unwatch, resp)
			continue
		}
		resp.Attempts++
		if reused {
			resp.flags |= flagReused
		}
		var failed *Error
		if e == nil {
			failed = cn.answer(req, resp, c.maxBody(req), to)
		}
		if bad := cn.finishWriting(); bad != nil {
			e, failed = nil, bad
		}
		end := now()
		if cn.tSent == 0 {
			cn.tSent = end
		}
		if cn.tFirst == 0 {
			cn.tFirst = end
		}
		resp.Send += time.Duration(cn.tSent - before)
		resp.Wait += time.Duration(cn.tFirst - cn.tSent)
		resp.Receive += time.Duration(end - cn.tFirst)
		resp.BytesOut += int64(cn.sent)
		resp.BytesIn += cn.came
		resp.remote = &cn.remote
		if e != nil {
			lost := reused && cn.came == 0 && cn.killed.Load() == killNone
			failed = cn.failure(doingWait, e)
			cn.shut = failed.Kind == KindClosed || failed.Kind == KindReset
			c.drop(cn, unwatch, resp)
			if lost && cn.shut && !retried && !c.cfg.NoRetry {
				retried = true
				continue
			}
			return failed
		}
		if failed != nil {
			c.drop(cn, unwatch, resp)
			return failed
		}
		if resp.flags&flagCookies != 0 && c.jar != nil && !req.NoJar {
			c.jar.set(req.Target, resp.Cookies())
		}
		c.release(cn, unwatch, resp, req)
		return nil
	}
}

func (c *Client) maxBody(req *Request) int64 {
	if req.MaxBody > 0 {
		return req.MaxBody
	}
	return c.cfg.MaxBody
}

var errClosed = &Error{Kind: KindCanceled, Message: "canceled: the user has ended"}

// acquire gives a connection on which the exchange may start, idle or new, with its deadline set.
func (c *Client) acquire(ctx context.Context, req *Request, resp *Response, deadline int64, fresh bool) (*conn, bool, *Error) {
	if !fresh && !req.Fresh {
		c.mu.Lock()
		for i := len(c.idle) - 1; i >= 0; i-- {
			cn := c.idle[i]
			if cn.key != req.key {
				continue
			}
			c.idle[i] = c.idle[len(c.idle)-1]
			c.idle[len(c.idle)-1] = nil
			c.idle = c.idle[:len(c.idle)-1]
			if cn.slot.deadline.Swap(deadline) == 0 {
				// The watchdog closed it: it was idle for too long.
				cn.close()
				continue
			}
			err := c.enter(ctx, cn)
			c.mu.Unlock()
			if err != nil {
				c.drop(cn, nil, resp)
				return nil, false, err
			}
			return cn, true, nil
		}
		c.mu.Unlock()
	}
	if err := ctx.Err(); err != nil {
		return nil, false, errorf(KindCanceled, err, "canceled before a connection was made")
	}
	cn, err := c.open(ctx, req, resp, deadline)
	if err != nil {
		return nil, false, err
	}
	cn.slot.deadline.Store(deadline)
	c.mu.Lock()
	err = c.enter(ctx, cn)
	c.mu.Unlock()
	if err != nil {
		c.drop(cn, nil, resp)
		return nil, false, err
	}
	return cn, false, nil
}

// enter makes the connection one that Close and the watched context can end. The caller holds mu; the
// context is looked at afterwards, so that no cancellation falls between.
func (c *Client) enter(ctx context.Context, cn *conn) *Error {
	cn.inMain = ctx == c.main
	cn.index = len(c.active)
	c.active = append(c.active, cn)
	if c.closed {
		return errClosed
	}
	if err := ctx.Err(); err != nil {
		return errorf(KindCanceled, err, "canceled before the request was sent")
	}
	return nil
}

// leave is the other end of enter; the caller holds mu.
func (c *Client) leave(cn *conn) {
	last := len(c.active) - 1
	c.active[cn.index] = c.active[last]
	c.active[cn.index].index = cn.index
	c.active[last] = nil
	c.active = c.active[:last]
	cn.index = -1
}

// drop ends a connection after an exchange that it cannot outlive.
func (c *Client) drop(cn *conn, unwatch func() bool, resp *Response) {
	if unwatch != nil {
		unwatch()
	}
	cn.releaseBuffer()
	c.mu.Lock()
	c.leave(cn)
	c.mu.Unlock()
	if cn.shut {
		resp.flags |= flagPeerShut
		resp.needMore().Peer++
	}
	cn.close()
}

// release keeps the connection for the next request if it can serve one.
func (c *Client) release(cn *conn, unwatch func() bool, resp *Response, req *Request) {
	inTime := cn.slot.deadline.Swap(-(now() + int64(c.cfg.IdleTimeout))) != 0
	if unwatch != nil {
		unwatch()
	}
	if cn.dirty || req.Fresh || req.ownClose || !inTime || cn.killed.Load() != killNone || c.cfg.IdleTimeout <= 0 {
		c.drop(cn, nil, resp)
		return
	}
	cn.releaseBuffer()
	cn.served++
	c.mu.Lock()
	c.leave(cn)
	closed := c.closed
	if !closed {
		c.idle = append(c.idle, cn)
	}
	c.mu.Unlock()
	if closed {
		cn.close()
	}
}

// open makes a connection for the request.
func (c *Client) open(ctx context.Context, req *Request, resp *Response, deadline int64) (*conn, *Error) {
	setup := resp.needSetup()
	limit := time.Duration(deadline - now())
	whole := true
	if c.cfg.ConnectTimeout > 0 && c.cfg.ConnectTimeout < limit {
		limit, whole = c.cfg.ConnectTimeout, false
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	t := req.Target
	nc, err := c.connect(ctx, req, setup)
	if err != nil {
		e := asError(t.Address(), err)
		if e.Kind == KindTimeout && !whole {
			e.Message += " (after connectTimeout, " + c.cfg.ConnectTimeout.String() + ")"
		}
		return nil, e
	}
	setup.Opened++
	return newConn(nc, req.key, t.Address()), nil
}

func asError(addr string, err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return dialError(addr, err)
}

// connect makes the byte stream on which the request is spoken.
func (c *Client) connect(ctx context.Context, req *Request, setup *Setup) (net.Conn, error) {
	t := req.Target
	var nc net.Conn
	var err error
	if req.Socket != "" {
		start := now()
		var d net.Dialer
		nc, err = d.DialContext(ctx, "unix", req.Socket)
		setup.Connect += time.Duration(now() - start)
		setup.Connected++
		if err != nil {
			return nil, dialError("unix:"+req.Socket, err)
		}
	} else if req.proxy != nil {
		if nc, err = c.viaProxy(ctx, req.proxy, t, setup); err != nil {
			return nil, err
		}
	} else if nc, err = c.dial(ctx, t.Host, t.Port, setup); err != nil {
		return nil, err
	}
	if t.Scheme == "https" {
		return c.handshake(ctx, nc, t.Host, setup, true)
	}
	return nc, nil
}

// handshake makes the stream a TLS one, to the target or to its proxy.
func (c *Client) handshake(ctx context.Context, nc net.Conn, host string, setup *Setup, target bool) (net.Conn, error) {
	cfg := c.tlsConfig()
	if cfg.ServerName == "" || !target {
		cfg = cfg.Clone()
		cfg.ServerName, _, _ = strings.Cut(host, "%")
	}
	start := now()
	tc := tls.Client(&belowTLS{Conn: nc}, cfg)
	err := tc.HandshakeContext(ctx)
	setup.TLS += time.Duration(now() - start)
	setup.Shook++
	if err != nil {
		nc.Close()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, tlsError(host, err)
	}
	return tc, nil
}

// tlsConfig is the shared configuration with this user's own session cache: a user resumes its own
// sessions and nobody else's.
func (c *Client) tlsConfig() *tls.Config {
	if cfg := c.tls.Load(); cfg != nil {
		return cfg
	}
	var cfg *tls.Config
	if c.cfg.TLS != nil {
		cfg = c.cfg.TLS.Clone()
	} else {
		cfg = &tls.Config{}
	}
	if !cfg.SessionTicketsDisabled {
		cfg.ClientSessionCache = tls.NewLRUClientSessionCache(8)
	}
	c.tls.CompareAndSwap(nil, cfg)
	return c.tls.Load()
}

// OpenConnections counts the connections of the client, idle ones first.
func (c *Client) OpenConnections() (idle, active int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.idle), len(c.active)
}
