package client

import (
	"encoding/base64"
	"fmt"
	"io"
	nethttp "net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// UserAgent is sent unless the script sets its own.
const UserAgent = "runner"

// Source is a body that is read anew for each attempt and need not fit into memory.
type Source interface {
	// Open starts at the beginning. It may be called from several goroutines.
	Open() (io.ReadCloser, error)
	// Size is the length in bytes, -1 if it is not known: then the body is sent in chunks.
	Size() int64
}

// Request is one request as the script wants it on the wire. After Prepare it does not change, and
// may be sent any number of times, also at the same time by several goroutines.
type Request struct {
	Method      string
	Target      *Target
	Header      []Field  // in order, case as written
	Drop        []string // names in lower case of default headers that are not to be sent
	Cookies     []Field  // on top of the jar's
	Body        []byte
	Source      Source // instead of Body
	HasBody     bool
	ContentType string // of the body, unless Header has one

	Timeout      time.Duration // of the whole call, redirects included; 0: the client's
	MaxRedirects int
	MaxBody      int64  // 0: the client's
	Discard      bool   // read the body, but do not keep it
	NoJar        bool   // neither send cookies of the jar nor keep the answer's
	Fresh        bool   // on a connection of its own, closed afterwards
	Socket       string // path of a unix socket to connect to instead of the target's address
	Auth         *Auth
	Version      string // VersionAuto, Version1 or Version2

	// Route chooses the proxy, also for the targets of redirects; nil: none.
	Route func(*Target) *Proxy

	proxy     *Proxy
	key       string
	static    []byte // the whole request if nothing about it changes from one sending to the next
	ownType   bool
	ownClose  bool // the script wrote a header that makes the connection end
	ownCookie bool
	lastWire  atomic.Pointer[wireCache]
}

// Auth are credentials: Basic by user and password, Bearer by token, Digest after a challenge.
type Auth struct {
	Scheme         string // "basic", "bearer" or "digest"
	User, Password string
	Token          string
}

// wireCache is the request with the cookies of one generation of the jar.
type wireCache struct {
	cookies string
	bytes   []byte
}

func (a *Auth) header() string {
	switch {
	case a == nil:
		return ""
	case a.Scheme == "basic":
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(a.User+":"+a.Password))
	case a.Scheme == "bearer":
		return "Bearer " + a.Token
	}
	return ""
}

// CheckField says what is wrong with a header field, if anything.
func CheckField(name, value string) error {
	if !isToken(name) {
		return fmt.Errorf("%q is no header name", name)
	}
	for i := 0; i < len(value); i++ {
		if c := value[i]; c == '\r' || c == '\n' || c == 0 {
			return fmt.Errorf("the header %s has %q in its value", name, c)
		}
	}
	return nil
}

// Prepare checks the request and builds its bytes. It must be called once, before the first sending.
func (r *Request) Prepare() error {
	if !isToken(r.Method) {
		return fmt.Errorf("%q is no method", r.Method)
	}
	for _, f := range r.Header {
		if err := CheckField(f.Name, f.Value); err != nil {
			return err
		}
	}
	if r.Auth == nil && r.Target.User != nil {
		password, _ := r.Target.User.Password()
		r.Auth = &Auth{Scheme: "basic", User: r.Target.User.Username(), Password: password}
	}
	r.key = r.Target.key
	if r.Socket != "" {
		r.key = r.Target.Scheme + " unix:" + r.Socket + " " + r.Target.Host
	}
	if r.Route != nil && r.Socket == "" {
		if r.proxy = r.Route(r.Target); r.proxy != nil {
			r.key = r.proxy.key(r.Target)
			if r.Version == Version2 && r.proxy.forwards(r.Target) {
				return fmt.Errorf("HTTP/2 in the clear cannot go through the proxy %s", r.proxy.address())
			}
		}
	}
	if r.Version != VersionAuto {
		r.key += " HTTP/" + r.Version
	}
	if r.Source == nil {
		r.static = r.build("", "")
	} else {
		r.build("", "")
	}
	return nil
}

func has(names []string, lower string) bool {
	for _, n := range names {
		if n == lower {
			return true
		}
	}
	return false
}

