package client

import (
	"bytes"
	nethttp "net/http"
	"time"
)

// Response is the answer to an exchange, or why there is none. It is written by Do and does not
// change afterwards. Headers are read out of the received bytes when they are asked for.
type Response struct {
	Request  *Request // the last one, after redirects
	Err      *Error   // nil if an answer came
	raw      []byte   // head and body as received, without chunk framing
	headLen  int32
	Status   int16
	Attempts int16 // requests put on the wire
	flags    uint8
	minor    byte // HTTP/1.minor, or of another protocol
	remote   *string
	Send     time.Duration
	Wait     time.Duration
	Receive  time.Duration
	Duration time.Duration // of the whole call
	BytesOut int64
	BytesIn  int64
	setup    *Setup
	more     *More
}

const (
	flagCookies  = 1 << iota // there is a Set-Cookie
	flagCoded                // there is a Content-Encoding
	flagReused               // the exchange ran on a connection that had served before
	flagPeerShut             // the peer closed a connection that could have served on
	flagHTTP2                // the answer came over HTTP/2
)

// Setup is the time that went by before the request could be sent, in all attempts together.
type Setup struct {
	Blocked, DNS, Connect, TLS time.Duration
	Resolved, Connected, Shook int // how many times each happened
	Opened                     int // connections that were made
}

// More is what only some answers have.
type More struct {
	Hops      []Hop
	Exhausted bool // the limit of redirects was reached
	Trailer   []Field
	Peer      int // connections that the peer had closed
}

// Hop is an answer that redirected.
type Hop struct {
	URL      string
	Status   int
	Location string
}

// Field is one header field as written.
type Field struct{ Name, Value string }

// Body is the received body; the caller must not change it.
func (r *Response) Body() []byte { return r.raw[r.headLen:] }

// Coded says whether the body has a Content-Encoding.
func (r *Response) Coded() bool { return r.flags&flagCoded != 0 }

// HasCookies says whether the answer has a Set-Cookie.
func (r *Response) HasCookies() bool { return r.flags&flagCookies != 0 }

// Reused says whether the last exchange ran on a connection that had served before.
func (r *Response) Reused() bool { return r.flags&flagReused != 0 }

// Proto is "HTTP/1.1", "HTTP/2.0" and so on, empty without an answer.
func (r *Response) Proto() string {
	switch {
	case r.Status == 0:
		return ""
	case r.flags&flagHTTP2 != 0:
		return "HTTP/2.0"
	case r.minor == 1:
		return "HTTP/1.1"
	}
	return "HTTP/1." + string(rune('0'+r.minor))
}

// Remote is the address of the peer, empty if there was none.
func (r *Response) Remote() string {
	if r.remote == nil {
		return ""
	}
	return *r.remote
}

var noSetup Setup

// Setup is the time spent before sending; zero if the connection was there already.
func (r *Response) Setup() *Setup {
	if r.setup == nil {
		return &noSetup
	}
	return r.setup
}

var noMore More

// More is what only some answers have.
func (r *Response) More() *More {
	if r.more == nil {
		return &noMore
	}
	return r.more
}

// forget makes room for the next answer of the same call; times and counts go on.
func (r *Response) forget() { r.Status, r.raw, r.headLen, r.flags = 0, nil, 0, 0 }

func (r *Response) needSetup() *Setup {
	if r.setup == nil {
		r.setup = new(Setup)
	}
	return r.setup
}

func (r *Response) needMore() *More {
	if r.more == nil {
		r.more = new(More)
	}
	return r.more
}

// StatusText is the reason phrase, or the standard one if the answer has none.
func (r *Response) StatusText() string {
	if r.flags&flagHTTP2 == 0 && r.headLen > 0 {
		line, _, _ := bytes.Cut(r.raw[:r.headLen], []byte{'\n'})
		line = bytes.TrimSuffix(line, []byte{'\r'})
		if len(line) > 13 {
			return string(line[13:])
		}
	}
	return nethttp.StatusText(int(r.Status))
}

// EachHeader calls f for each field in the order of the answer until it returns false. The slices
// are only valid during the call.
func (r *Response) EachHeader(f func(name, value []byte) bool) {
	eachField(r.raw[:r.headLen], f)
}

func eachField(b []byte, f func(name, value []byte) bool) {
	first := true
	for {
		n := bytes.IndexByte(b, '\n')
		if n < 0 {
			return
		}
		line := b[:n]
		b = b[n+1:]
		if first { // the status line
			first = false
			continue
		}
		if n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		}
		if colon := bytes.IndexByte(line, ':'); colon > 0 && !f(line[:colon], trim(line[colon+1:])) {
			return
		}
	}
}

// Header gives the values of a field by its name in lower case, in order.
func (r *Response) Header(lower string) (values []string) {
	r.EachHeader(func(n, v []byte) bool {
		if equalFold(n, lower) {
			values = append(values, string(v))
		}
		return true
	})
	return values
}

// Cookies are what the answer sets.
func (r *Response) Cookies() []*nethttp.Cookie {
	if !r.HasCookies() {
		return nil
	}
	return (&nethttp.Response{Header: nethttp.Header{"Set-Cookie": r.Header("set-cookie")}}).Cookies()
}
