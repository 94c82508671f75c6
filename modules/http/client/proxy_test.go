package client

import (
	"bufio"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	nethttp "net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// testProxy speaks HTTP (forwarding and CONNECT) and notes what it was asked.
func testProxy(t *testing.T, asked *atomic.Value, refuse bool) nethttp.HandlerFunc {
	return func(w nethttp.ResponseWriter, r *nethttp.Request) {
		asked.Store(r.Method + " " + r.RequestURI + " " + r.Header.Get("Proxy-Authorization"))
		if refuse {
			w.WriteHeader(407)
			return
		}
		if r.Method != "CONNECT" {
			r.RequestURI = ""
			r.Header.Del("Proxy-Authorization")
			resp, err := nethttp.DefaultTransport.RoundTrip(r)
			if err != nil {
				w.WriteHeader(502)
				return
			}
			defer resp.Body.Close()
			w.WriteHeader(resp.StatusCode)
			io.Copy(w, resp.Body)
			return
		}
		up, err := net.Dial("tcp", r.Host)
		if err != nil {
			w.WriteHeader(502)
			return
		}
		w.WriteHeader(200)
		down, buffered, _ := w.(nethttp.Hijacker).Hijack()
		splice(down, up, buffered.Reader)
	}
}

func splice(down, up net.Conn, in io.Reader) {
	go func() { io.Copy(up, in); up.Close() }()
	io.Copy(down, up)
	down.Close()
}

func TestHTTPProxies(t *testing.T) {
	a := newAuthority(t)
	cert := a.issue(t, nil)
	plain := serve(t, func(w nethttp.ResponseWriter, r *nethttp.Request) { fmt.Fprint(w, r.RequestURI, " ", r.Host) })
	secret := secure(t, &tls.Config{Certificates: []tls.Certificate{cert}})
	for _, kind := range []string{"http", "https"} {
		t.Run(kind, func(t *testing.T) {
			var asked atomic.Value
			s := httptest.NewUnstartedServer(testProxy(t, &asked, false))
			s.Config.ErrorLog = quiet
			if kind == "https" {
				s.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
				s.StartTLS()
			} else {
				s.Start()
			}
			defer s.Close()
			p, err := ParseProxy(strings.Replace(s.URL, "://", "://u:p@", 1))
			if err != nil {
				t.Fatal(err)
			}
			through := func(r *Request) { r.Route = Through(p, nil) }
			c := newClient(t, func(c *Config) { c.TLS = &tls.Config{RootCAs: a.pool} })
			for i := range 2 {
				resp := do(c, newRequest(t, "GET", plain.URL+"/a//b?c", through))
				if host := strings.TrimPrefix(plain.URL, "http://"); resp.Err != nil || string(resp.Body()) != "/a//b?c "+host || resp.Reused() != (i == 1) {
					t.Errorf("%v %q", resp.Err, resp.Body())
				}
				if want := "GET " + plain.URL + "/a//b?c Basic dTpw"; asked.Load() != want {
					t.Errorf("the proxy was asked %q, want %q", asked.Load(), want)
				}
			}
			for i := range 2 {
				resp := do(c, newRequest(t, "GET", secret, through))
				if resp.Err != nil || resp.Status != 200 || resp.Reused() != (i == 1) {
					t.Errorf("%v %d", resp.Err, resp.Status)
				}
				if want := "CONNECT " + strings.TrimPrefix(secret, "https://") + " Basic dTpw"; asked.Load() != want {
					t.Errorf("the proxy was asked %q, want %q", asked.Load(), want)
				}
			}
			c.CloseIdle()
			nethttp.DefaultTransport.(*nethttp.Transport).CloseIdleConnections()
		})
	}
	t.Run("a proxy that refuses", func(t *testing.T) {
		var asked atomic.Value
		s := serve(t, testProxy(t, &asked, true))
		p, _ := ParseProxy(s.URL)
		resp := do(newClient(t, nil), newRequest(t, "GET", secret, func(r *Request) { r.Route = Through(p, nil) }))
		if resp.Err == nil || resp.Err.Kind != KindProxy || !strings.Contains(resp.Err.Message, "407") {
			t.Errorf("%v", resp.Err)
		}
	})
	t.Run("a proxy that is not there", func(t *testing.T) {
		p, _ := ParseProxy("127.0.0.1:1")
		resp := do(newClient(t, nil), newRequest(t, "GET", plain.URL, func(r *Request) { r.Route = Through(p, nil) }))
		if resp.Err == nil || resp.Err.Kind != KindProxy {
			t.Errorf("%v", resp.Err)
		}
	})
	t.Run("a proxy that says nothing", func(t *testing.T) {
		quietOne := newPlay(t, func(_ int, c net.Conn) { io.Copy(io.Discard, c) })
		p, _ := ParseProxy(quietOne.l.Addr().String())
		resp := do(newClient(t, nil), newRequest(t, "GET", secret, func(r *Request) { r.Route, r.Timeout = Through(p, nil), 50*time.Millisecond }))
		if resp.Err == nil || resp.Err.Kind != KindTimeout {
			t.Errorf("%v", resp.Err)
		}
	})
}

func TestProxyRules(t *testing.T) {
	p, _ := ParseProxy("http://p:1")
	rule := Through(p, []string{"a.test", ".b.test", "10.0.0.0/8", "c.test:81"})
	for url, want := range map[string]bool{
		"http://x/": true, "http://a.test/": false, "http://x.a.test/": true, "http://b.test/": false, "http://x.b.test/": false,
		"http://10.1.2.3/": false, "http://11.1.2.3/": true, "http://c.test/": true, "http://c.test:81/": false,
	} {
		target, _ := ParseTarget(url)
		if got := rule(target) != nil; got != want {
			t.Errorf("%s goes through the proxy: %v", url, got)
		}
	}
	for _, bad := range []string{"", "ftp://x", "http://", "http://[::1"} {
		if _, err := ParseProxy(bad); err == nil {
			t.Errorf("%q was taken for a proxy", bad)
		}
	}
}

// socks is a SOCKS5 server (RFC 1928, 1929) that notes what it was asked.
func socks(t *testing.T, asked *atomic.Value, password string) *play {
	return newPlay(t, func(_ int, c net.Conn) {
		r := bufio.NewReader(c)
		read := func(n int) []byte { b := make([]byte, n); io.ReadFull(r, b); return b }
		read(int(read(2)[1]))
		if password != "" {
			c.Write([]byte{5, 2})
			read(1)
			user := string(read(int(read(1)[0])))
			pass := string(read(int(read(1)[0])))
			if user+":"+pass != password {
				c.Write([]byte{1, 1})
				return
			}
			c.Write([]byte{1, 0})
		} else {
			c.Write([]byte{5, 0})
		}
		head := read(4)
		var host string
		switch head[3] {
		case 1:
			host = net.IP(read(4)).String()
		case 3:
			host = string(read(int(read(1)[0])))
		}
		port := binary.BigEndian.Uint16(read(2))
		asked.Store(fmt.Sprint(head[3], " ", host))
		up, err := net.Dial("tcp", net.JoinHostPort(strings.Replace(host, "localhost", "127.0.0.1", 1), fmt.Sprint(port)))
		if err != nil {
			c.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0})
			return
		}
		c.Write([]byte{5, 0, 0, 1, 0, 0, 0, 0, 0, 0})
		splice(c, up, r)
	})
}

