package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	nethttp "net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
)

// The versions that a request may ask for.
const (
	VersionAuto = ""    // HTTP/2 if TLS agrees on it, else HTTP/1.1
	Version1    = "1.1" // HTTP/1.1 only
	Version2    = "2"   // HTTP/2 only: by ALPN over TLS, with prior knowledge in the clear
)

// h2conn is one HTTP/2 connection of one user. Requests share it.
type h2conn struct {
	cc     *http2.ClientConn
	count  *counter
	remote string
	served atomic.Int64
}

// counter counts the bytes of a connection.
type counter struct {
	net.Conn
	in, out atomic.Int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.in.Add(int64(n))
	return n, err
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	c.out.Add(int64(n))
	return n, err
}

// ConnectionState lets HTTP/2 see what TLS agreed on.
func (c *counter) ConnectionState() tls.ConnectionState {
	if t, ok := c.Conn.(*tls.Conn); ok {
		return t.ConnectionState()
	}
	return tls.ConnectionState{}
}

var h2transports sync.Map // idle timeout to *http2.Transport

// newH2 starts HTTP/2 on a connection.
func newH2(nc net.Conn, idle time.Duration) (*h2conn, error) {
	t, ok := h2transports.Load(idle)
	if !ok {
		t, _ = h2transports.LoadOrStore(idle, &http2.Transport{
			DisableCompression: true, AllowHTTP: true, MaxHeaderListSize: maxHead, IdleConnTimeout: idle,
		})
	}
	c := &counter{Conn: nc}
	cc, err := t.(*http2.Transport).NewClientConn(c)
	if err != nil {
		return nil, err
	}
	return &h2conn{cc: cc, count: c, remote: nc.RemoteAddr().String()}, nil
}

// alpn is what a request offers in the TLS handshake.
func (r *Request) alpn() []string {
	switch r.Version {
	case Version1:
		return []string{"http/1.1"}
	case Version2:
		return []string{"h2"}
	}
	return []string{"h2", "http/1.1"}
}

// mayH2 says whether the request could go over HTTP/2.
func (r *Request) mayH2() bool {
	return r.Version == Version2 || r.Version == VersionAuto && r.Target.Scheme == "https"
}

// shared gives a connection of HTTP/2 that the request may share.
func (c *Client) shared(key string) *h2conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.h2[key]
	if h != nil && !h.cc.CanTakeNewRequest() {
		delete(c.h2, key)
		h = nil
	}
	return h
}

// overH2 sends the request over HTTP/2. lost says that the connection died before a byte of an answer.
func (c *Client) overH2(ctx context.Context, h *h2conn, req *Request, resp *Response, deadline int64, cookies, authorization string,
	to func(*Response) func([]byte) *Error) (failed *Error, lost bool) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(deadline-now()))
	defer cancel()
	before, sent, first := now(), int64(0), int64(0)
	var mu sync.Mutex
	note := func(at *int64) {
		mu.Lock()
		if *at == 0 {
			*at = now()
		}
		mu.Unlock()
	}
	hr, err := req.h2(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		WroteRequest:         func(httptrace.WroteRequestInfo) { note(&sent) },
		GotFirstResponseByte: func() { note(&first) },
	}), cookies, authorization)
	if err != nil {
		return err, false
	}
	in, out := h.count.in.Load(), h.count.out.Load()
	if h.served.Add(1) > 1 {
		resp.flags |= flagReused
	}
	resp.Attempts++
	resp.flags |= flagHTTP2
	resp.remote = &h.remote
	answer, rerr := h.cc.RoundTrip(hr)
	if rerr == nil {
		note(&first)
		failed = c.readH2(answer, req, resp, to)
	}
	end := now()
	mu.Lock()
	if first == 0 {
		first = end
	}
	if sent == 0 || sent > first {
		sent = first
	}
	mu.Unlock()
	resp.Send += time.Duration(sent - before)
	resp.Wait += time.Duration(first - sent)
	resp.Receive += time.Duration(end - first)
	resp.BytesIn += h.count.in.Load() - in
	resp.BytesOut += h.count.out.Load() - out
	if rerr != nil {
		failed = h2Error(req, ctx, rerr)
		// A stream that the server reset is its answer, unless it says that it did not look at it.
		var stream http2.StreamError
		lost = failed.Kind == KindClosed || failed.Kind == KindReset && (!errors.As(rerr, &stream) || stream.Code == http2.ErrCodeRefusedStream)
	}
	return failed, lost
}

