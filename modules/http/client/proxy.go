package client

import (
	"context"
	"encoding/base64"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http/httpproxy"
	"golang.org/x/net/proxy"
)

// Proxy is a server that stands between us and the target.
type Proxy struct {
	Scheme         string // "http", "https", "socks5" (names are resolved here) or "socks5h" (there)
	Host, Port     string
	user, password string
	authorization  string
}

// ParseProxy reads a proxy's URL.
func ParseProxy(raw string) (*Proxy, error) {
	const want = `want "http://host:port", "https://…", "socks5://…" or "socks5h://…"`
	text := raw
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" {
		return nil, fmt.Errorf("%q is no proxy: %s", raw, want)
	}
	p := &Proxy{Scheme: strings.ToLower(u.Scheme), Host: u.Hostname(), Port: u.Port()}
	port := map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}[p.Scheme]
	if port == "" {
		return nil, fmt.Errorf("%q is no proxy: %s", raw, want)
	}
	if p.Port == "" {
		p.Port = port
	}
	if u.User != nil {
		p.user = u.User.Username()
		p.password, _ = u.User.Password()
		p.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(p.user+":"+p.password))
	}
	return p, nil
}

func (p *Proxy) address() string { return net.JoinHostPort(p.Host, p.Port) }

// key names the connections through the proxy that can serve the target.
func (p *Proxy) key(t *Target) string {
	k := p.Scheme + "://" + p.user + ":" + p.password + "@" + p.address()
	if p.forwards(t) {
		return k
	}
	return k + " " + t.key
}

// forwards says whether the proxy is handed the request itself, and not just a stream.
func (p *Proxy) forwards(t *Target) bool {
	return t.Scheme == "http" && (p.Scheme == "http" || p.Scheme == "https")
}

// ProxyFromEnvironment is the rule of HTTP_PROXY, HTTPS_PROXY and NO_PROXY; nil if none is set. The
// environment is read once.
var ProxyFromEnvironment = sync.OnceValue(func() func(*Target) *Proxy {
	cfg := httpproxy.FromEnvironment()
	if cfg.HTTPProxy == "" && cfg.HTTPSProxy == "" {
		return nil
	}
	return proxyRule(cfg)
})

func proxyRule(cfg *httpproxy.Config) func(*Target) *Proxy {
	rule := cfg.ProxyFunc()
	return func(t *Target) *Proxy {
		u, err := rule(&url.URL{Scheme: t.Scheme, Host: net.JoinHostPort(t.Host, t.Port)})
		if err != nil || u == nil {
			return nil
		}
		p, err := ParseProxy(u.String())
		if err != nil {
			return nil
		}
		return p
	}
}

// Through gives the rule to use a proxy for all targets but those that except names: a host, a domain
// with its subdomains (".example.com"), an address or a prefix.
func Through(p *Proxy, except []string) func(*Target) *Proxy {
	return func(t *Target) *Proxy {
		addr, err := netip.ParseAddr(t.Host)
		for _, e := range except {
			e = strings.ToLower(e)
			if prefix, perr := netip.ParsePrefix(e); perr == nil && err == nil && prefix.Contains(addr) {
				return nil
			}
			if t.Host == e || t.Host+":"+t.Port == e || strings.HasPrefix(e, ".") && (strings.HasSuffix(t.Host, e) || t.Host == e[1:]) {
				return nil
			}
		}
		return p
	}
}

// viaProxy makes the stream to the target through the request's proxy. The time that it takes is part
// of connecting.
func (c *Client) viaProxy(ctx context.Context, p *Proxy, t *Target, setup *Setup) (net.Conn, error) {
	if p.Scheme == "socks5" || p.Scheme == "socks5h" {
		return c.viaSOCKS(ctx, p, t, setup)
	}
	nc, err := c.dial(ctx, p.Host, p.Port, setup)
	if err != nil {
		return nil, proxyError(p, err)
	}
	if p.Scheme == "https" {
		if nc, err = c.handshake(ctx, nc, p.Host, setup, nil); err != nil {
			return nil, proxyError(p, err)
		}
	}
	if p.forwards(t) {
		return nc, nil
	}
	start := now()
	err = c.tunnel(ctx, nc, p, t)
	setup.Connect += time.Duration(now() - start)
	if err != nil {
		nc.Close()
		return nil, proxyError(p, err)
	}
	return nc, nil
}

