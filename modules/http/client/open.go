package client

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"strings"
	"time"
)

// open makes a connection for the request.
func (c *Client) open(ctx context.Context, req *Request, resp *Response, deadline int64) (*conn, *h2conn, *Error) {
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
		return nil, nil, e
	}
	setup.Opened++
	h2 := req.Version == Version2
	if tc, ok := nc.(*tls.Conn); ok && req.mayH2() {
		agreed := tc.ConnectionState().NegotiatedProtocol
		if h2 && agreed != "h2" {
			nc.Close()
			return nil, nil, errorf(KindTLS, nil, "%s does not speak HTTP/2: TLS agreed on %q", t.Address(), agreed)
		}
		h2 = agreed == "h2"
	}
	if h2 {
		h, err := newH2(nc, c.cfg.IdleTimeout)
		if err != nil {
			nc.Close()
			return nil, nil, ioError(t.Address(), "HTTP/2 was being started", err)
		}
		return nil, h, nil
	}
	return newConn(nc, req.key, t.Address()), nil, nil
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
		return c.handshake(ctx, nc, t.Host, setup, req.alpn())
	}
	return nc, nil
}

// handshake makes the stream a TLS one, to the target or, without protocols to agree on, to its proxy.
func (c *Client) handshake(ctx context.Context, nc net.Conn, host string, setup *Setup, alpn []string) (net.Conn, error) {
	cfg := c.tlsConfig().Clone()
	if cfg.ServerName == "" || alpn == nil {
		cfg.ServerName, _, _ = strings.Cut(host, "%")
	}
	cfg.NextProtos = alpn
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