// h2 is the request for net/http. Its path goes out as it is written.
func (r *Request) h2(ctx context.Context, cookies, authorization string) (*nethttp.Request, *Error) {
	u := &url.URL{Scheme: r.Target.Scheme, Host: r.Target.Authority, Opaque: r.Target.Path}
	if strings.HasPrefix(r.Target.Path, "//") {
		// net/url takes two slashes for a host; HTTP/2 cuts scheme and host off again.
		u.Opaque = "//" + r.Target.Authority + r.Target.Path
	}
	hr := &nethttp.Request{Method: r.Method, URL: u, Host: r.Target.Authority, Header: nethttp.Header{}, ProtoMajor: 2}
	for _, f := range r.Header {
		switch strings.ToLower(f.Name) {
		case "host":
			hr.Host = f.Value
			if strings.HasPrefix(u.Opaque, "//") {
				u.Opaque = "//" + f.Value + r.Target.Path
			}
		case "connection", "content-length": // HTTP/2 has its own ways
		default:
			name := nethttp.CanonicalHeaderKey(f.Name)
			hr.Header[name] = append(hr.Header[name], f.Value)
		}
	}
	if hr.Header["User-Agent"] == nil {
		hr.Header.Set("User-Agent", UserAgent)
		if has(r.Drop, "user-agent") {
			hr.Header["User-Agent"] = []string{""} // which HTTP/2 does not send
		}
	}
	if hr.Header["Authorization"] == nil {
		if authorization == "" {
			authorization = r.Auth.header()
		}
		if authorization != "" {
			hr.Header.Set("Authorization", authorization)
		}
	}
	if cookies != "" {
		hr.Header.Set("Cookie", cookies)
	}
	if r.HasBody && r.ContentType != "" && hr.Header["Content-Type"] == nil && !has(r.Drop, "content-type") {
		hr.Header.Set("Content-Type", r.ContentType)
	}
	switch {
	case r.Source != nil:
		body, err := r.Source.Open()
		if err != nil {
			return nil, errorf(KindBody, err, "cannot open the request's body: %s", err)
		}
		hr.Body, hr.ContentLength = body, r.Source.Size()
	case r.HasBody && len(r.Body) > 0:
		hr.Body, hr.ContentLength = io.NopCloser(bytes.NewReader(r.Body)), int64(len(r.Body))
	case r.HasBody:
		hr.Body = nethttp.NoBody
	}
	return hr.WithContext(ctx), nil
}

// readH2 puts an answer into the form in which one of HTTP/1 is kept.
func (c *Client) readH2(a *nethttp.Response, req *Request, resp *Response, to func(*Response) func([]byte) *Error) *Error {
	defer a.Body.Close()
	resp.Status = int16(a.StatusCode)
	raw := append(make([]byte, 0, 512), "HTTP/2.0 000\r\n"...)
	names := make([]string, 0, len(a.Header))
	for name := range a.Header {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, v := range a.Header[name] {
			raw = field(raw, strings.ToLower(name), v)
		}
		switch name {
		case "Set-Cookie":
			resp.flags |= flagCookies
		case "Content-Encoding":
			resp.flags |= flagCoded
		}
	}
	raw = append(raw, '\r', '\n')
	resp.raw, resp.headLen = raw, int32(len(raw))
	s := sink{raw: raw, keep: !req.Discard, most: c.maxBody(req)}
	if s.keep && to == nil && a.ContentLength > s.most {
		return errorf(KindTooLarge, nil, "the answer declares %d bytes of body; maxBodySize allows %d", a.ContentLength, s.most)
	}
	if to != nil {
		s.to = to(resp)
	}
	buf := buffers.Get().(*[bufSize]byte)
	defer buffers.Put(buf)
	for {
		n, err := a.Body.Read(buf[:])
		if n > 0 {
			if e := s.put(buf[:n]); e != nil {
				return e
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			e := h2Error(req, a.Request.Context(), err)
			if e.Kind == KindClosed {
				e.Kind = KindTruncated
			}
			return e
		}
	}
	resp.raw = s.raw
	for name, values := range a.Trailer {
		for _, v := range values {
			m := resp.needMore()
			m.Trailer = append(m.Trailer, Field{name, v})
		}
	}
	return nil
}

// h2Error names what went wrong with an exchange over HTTP/2.
func h2Error(req *Request, ctx context.Context, err error) *Error {
	addr := req.Target.Address()
	var stream http2.StreamError
	var conn http2.ConnectionError
	var gone http2.GoAwayError
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return errorf(KindTimeout, err, "timed out waiting for the answer of %s", addr)
	case ctx.Err() != nil:
		return errorf(KindCanceled, err, "canceled while waiting for the answer of %s", addr)
	case errors.As(err, &gone):
		return errorf(KindClosed, err, "%s ended the HTTP/2 connection (%s)", addr, gone.ErrCode)
	case errors.As(err, &stream):
		if stream.Cause != nil && strings.Contains(stream.Cause.Error(), "received from peer") {
			return errorf(KindReset, err, "%s reset the HTTP/2 stream (%s)", addr, stream.Code)
		}
		return errorf(KindMalformed, err, "malformed answer: %s", strings.TrimPrefix(err.Error(), "http2: "))
	case errors.As(err, &conn):
		return errorf(KindMalformed, err, "malformed answer: the HTTP/2 connection broke with %s", err)
	}
	text := err.Error()
	switch {
	case strings.Contains(text, "malformed"), strings.Contains(text, "frame"), strings.Contains(text, "larger than"):
		return errorf(KindMalformed, err, "malformed answer: %s", strings.TrimPrefix(text, "http2: "))
	case strings.Contains(text, "header list"):
		return errorf(KindTooLarge, err, "the head of the answer is larger than %d bytes", maxHead)
	case strings.Contains(text, "client conn"), strings.Contains(text, "client connection"):
		return errorf(KindClosed, err, "%s closed the HTTP/2 connection", addr)
	}
	return ioError(addr, doingWords(doingWait), err)
}
