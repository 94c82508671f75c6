package client

import (
	"context"
	"fmt"
	"net"
	nethttp "net/http"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"
)

// names is a DNS server for tests: addresses by name, and how often each was asked for.
type names struct {
	addr    string
	mu      sync.Mutex
	records map[string][]string
	asked   map[string]int
}

func newNames(t *testing.T, records map[string][]string) *names {
	pc, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	n := &names{addr: pc.LocalAddr().String(), records: records, asked: map[string]int{}}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 1500)
		for {
			size, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			if answer := n.answer(buf[:size]); answer != nil {
				pc.WriteTo(answer, from)
			}
		}
	}()
	t.Cleanup(func() { pc.Close(); <-done })
	return n
}

func (n *names) answer(query []byte) []byte {
	var m dnsmessage.Message
	if m.Unpack(query) != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	n.mu.Lock()
	defer n.mu.Unlock()
	name := strings.TrimSuffix(q.Name.String(), ".")
	if q.Type == dnsmessage.TypeA {
		n.asked[name]++
	}
	m.Response, m.RecursionAvailable, m.Additionals = true, true, nil
	addrs, ok := n.records[name]
	if !ok {
		m.RCode = dnsmessage.RCodeNameError
	}
	for _, text := range addrs {
		a := netip.MustParseAddr(text)
		h := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: dnsmessage.ClassINET, TTL: 60}
		switch {
		case a.Is4() && q.Type == dnsmessage.TypeA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AResource{A: a.As4()}})
		case a.Is6() && q.Type == dnsmessage.TypeAAAA:
			m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}})
		}
	}
	out, _ := m.Pack()
	return out
}

func (n *names) count(name string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.asked[name]
}

// deaf listens at an address and lets nobody in: its queue of connections is full.
func deaf(t *testing.T, addr string) string {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	ap := netip.MustParseAddrPort(addr)
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Port: int(ap.Port()), Addr: ap.Addr().As4()}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	sa, _ := syscall.Getsockname(fd)
	addr = netip.AddrPortFrom(ap.Addr(), uint16(sa.(*syscall.SockaddrInet4).Port)).String()
	for range 8 {
		c, err := net.DialTimeout("tcp", addr, 50*time.Millisecond)
		if err != nil {
			return addr
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Skip("this kernel lets more connections in than a listener asks for")
	return ""
}

func TestNamesAndAddresses(t *testing.T) {
	s := serve(t, func(w nethttp.ResponseWriter, r *nethttp.Request) { fmt.Fprint(w, r.Host) })
	port := s.URL[strings.LastIndexByte(s.URL, ':')+1:]
	dnsServer := newNames(t, map[string][]string{"one.test": {"127.0.0.1"}, "bücher.test": nil, "xn--bcher-kva.test": {"127.0.0.1"}, "none.test": nil})
	c := newClient(t, func(c *Config) { c.DNSServer = dnsServer.addr })
	t.Run("a name is asked for once", func(t *testing.T) {
		for i := range 3 {
			r := newRequest(t, "GET", "http://one.test:"+port, func(r *Request) { r.Fresh = true })
			resp := do(c, r)
			if resp.Err != nil || string(resp.Body()) != "one.test:"+port {
				t.Fatalf("%v %q", resp.Err, resp.Body())
			}
			if n := resp.Setup().Resolved; (n == 1) != (i == 0) {
				t.Errorf("request %d waited for %d names", i, n)
			}
		}
		if n := dnsServer.count("one.test"); n != 1 {
			t.Errorf("the name was asked for %d times", n)
		}
	})
	t.Run("a time to live of nothing asks each time", func(t *testing.T) {
		c := newClient(t, func(c *Config) { c.DNSServer, c.DNSTTL = dnsServer.addr, 0 })
		before := dnsServer.count("one.test")
		for range 3 {
			do(c, newRequest(t, "GET", "http://one.test:"+port, func(r *Request) { r.Fresh = true }))
		}
		if n := dnsServer.count("one.test") - before; n != 3 {
			t.Errorf("the name was asked for %d times", n)
		}
	})
	t.Run("a name in another alphabet", func(t *testing.T) {
		if resp := get(t, c, "http://Bücher.test:"+port); resp.Err != nil || string(resp.Body()) != "xn--bcher-kva.test:"+port {
			t.Errorf("%v %q", resp.Err, resp.Body())
		}
	})
	t.Run("a name that is not there", func(t *testing.T) {
		resp := get(t, c, "http://nobody.test:"+port)
		if resp.Err == nil || resp.Err.Kind != KindDNS || !strings.Contains(resp.Err.Message, `"nobody.test"`) || resp.Attempts != 0 {
			t.Errorf("%v", resp.Err)
		}
	})
	t.Run("hosts", func(t *testing.T) {
		c := newClient(t, func(c *Config) {
			c.DNSServer = dnsServer.addr
			c.Hosts = map[string]string{"a.example": "127.0.0.1", "b.example": "127.0.0.1:" + port, "c.example:81": "one.test:" + port}
		})
		for url, host := range map[string]string{"http://a.example:" + port: "a.example:" + port, "http://b.example": "b.example", "http://c.example:81": "c.example:81"} {
			if resp := get(t, c, url); resp.Err != nil || string(resp.Body()) != host {
				t.Errorf("%s: %v %q", url, resp.Err, resp.Body())
			}
		}
	})
	t.Run("an address of version 6", func(t *testing.T) {
		l, err := net.Listen("tcp6", "[::1]:0")
		if err != nil {
			t.Skip("no IPv6 here")
		}
		srv := &nethttp.Server{Handler: s.Config.Handler}
		go srv.Serve(l)
		defer srv.Close()
		if resp := get(t, newClient(t, nil), "http://"+l.Addr().String()+"/"); resp.Err != nil || string(resp.Body()) != l.Addr().String() {
			t.Errorf("%v %q", resp.Err, resp.Body())
		}
	})
}

func TestHappyEyeballs(t *testing.T) {
	dead := deaf(t, "127.0.0.2:0")
	_, port, _ := net.SplitHostPort(dead)
	l, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		t.Skip("the port is taken:", err)
	}
	var served atomic.Int32
	srv := &nethttp.Server{Handler: nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) { served.Add(1) })}
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	c := newClient(t, nil)
	n, _ := netip.ParseAddrPort(dead)
	for _, test := range []struct {
		what  string
		addrs []string
		least time.Duration
	}{
		{"the first address is deaf", []string{"127.0.0.2", "127.0.0.1"}, stagger},
		{"the first address refuses", []string{"127.0.0.3", "127.0.0.1"}, 0},
		{"the first two are deaf", []string{"127.0.0.2", "127.0.0.2", "127.0.0.1"}, 2 * stagger},
	} {
		t.Run(test.what, func(t *testing.T) {
			var addrs []netip.Addr
			for _, a := range test.addrs {
				addrs = append(addrs, netip.MustParseAddr(a))
			}
			clock := startClock(t)
			start := time.Now()
			nc, err := c.race(context.Background(), addrs, n.Port())
			if err != nil {
				t.Fatal(err)
			}
			nc.Close()
			clock.within("connecting", time.Since(start), test.least)
		})
	}
	t.Run("all are deaf", func(t *testing.T) {
		c := newClient(t, func(c *Config) { c.ConnectTimeout = 100 * time.Millisecond })
		resp := get(t, c, "http://"+dead)
		if resp.Err == nil || resp.Err.Kind != KindTimeout || !strings.Contains(resp.Err.Message, "connectTimeout") || resp.Attempts != 0 {
			t.Errorf("%v", resp.Err)
		}
	})
	t.Run("by name", func(t *testing.T) {
		dnsServer := newNames(t, map[string][]string{"two.test": {"127.0.0.2", "127.0.0.1"}})
		c := newClient(t, func(c *Config) { c.DNSServer = dnsServer.addr })
		resp := get(t, c, "http://two.test:"+port)
		if resp.Err != nil || served.Load() != 1 || resp.Duration > time.Second {
			t.Errorf("%v, %d served, after %v", resp.Err, served.Load(), resp.Duration)
		}
	})
}

