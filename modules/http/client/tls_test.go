package client

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"io"
	"math/big"
	"net"
	nethttp "net/http"
	"strings"
	"testing"
	"time"
)

// authority makes certificates for tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	pool *x509.CertPool
}

func newAuthority(t *testing.T) *authority {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	a := &authority{key: key, pool: x509.NewCertPool()}
	a.cert, _ = x509.ParseCertificate(der)
	a.pool.AddCert(a.cert)
	return a
}

func (a *authority) issue(t *testing.T, change func(*x509.Certificate)) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "leaf"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}}
	if change != nil {
		change(tmpl)
	}
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = tmpl, key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, &key.PublicKey, signer)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

// secure serves over TLS.
func secure(t *testing.T, cfg *tls.Config) string {
	l, err := tls.Listen("tcp", "127.0.0.1:0", cfg)
	if err != nil {
		t.Fatal(err)
	}
	srv := &nethttp.Server{ErrorLog: quiet, Handler: nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		io.Copy(w, r.Body)
		who := "nobody"
		if len(r.TLS.PeerCertificates) > 0 {
			who = r.TLS.PeerCertificates[0].Subject.CommonName
		}
		fmt.Fprintf(w, "%s %x %s resumed=%v", r.TLS.ServerName, r.TLS.Version, who, r.TLS.DidResume)
	})}
	go srv.Serve(l)
	t.Cleanup(func() { srv.Close() })
	return "https://" + l.Addr().String()
}

func TestCertificates(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	for _, test := range []struct {
		what string
		cert tls.Certificate
		want string
	}{
		{"a good one", a.issue(t, nil), ""},
		{"expired", a.issue(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }), "is not valid now: it is valid from"},
		{"not valid yet", a.issue(t, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) }), "is not valid now: it is valid from"},
		{"for another host", a.issue(t, func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"a.example", "b.example"} }), "is for a.example, b.example"},
		{"for no host", a.issue(t, func(c *x509.Certificate) { c.IPAddresses = nil }), "names no host"},
		{"self-signed", (&authority{}).issue(t, nil), "is self-signed; give it in tls.ca or set tls.insecure"},
		{"by an unknown authority", stranger.issue(t, nil), "is signed by an unknown authority"},
		{"not for servers", a.issue(t, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }), "is refused"},
	} {
		t.Run(test.what, func(t *testing.T) {
			url := secure(t, &tls.Config{Certificates: []tls.Certificate{test.cert}})
			resp := get(t, newClient(t, func(c *Config) { c.TLS = &tls.Config{RootCAs: a.pool} }), url)
			if test.want == "" {
				if resp.Err != nil || resp.Status != 200 {
					t.Errorf("%v %d", resp.Err, resp.Status)
				}
			} else if resp.Err == nil || resp.Err.Kind != KindTLS || !strings.Contains(resp.Err.Message, test.want) || resp.Attempts != 0 {
				t.Errorf("%v, %d attempts; want %q", resp.Err, resp.Attempts, test.want)
			}
			resp = get(t, newClient(t, func(c *Config) { c.TLS = &tls.Config{RootCAs: a.pool, InsecureSkipVerify: true} }), url)
			if resp.Err != nil {
				t.Errorf("insecure: %v", resp.Err)
			}
		})
	}
}