func TestSOCKS(t *testing.T) {
	s := serve(t, func(w nethttp.ResponseWriter, r *nethttp.Request) { fmt.Fprint(w, "hi") })
	url := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	for _, test := range []struct{ scheme, user, asked, kind string }{
		{"socks5", "", "1 127.0.0.1", ""},
		{"socks5h", "", "3 localhost", ""},
		{"socks5h", "u:p", "3 localhost", ""},
		{"socks5h", "u:wrong", "", KindProxy},
	} {
		t.Run(test.scheme+" "+test.user, func(t *testing.T) {
			var asked atomic.Value
			asked.Store("")
			password := ""
			if test.user != "" {
				password = "u:p"
			}
			server := socks(t, &asked, password)
			at := ""
			if test.user != "" {
				at = test.user + "@"
			}
			p, err := ParseProxy(test.scheme + "://" + at + server.l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			c := newClient(t, func(c *Config) { c.Hosts = map[string]string{} })
			dns.mu.Lock()
			dns.names[nameKey{"localhost", "", DefaultDNSTTL}] = known("127.0.0.1")
			dns.mu.Unlock()
			r := newRequest(t, "GET", url, func(r *Request) { r.Route = Through(p, nil) })
			for i := range 2 {
				resp := do(c, r)
				if test.kind != "" {
					if resp.Err == nil || resp.Err.Kind != test.kind {
						t.Errorf("%v", resp.Err)
					}
					continue
				}
				if resp.Err != nil || string(resp.Body()) != "hi" || resp.Reused() != (i == 1) || asked.Load() != test.asked {
					t.Errorf("%v %q, asked for %s", resp.Err, resp.Body(), asked.Load())
				}
			}
		})
	}
}