func TestLocalAddresses(t *testing.T) {
	s := serve(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		fmt.Fprint(w, host)
	})
	cfg := Defaults()
	for _, a := range []string{"127.0.0.5", "::1", "127.0.0.6", "127.0.0.7"} {
		cfg.LocalAddrs = append(cfg.LocalAddrs, netip.MustParseAddr(a))
	}
	seen := map[string]int{}
	for range 8 {
		c := New(cfg)
		for range 2 {
			seen[string(get(t, c, s.URL).Body())]++
		}
		c.Close()
	}
	if len(seen) != 3 || seen["127.0.0.5"]+seen["127.0.0.6"]+seen["127.0.0.7"] != 16 || seen["127.0.0.5"]%2 != 0 {
		t.Errorf("the server saw %v", seen)
	}
	cfg = Defaults()
	cfg.LocalAddrs = []netip.Addr{netip.MustParseAddr("192.0.2.1")}
	c := New(cfg)
	defer c.Close()
	if resp := get(t, c, s.URL); resp.Err == nil || resp.Err.Kind != KindGenerator {
		t.Errorf("an address that this machine has not: %v", resp.Err)
	}
}

func TestUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	srv := &nethttp.Server{Handler: nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		fmt.Fprint(w, r.Host, r.URL.Path)
	})}
	go srv.Serve(l)
	defer srv.Close()
	c := newClient(t, nil)
	r := newRequest(t, "GET", "http://docker/info", func(r *Request) { r.Socket = path })
	for i := range 2 {
		if resp := do(c, r); resp.Err != nil || string(resp.Body()) != "docker/info" || resp.Reused() != (i == 1) {
			t.Errorf("%v %q, reused %v", resp.Err, resp.Body(), resp.Reused())
		}
	}
	r = newRequest(t, "GET", "http://docker/info", func(r *Request) { r.Socket = path + "x" })
	if resp := do(c, r); resp.Err == nil || resp.Err.Kind != KindConnect || !strings.Contains(resp.Err.Message, "no such file") {
		t.Errorf("%v", resp.Err)
	}
}
