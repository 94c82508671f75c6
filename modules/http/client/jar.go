package client

import (
	nethttp "net/http"
	"net/http/cookiejar"
	"net/url"
	"sync/atomic"

	"golang.org/x/net/publicsuffix"
)

// Jar is a user's cookie jar by the rules of RFC 6265 and the public suffix list. Asking it costs a
// microsecond, so it says beforehand whether it ever held anything.
type Jar struct {
	jar *cookiejar.Jar
	any atomic.Bool
}

// NewJar makes an empty jar.
func NewJar() *Jar {
	j, _ := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List}) // never fails
	return &Jar{jar: j}
}

func (j *Jar) cookies(t *Target) []*nethttp.Cookie { return j.jar.Cookies(t.jarURL()) }

func (j *Jar) set(t *Target, cookies []*nethttp.Cookie) {
	if len(cookies) > 0 {
		j.any.Store(true)
		j.jar.SetCookies(t.jarURL(), cookies)
	}
}

// Cookies are what would be sent to the URL.
func (j *Jar) Cookies(u *url.URL) []*nethttp.Cookie { return j.jar.Cookies(u) }

// Set puts cookies into the jar as if the URL had answered with them.
func (j *Jar) Set(u *url.URL, cookies []*nethttp.Cookie) {
	if len(cookies) > 0 {
		j.any.Store(true)
		j.jar.SetCookies(u, cookies)
	}
}