// tunnel asks the proxy to CONNECT.
func (c *Client) tunnel(ctx context.Context, nc net.Conn, p *Proxy, t *Target) error {
	defer context.AfterFunc(ctx, func() { nc.SetDeadline(longAgo) })()
	ask := "CONNECT " + t.Address() + " HTTP/1.1\r\nHost: " + t.Address() + "\r\nUser-Agent: " + UserAgent + "\r\n"
	if p.authorization != "" {
		ask += "Proxy-Authorization: " + p.authorization + "\r\n"
	}
	if _, err := nc.Write([]byte(ask + "\r\n")); err != nil {
		return either(ctx, err)
	}
	// Nobody speaks before we do, so that nothing but the head can come.
	var h head
	h.reset()
	buf := make([]byte, 0, 4096)
	for {
		if len(buf) == cap(buf) {
			return errorf(KindProxy, nil, "the proxy %s answered CONNECT with a head of more than %d bytes", p.address(), cap(buf))
		}
		n, err := nc.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if n == 0 {
			return either(ctx, err)
		}
		done, bad := h.parse(buf)
		if bad != nil {
			return bad
		}
		if done {
			break
		}
	}
	if h.status/100 != 2 {
		line, _, _ := strings.Cut(string(buf), "\r\n")
		return errorf(KindProxy, nil, "the proxy %s refused to connect to %s: %s", p.address(), t.Address(), line)
	}
	nc.SetDeadline(time.Time{})
	return ctx.Err()
}

// either prefers the context's error, which is why the connection failed.
func either(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// proxyError says that it was the proxy, unless the time was up or this machine was at fault.
func proxyError(p *Proxy, err error) *Error {
	e := dialError(p.address(), err)
	switch e.Kind {
	case KindTimeout, KindCanceled, KindGenerator, KindProxy:
		return e
	}
	return errorf(KindProxy, err, "the proxy %s: %s", p.address(), e.Message)
}

// viaSOCKS connects through a SOCKS5 proxy.
func (c *Client) viaSOCKS(ctx context.Context, p *Proxy, t *Target, setup *Setup) (net.Conn, error) {
	var auth *proxy.Auth
	if p.authorization != "" {
		auth = &proxy.Auth{User: p.user, Password: p.password}
	}
	host, port := c.cfg.override(t.Host, t.Port)
	if p.Scheme == "socks5" {
		addrs, err := c.resolve(ctx, host, setup)
		if err != nil {
			return nil, err
		}
		host = addrs[0].String()
	}
	d, err := proxy.SOCKS5("tcp", p.address(), auth, nil)
	if err != nil {
		return nil, proxyError(p, err)
	}
	// The package's own connection would hide the file descriptor.
	over, ok := d.(interface {
		DialWithConn(ctx context.Context, c net.Conn, network, address string) (net.Addr, error)
	})
	if !ok {
		return nil, errorf(KindProxy, nil, "the proxy %s: SOCKS5 over a connection of our own is not to be had", p.address())
	}
	nc, err := c.dial(ctx, p.Host, p.Port, setup)
	if err != nil {
		return nil, proxyError(p, err)
	}
	start := now()
	_, err = over.DialWithConn(ctx, nc, "tcp", net.JoinHostPort(host, port))
	setup.Connect += time.Duration(now() - start)
	if err != nil {
		nc.Close()
		return nil, proxyError(p, either(ctx, err))
	}
	nc.SetDeadline(time.Time{})
	return nc, nil
}
