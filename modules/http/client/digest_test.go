package client

import (
	"fmt"
	nethttp "net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
)

func known(addr string) *lookup {
	l := &lookup{done: make(chan struct{}), addrs: []netip.Addr{netip.MustParseAddr(addr)}, until: 1 << 62}
	close(l.done)
	return l
}

// TestDigestVectors are the examples of RFC 2617 §3.5 and RFC 7616 §3.9.
func TestDigestVectors(t *testing.T) {
	for _, test := range []struct{ header, method, uri, user, password, cnonce, response string }{
		{`Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"`,
			"GET", "/dir/index.html", "Mufasa", "Circle Of Life", "0a4f113b", "6629fae49393a05397450978507c4ef1"},
		{`Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=MD5, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`,
			"GET", "/dir/index.html", "Mufasa", "Circle of Life", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "8ca523f5e9506fed4657c9700eebdbec"},
		{`Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm=SHA-256, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"`,
			"GET", "/dir/index.html", "Mufasa", "Circle of Life", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"},
	} {
		c := readChallenge([]string{test.header})
		if c == nil {
			t.Fatalf("no challenge in %s", test.header)
		}
		got := c.answer(test.method, test.uri, test.user, test.password, test.cnonce)
		if !strings.Contains(got, `response="`+test.response+`"`) || !strings.Contains(got, "nc=00000001") {
			t.Errorf("got %s\nwant response=%q", got, test.response)
		}
	}
}

func TestChallenges(t *testing.T) {
	for header, want := range map[string]string{
		`Basic realm="x"`: "",
		`Basic realm="x", Digest realm="a \"b\", c", nonce=n`:                                    `a "b", c MD5`,
		`Digest realm=a, nonce="1", algorithm=MD5, Digest realm=b, nonce="2", algorithm=SHA-256`: "b SHA-256",
		`Digest realm=a, nonce="1", algorithm=SHA-1`:                                             "",
		`Digest realm=a, nonce="1", qop="auth-int"`:                                              "",
		`Negotiate abc==, Digest realm=a, nonce=1, algorithm=MD5-sess`:                           "a MD5-sess",
		`Digest`: "",
	} {
		got := ""
		if c := readChallenge([]string{header}); c != nil {
			got = c.realm + " " + c.algorithm
		}
		if got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
}

func TestDigest(t *testing.T) {
	var served atomic.Int32
	var last atomic.Value
	s := serve(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		served.Add(1)
		auth := r.Header.Get("Authorization")
		last.Store(auth)
		if !strings.HasPrefix(auth, "Digest ") || strings.Contains(auth, `username="wrong"`) {
			w.Header().Set("WWW-Authenticate", `Digest realm="r", nonce="n", qop="auth"`)
			w.WriteHeader(401)
			return
		}
		fmt.Fprint(w, "in")
	})
	c := newClient(t, nil)
	as := func(user string) *Request {
		return newRequest(t, "POST", s.URL+"/x?y", func(r *Request) {
			r.Auth, r.Body, r.HasBody = &Auth{Scheme: "digest", User: user, Password: "p"}, []byte("data"), true
		})
	}
	resp := do(c, as("u"))
	if resp.Err != nil || resp.Status != 200 || resp.Attempts != 2 || served.Load() != 2 {
		t.Errorf("%v %d, %d attempts, %d served", resp.Err, resp.Status, resp.Attempts, served.Load())
	}
	resp = do(c, as("u"))
	if resp.Status != 200 || resp.Attempts != 1 || !strings.Contains(last.Load().(string), `uri="/x?y"`) || !strings.Contains(last.Load().(string), "nc=00000002") {
		t.Errorf("the nonce is not used again: %d after %d attempts with %s", resp.Status, resp.Attempts, last.Load())
	}
	resp = do(newClient(t, nil), as("wrong"))
	if resp.Status != 401 || resp.Attempts != 2 {
		t.Errorf("a wrong password: %d after %d attempts", resp.Status, resp.Attempts)
	}
}
