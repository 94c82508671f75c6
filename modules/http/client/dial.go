package client

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"
)

// stagger is how long one address has before the next is tried beside it: RFC 8305's recommended
// Connection Attempt Delay.
const stagger = 250 * time.Millisecond

// dial makes a TCP connection to host:port by the rules of the configuration.
func (c *Client) dial(ctx context.Context, host, port string, setup *Setup) (net.Conn, error) {
	name, at := c.cfg.override(host, port)
	addrs, err := c.resolve(ctx, name, setup)
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseUint(at, 10, 16)
	if err != nil {
		return nil, errorf(KindConnect, nil, "%q is no port", at)
	}
	start := now()
	nc, err := c.race(ctx, addrs, uint16(n))
	setup.Connect += time.Duration(now() - start)
	setup.Connected++
	if err != nil {
		return nil, dialError(net.JoinHostPort(host, port), err)
	}
	return nc, nil
}

// override applies hosts: by host:port first, then by host. The port stays unless one is given.
func (cfg *Config) override(host, port string) (string, string) {
	if len(cfg.Hosts) == 0 {
		return host, port
	}
	to, ok := cfg.Hosts[net.JoinHostPort(host, port)]
	if !ok {
		if to, ok = cfg.Hosts[host]; !ok {
			return host, port
		}
	}
	if h, p, err := net.SplitHostPort(to); err == nil {
		return h, p
	}
	return strings.Trim(to, "[]"), port
}

// race connects to the first address that answers.
func (c *Client) race(ctx context.Context, addrs []netip.Addr, port uint16) (net.Conn, error) {
	if len(addrs) == 1 {
		return c.dialOne(ctx, netip.AddrPortFrom(addrs[0], port))
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type outcome struct {
		nc  net.Conn
		err error
	}
	results := make(chan outcome, len(addrs))
	timer := time.NewTimer(stagger)
	defer timer.Stop()
	started, ended := 0, 0
	next := func() {
		if ctx.Err() != nil || started == len(addrs) {
			return
		}
		a := netip.AddrPortFrom(addrs[started], port)
		started++
		go func() {
			nc, err := c.dialOne(ctx, a)
			results <- outcome{nc, err}
		}()
		timer.Reset(stagger)
	}
	var winner net.Conn
	var first error
	next()
	for winner == nil && ended < started {
		select {
		case <-timer.C:
			next()
		case r := <-results:
			ended++
			if winner = r.nc; winner == nil {
				if first == nil {
					first = r.err
				}
				next()
			}
		}
	}
	// The losers end at once; what they opened is closed.
	cancel()
	for ; ended < started; ended++ {
		if r := <-results; r.nc != nil {
			r.nc.Close()
		}
	}
	if winner != nil {
		return winner, nil
	}
	return nil, first
}

func (c *Client) dialOne(ctx context.Context, a netip.AddrPort) (net.Conn, error) {
	// Keep-alive probes are off: deadlines find a dead peer sooner, and each option is a system call.
	d := net.Dialer{KeepAlive: -1, FallbackDelay: -1}
	if local := c.localFor(a.Addr()); local.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(local, 0))
		d.Control = bindLate
	}
	return d.DialContext(ctx, "tcp", a.String())
}

// localFor is the source address of this client for a peer of the same family.
func (c *Client) localFor(peer netip.Addr) netip.Addr {
	n := len(c.cfg.LocalAddrs)
	for i := range n {
		a := c.cfg.LocalAddrs[(c.index+i)%n]
		if a.Unmap().Is4() == peer.Unmap().Is4() {
			return a
		}
	}
	return netip.Addr{}
}

// lookup is one name's addresses, being asked for or known.
type lookup struct {
	done  chan struct{}
	addrs []netip.Addr
	err   error
	until int64
}

// resolver is shared by all users of the process: a name is asked for once in its time to live, by
// whoever comes first.
type resolver struct {
	mu    sync.Mutex
	names map[nameKey]*lookup
}

// nameKey is a name as one configuration asks for it.
type nameKey struct {
	name, server string
	ttl          time.Duration
}

var dns = resolver{names: map[nameKey]*lookup{}}

// resolve gives the addresses of a name in the order in which they are to be tried.
func (c *Client) resolve(ctx context.Context, name string, setup *Setup) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(name); err == nil {
		return []netip.Addr{a}, nil
	}
	key := nameKey{name, c.cfg.DNSServer, c.cfg.DNSTTL}
	dns.mu.Lock()
	l := dns.names[key]
	if l != nil {
		select {
		case <-l.done:
			if now() > l.until {
				l = nil
			}
		default:
		}
	}
	if l == nil {
		l = &lookup{done: make(chan struct{})}
		dns.names[key] = l
		go l.run(c.cfg, key)
	}
	dns.mu.Unlock()
	select {
	case <-l.done:
	default:
		start := now()
		select {
		case <-l.done:
		case <-ctx.Done():
		}
		setup.DNS += time.Duration(now() - start)
		setup.Resolved++
		if ctx.Err() != nil {
			if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
				return nil, errorf(KindTimeout, ctx.Err(), "timed out while resolving %q", name)
			}
			return nil, errorf(KindCanceled, ctx.Err(), "canceled while resolving %q", name)
		}
	}
	return l.addrs, l.err
}

// run asks the system, or the server that was named. It has a limit of its own because those who
// wait may leave.
func (l *lookup) run(cfg *Config, key nameKey) {
	name := key.name
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	r := net.DefaultResolver
	if cfg.DNSServer != "" {
		r = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, cfg.DNSServer)
		}}
	}
	addrs, err := r.LookupNetIP(ctx, "ip", name)
	switch {
	case err == nil:
		l.addrs = interleave(addrs)
		l.until = now() + int64(cfg.DNSTTL)
	default:
		var d *net.DNSError
		reason := err.Error()
		if errors.As(err, &d) {
			reason = d.Err
		}
		l.err = errorf(KindDNS, err, "cannot resolve %q: %s", name, reason)
		if generatorError(err) {
			l.err = errorf(KindGenerator, err, "cannot resolve %q: %s (this machine's limit)", name, reason)
		}
		// A failure is remembered for a second at most, so that 10,000 users do not ask at once.
		l.until = now() + min(int64(cfg.DNSTTL), int64(time.Second))
	}
	close(l.done)
	if cfg.DNSTTL <= 0 {
		dns.mu.Lock()
		if dns.names[key] == l {
			delete(dns.names, key)
		}
		dns.mu.Unlock()
	}
}

// interleave puts the families in turn, the resolver's first one first (RFC 8305 §4).
func interleave(addrs []netip.Addr) []netip.Addr {
	var a, b []netip.Addr
	for _, x := range addrs {
		x = x.Unmap()
		if len(a) == 0 || x.Is4() == a[0].Is4() {
			a = append(a, x)
		} else {
			b = append(b, x)
		}
	}
	out := make([]netip.Addr, 0, len(addrs))
	for i := 0; i < len(a) || i < len(b); i++ {
		if i < len(a) {
			out = append(out, a[i])
		}
		if i < len(b) {
			out = append(out, b[i])
		}
	}
	return out
}