// build writes the request; cookies and authorization (of a digest) are what changes.
func (r *Request) build(cookies, authorization string) []byte {
	var host, agent, auth, ctype, clen bool
	size := len(r.Method) + len(r.Target.Path) + len(r.Target.Authority) + len(cookies) + len(authorization) + len(r.Body) + 128
	for _, f := range r.Header {
		size += len(f.Name) + len(f.Value) + 4
		switch len(f.Name) {
		case 4:
			host = host || strings.EqualFold(f.Name, "host")
		case 6:
			r.ownCookie = r.ownCookie || strings.EqualFold(f.Name, "cookie")
		case 10:
			agent = agent || strings.EqualFold(f.Name, "user-agent")
			if strings.EqualFold(f.Name, "connection") {
				r.ownClose = r.ownClose || strings.Contains(strings.ToLower(f.Value), "close")
			}
		case 12:
			ctype = ctype || strings.EqualFold(f.Name, "content-type")
		case 13:
			auth = auth || strings.EqualFold(f.Name, "authorization")
		case 14, 17:
			if strings.EqualFold(f.Name, "content-length") || strings.EqualFold(f.Name, "transfer-encoding") {
				// The script frames the body itself; whether that is right is its business, but
				// the connection cannot be trusted afterwards.
				clen, r.ownClose = true, true
			}
		}
	}
	b := make([]byte, 0, size)
	b = append(b, r.Method...)
	b = append(b, ' ')
	forwarded := r.proxy != nil && r.proxy.forwards(r.Target)
	if forwarded {
		b = append(b, "http://"...)
		b = append(b, r.Target.Authority...)
	}
	b = append(b, r.Target.Path...)
	b = append(b, " HTTP/1.1\r\n"...)
	if !host && !has(r.Drop, "host") {
		b = field(b, "Host", r.Target.Authority)
	}
	if !agent && !has(r.Drop, "user-agent") {
		b = field(b, "User-Agent", UserAgent)
	}
	for _, f := range r.Header {
		b = field(b, f.Name, f.Value)
	}
	if !auth {
		if authorization == "" {
			authorization = r.Auth.header()
		}
		if authorization != "" {
			b = field(b, "Authorization", authorization)
		}
	}
	if cookies != "" {
		b = field(b, "Cookie", cookies)
	}
	if forwarded && r.proxy.authorization != "" {
		b = field(b, "Proxy-Authorization", r.proxy.authorization)
	}
	if r.HasBody && !ctype && r.ContentType != "" && !has(r.Drop, "content-type") {
		b = field(b, "Content-Type", r.ContentType)
	}
	if r.Fresh && !r.ownClose {
		b = append(b, "Connection: close\r\n"...)
	}
	if !clen {
		switch {
		case r.Source != nil && r.Source.Size() < 0:
			b = append(b, "Transfer-Encoding: chunked\r\n"...)
		case r.Source != nil:
			b = field(b, "Content-Length", strconv.FormatInt(r.Source.Size(), 10))
		case r.HasBody, r.Method == "POST", r.Method == "PUT", r.Method == "PATCH":
			// RFC 9110 §8.6: a method that means something by its body says so when there is none.
			b = append(b, "Content-Length: "...)
			b = strconv.AppendInt(b, int64(len(r.Body)), 10)
			b = append(b, '\r', '\n')
		}
	}
	b = append(b, '\r', '\n')
	return append(b, r.Body...)
}

func field(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, ':', ' ')
	b = append(b, value...)
	return append(b, '\r', '\n')
}

// wire gives the bytes to send.
func (r *Request) wire(cookies, authorization string) []byte {
	if cookies == "" && authorization == "" && r.static != nil {
		return r.static
	}
	if authorization != "" || r.Source != nil {
		return r.build(cookies, authorization)
	}
	if w := r.lastWire.Load(); w != nil && w.cookies == cookies {
		return w.bytes
	}
	w := &wireCache{cookies, r.build(cookies, "")}
	r.lastWire.Store(w)
	return w.bytes
}

// cookieLine is the value of the Cookie header: the jar's, with the request's own on top.
func (r *Request) cookieLine(jar []*nethttp.Cookie) string {
	if len(jar) == 0 && len(r.Cookies) == 0 {
		return ""
	}
	var b strings.Builder
	add := func(name, value string) {
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(name)
		b.WriteByte('=')
		b.WriteString(value)
	}
next:
	for _, c := range jar {
		for _, own := range r.Cookies {
			if own.Name == c.Name {
				continue next
			}
		}
		if c.Quoted {
			add(c.Name, `"`+c.Value+`"`)
		} else {
			add(c.Name, c.Value)
		}
	}
	for _, own := range r.Cookies {
		add(own.Name, own.Value)
	}
	return b.String()
}

// copied is the request as the script wants it, not prepared yet.
func (r *Request) copied() *Request {
	return &Request{
		Method: r.Method, Target: r.Target, Header: r.Header, Drop: r.Drop, Cookies: r.Cookies, Body: r.Body, Source: r.Source,
		HasBody: r.HasBody, ContentType: r.ContentType, Timeout: r.Timeout, MaxRedirects: r.MaxRedirects, MaxBody: r.MaxBody,
		Discard: r.Discard, NoJar: r.NoJar, Fresh: r.Fresh, Socket: r.Socket, Auth: r.Auth, Route: r.Route, Version: r.Version,
	}
}

// With is the same request with one more header field.
func (r *Request) With(f Field) (*Request, error) {
	n := r.copied()
	n.Header = append(r.Header[:len(r.Header):len(r.Header)], f)
	return n, n.Prepare()
}

// redirected is the request that follows an answer with a Location, as browsers make it.
func (r *Request) redirected(status int, to *Target) (*Request, error) {
	n := r.copied()
	n.Target = to
	var dropBody bool
	switch status {
	case 301, 302:
		dropBody = r.Method == "POST"
	case 303:
		dropBody = r.Method != "GET" && r.Method != "HEAD"
	}
	if dropBody {
		n.Method, n.Body, n.Source, n.HasBody, n.ContentType = "GET", nil, nil, false, ""
	}
	away := to.Host != r.Target.Host || r.Target.Scheme == "https" && to.Scheme == "http" ||
		to.Port != r.Target.Port && !(r.Target.Scheme == "http" && to.Scheme == "https" && r.Target.Port == "80" && to.Port == "443")
	if away {
		n.Auth, n.Cookies, n.Socket = nil, nil, ""
	}
	if dropBody || away {
		n.Header = nil
		for _, f := range r.Header {
			switch strings.ToLower(f.Name) {
			case "authorization", "cookie", "cookie2", "proxy-authorization", "www-authenticate", "host":
				if away {
					continue
				}
			case "content-type", "content-length", "content-encoding", "content-language", "content-location", "transfer-encoding":
				if dropBody {
					continue
				}
			}
			n.Header = append(n.Header, f)
		}
	}
	return n, n.Prepare()
}