func TestTLS(t *testing.T) {
	a := newAuthority(t)
	cert := a.issue(t, func(c *x509.Certificate) { c.DNSNames = []string{"my.test"} })
	roots := func(change func(*tls.Config)) func(*Config) {
		return func(c *Config) {
			c.TLS = &tls.Config{RootCAs: a.pool}
			if change != nil {
				change(c.TLS)
			}
		}
	}
	url := secure(t, &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: a.pool})
	t.Run("the name of the host is told", func(t *testing.T) {
		c := newClient(t, func(c *Config) { roots(nil)(c); c.Hosts = map[string]string{"my.test": "127.0.0.1"} })
		resp := get(t, c, strings.Replace(url, "127.0.0.1", "my.test", 1))
		if resp.Err != nil || string(resp.Body()) != "my.test 304 nobody resumed=false" {
			t.Errorf("%v %q", resp.Err, resp.Body())
		}
	})
	t.Run("another name", func(t *testing.T) {
		c := newClient(t, roots(func(c *tls.Config) { c.ServerName = "my.test" }))
		if resp := get(t, c, url); resp.Err != nil || !strings.HasPrefix(string(resp.Body()), "my.test") {
			t.Errorf("%v %q", resp.Err, resp.Body())
		}
	})
	t.Run("a version", func(t *testing.T) {
		c := newClient(t, roots(func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }))
		if resp := get(t, c, url); resp.Err != nil || !strings.Contains(string(resp.Body()), " 303 ") {
			t.Errorf("%v %q", resp.Err, resp.Body())
		}
	})
	t.Run("a version that the server has not", func(t *testing.T) {
		old := secure(t, &tls.Config{Certificates: []tls.Certificate{cert}, MaxVersion: tls.VersionTLS12})
		resp := get(t, newClient(t, roots(func(c *tls.Config) { c.MinVersion = tls.VersionTLS13 })), old)
		if resp.Err == nil || resp.Err.Kind != KindTLS || !strings.Contains(resp.Err.Message, "version") {
			t.Errorf("%v", resp.Err)
		}
	})
	t.Run("a client certificate", func(t *testing.T) {
		own := a.issue(t, func(c *x509.Certificate) { c.Subject.CommonName = "jeremy" })
		c := newClient(t, roots(func(c *tls.Config) { c.Certificates = []tls.Certificate{own} }))
		if resp := get(t, c, url); resp.Err != nil || !strings.Contains(string(resp.Body()), " jeremy ") {
			t.Errorf("%v %q", resp.Err, resp.Body())
		}
	})
	t.Run("a client certificate that is missing", func(t *testing.T) {
		strict := secure(t, &tls.Config{Certificates: []tls.Certificate{cert}, ClientAuth: tls.RequireAnyClientCert})
		resp := get(t, newClient(t, roots(nil)), strict)
		if resp.Err == nil || resp.Err.Kind != KindTLS || !strings.Contains(resp.Err.Message, "certificate required") {
			t.Errorf("%v", resp.Err)
		}
	})
	t.Run("sessions are resumed by their user only", func(t *testing.T) {
		resumed := func(c *Client) string {
			resp := do(c, newRequest(t, "GET", url, func(r *Request) { r.Fresh = true }))
			if resp.Err != nil {
				t.Fatal(resp.Err)
			}
			body := string(resp.Body())
			return body[strings.LastIndexByte(body, '=')+1:]
		}
		first, second := newClient(t, roots(nil)), newClient(t, roots(nil))
		if got := resumed(first) + resumed(first) + resumed(second); got != "falsetruefalse" {
			t.Errorf("resumed %s", got)
		}
		off := newClient(t, roots(func(c *tls.Config) { c.SessionTicketsDisabled = true }))
		if got := resumed(off) + resumed(off); got != "falsefalse" {
			t.Errorf("resumed %s without tickets", got)
		}
	})
	t.Run("one connection for many requests", func(t *testing.T) {
		c := newClient(t, roots(nil))
		for i := range 4 {
			if resp := get(t, c, url); resp.Err != nil || resp.Reused() != (i > 0) || (resp.Setup().TLS > 0) != (i == 0) {
				t.Errorf("%v, reused %v, %v for TLS", resp.Err, resp.Reused(), resp.Setup().TLS)
			}
		}
	})
	t.Run("a large body both ways", func(t *testing.T) {
		body := strings.Repeat("x", 3<<20)
		r := newRequest(t, "POST", url, func(r *Request) { r.Body, r.HasBody = []byte(body), true })
		if resp := do(newClient(t, roots(nil)), r); resp.Err != nil || !strings.HasPrefix(string(resp.Body()), body) {
			t.Errorf("%v, %d bytes", resp.Err, len(resp.Body()))
		}
	})
	t.Run("a server that speaks no TLS", func(t *testing.T) {
		p := newPlay(t, func(_ int, c net.Conn) { c.Read(make([]byte, 1)); io.WriteString(c, "HTTP/1.1 400 Bad\r\n\r\n") })
		resp := get(t, newClient(t, nil), "https://"+p.l.Addr().String())
		if resp.Err == nil || resp.Err.Kind != KindTLS || !strings.Contains(resp.Err.Message, "does not speak TLS") {
			t.Errorf("%v", resp.Err)
		}
	})
	t.Run("a server that never shakes hands", func(t *testing.T) {
		p := newPlay(t, func(_ int, c net.Conn) { io.Copy(io.Discard, c) })
		c := newClient(t, func(c *Config) { c.Timeout = 100 * time.Millisecond })
		resp := get(t, c, "https://"+p.l.Addr().String())
		if resp.Err == nil || resp.Err.Kind != KindTimeout || !strings.Contains(resp.Err.Message, "TLS") {
			t.Errorf("%v", resp.Err)
		}
	})
	t.Run("a body without an end that is cut", func(t *testing.T) {
		p := newPlay(t, func(_ int, raw net.Conn) {
			c := tls.Server(raw, &tls.Config{Certificates: []tls.Certificate{cert}})
			c.Read(make([]byte, 1024))
			io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\nhalf of it")
			raw.Close() // without TLS's own goodbye, which is what tells the end from an attack
		})
		resp := get(t, newClient(t, roots(nil)), "https://"+p.l.Addr().String())
		if resp.Err == nil || resp.Err.Kind != KindTruncated {
			t.Errorf("%v %q", resp.Err, resp.Body())
		}
	})
}
