package client

import (
	"bytes"
	"math"
)

// head reads the status line and the header fields of one answer, line by line as bytes come in, and
// keeps what framing needs. What it accepts and refuses is written down in ../ACCEPT.md; the rules
// are RFC 9112's, with its optional leniences refused where two readers could disagree on where the
// answer ends.
type head struct {
	pos      int // of the next line; after the last one, the length of the head
	seen     int // up to here there is no other end of line
	status   int
	minor    byte // HTTP/1.minor
	length   int64
	chunked  bool
	encoded  bool // there is a Transfer-Encoding
	close    bool // Connection: close
	keep     bool // Connection: keep-alive
	cookies  bool
	coded    bool // there is a Content-Encoding other than identity
	begun    bool // the status line was read
	fields   bool // at least one field was read
	framing  bool // the last field was one that must not be folded
	location [2]int
}

func (h *head) reset() { *h = head{length: -1} }

func malformed(format string, args ...any) *Error {
	return errorf(KindMalformed, nil, "malformed answer: "+format, args...)
}

// quote shows a line of an answer in an error, cut to a length that fits a terminal.
func quote(b []byte) string {
	const most = 60
	if len(b) > most {
		return string(b[:most]) + "…"
	}
	return string(b)
}

// parse goes on from where it was. It returns true when the empty line was read.
func (h *head) parse(b []byte) (bool, *Error) {
	for {
		from := max(h.pos, h.seen)
		n := bytes.IndexByte(b[from:], '\n')
		if n < 0 {
			h.seen = len(b)
			return false, nil
		}
		end := from + n
		n = end - h.pos
		line := b[h.pos:end]
		if n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		}
		if bytes.IndexByte(line, '\r') >= 0 {
			return false, malformed("a bare CR in %q", quote(line))
		}
		if bytes.IndexByte(line, 0) >= 0 {
			return false, malformed("a NUL in %q", quote(line))
		}
		start := h.pos
		h.pos = end + 1
		switch {
		case !h.begun:
			if err := h.statusLine(line); err != nil {
				return false, err
			}
		case len(line) == 0:
			return true, nil
		case line[0] == ' ' || line[0] == '\t':
			// RFC 9112 §5.2: a user agent replaces the fold with spaces.
			if !h.fields {
				return false, malformed("white space before the first field: %q", quote(line))
			}
			if h.framing {
				return false, malformed("a folded field where folding could change the length: %q", quote(line))
			}
			b[start-1] = ' '
			if b[start-2] == '\r' {
				b[start-2] = ' '
			}
		default:
			if err := h.field(line, start); err != nil {
				return false, err
			}
		}
	}
}

func (h *head) statusLine(l []byte) *Error {
	if len(l) < 12 || string(l[:7]) != "HTTP/1." || l[7] < '0' || l[7] > '9' || l[8] != ' ' ||
		len(l) > 12 && l[12] != ' ' {
		return malformed("%q is no HTTP/1 status line", quote(l))
	}
	for _, c := range l[9:12] {
		if c < '0' || c > '9' {
			return malformed("%q has no status of three digits", quote(l))
		}
		h.status = h.status*10 + int(c-'0')
	}
	if h.status < 100 {
		return malformed("%q has no status from 100 to 999", quote(l))
	}
	h.minor, h.begun = l[7]-'0', true
	return nil
}

// token is RFC 9110's tchar.
var token = func() (t [256]bool) {
	for c := '0'; c <= '9'; c++ {
		t[c] = true
	}
	for c := 'a'; c <= 'z'; c++ {
		t[c], t[c-32] = true, true
	}
	for _, c := range "!#$%&'*+-.^_`|~" {
		t[c] = true
	}
	return
}()

func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if !token[s[i]] {
			return false
		}
	}
	return s != ""
}

func (h *head) field(l []byte, at int) *Error {
	colon := 0
	for colon < len(l) && token[l[colon]] {
		colon++
	}
	if colon == 0 || colon == len(l) || l[colon] != ':' {
		if colon > 0 && colon < len(l) && (l[colon] == ' ' || l[colon] == '\t') {
			return malformed("white space before the colon in %q", quote(l))
		}
		return malformed("%q is no header field", quote(l))
	}
	h.fields, h.framing = true, false
	name, value := l[:colon], trim(l[colon+1:])
	switch colon {
	case 8:
		if equalFold(name, "location") && h.location[1] == 0 {
			off := at + colon + 1
			for off < at+len(l) && (l[off-at] == ' ' || l[off-at] == '\t') {
				off++
			}
			h.location = [2]int{off, off + len(value)}
			h.framing = true
		}
	case 10:
		if equalFold(name, "connection") {
			h.framing = true
			for len(value) > 0 {
				var item []byte
				item, value, _ = bytes.Cut(value, comma)
				switch item = trim(item); {
				case equalFold(item, "close"):
					h.close = true
				case equalFold(item, "keep-alive"):
					h.keep = true
				}
			}
		} else if equalFold(name, "set-cookie") {
			h.cookies = true
		}
	case 14:
		if equalFold(name, "content-length") {
			h.framing = true
			return h.contentLength(value)
		}
	case 16:
		if equalFold(name, "content-encoding") && len(value) > 0 && !equalFold(value, "identity") {
			h.coded = true
		}
	case 17:
		if equalFold(name, "transfer-encoding") {
			h.framing = true
			if h.encoded || !equalFold(value, "chunked") {
				return malformed("the transfer coding %q is not \"chunked\" alone", quote(value))
			}
			h.encoded, h.chunked = true, true
		}
	}
	return nil
}

var comma = []byte{','}

// contentLength takes one length, or the same one repeated.
func (h *head) contentLength(v []byte) *Error {
	all := v
	for {
		item, rest, more := bytes.Cut(v, comma)
		n, ok := decimal(trim(item))
		if !ok {
			return malformed("%q is no length", quote(all))
		}
		if h.length >= 0 && h.length != n {
			return malformed("two lengths, %d and %d", h.length, n)
		}
		h.length = n
		if !more {
			return nil
		}
		v = rest
	}
}

func decimal(b []byte) (int64, bool) {
	var n int64
	for _, c := range b {
		if c < '0' || c > '9' || n > (math.MaxInt64-9)/10 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, len(b) > 0
}

func trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == '\t') {
		b = b[:len(b)-1]
	}
	return b
}

// equalFold compares with a lower-case ASCII string.
func equalFold(b []byte, lower string) bool {
	if len(b) != len(lower) {
		return false
	}
	for i := 0; i < len(lower); i++ {
		c := b[i]
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != lower[i] {
			return false
		}
	}
	return true
}

// framed says how the body ends, after the head was read.
type framed uint8

const (
	noBody framed = iota
	fixed
	chunked
	untilClose
)

// frame is RFC 9112 §6.3 from the client's side.
func (h *head) frame(method string) (framed, *Error) {
	if h.chunked && h.length >= 0 {
		return 0, malformed("both a length and chunks")
	}
	switch {
	case method == "HEAD", h.status < 200, h.status == 204, h.status == 304:
		return noBody, nil
	case h.chunked:
		return chunked, nil
	case h.length > 0:
		return fixed, nil
	case h.length == 0:
		return noBody, nil
	}
	return untilClose, nil
}

// persists says whether the connection can serve another request by what the answer says of it.
func (h *head) persists() bool {
	if h.minor == 0 {
		return h.keep && !h.close && !h.chunked
	}
	return !h.close
}

// chunkSize reads the line that begins a chunk: hexadecimal digits, then white space or an extension.
func chunkSize(l []byte) (int64, *Error) {
	var n int64
	i := 0
	for ; i < len(l); i++ {
		c := l[i]
		switch {
		case c >= '0' && c <= '9':
			c -= '0'
		case c >= 'a' && c <= 'f':
			c -= 'a' - 10
		case c >= 'A' && c <= 'F':
			c -= 'A' - 10
		default:
			goto end
		}
		if n > math.MaxInt64>>4 {
			return 0, malformed("the chunk size %q is too large", quote(l))
		}
		n = n<<4 | int64(c)
	}
end:
	rest := trim(l[i:])
	if i == 0 || len(rest) > 0 && rest[0] != ';' || bytes.IndexByte(rest, '\r') >= 0 || bytes.IndexByte(rest, 0) >= 0 {
		return 0, malformed("%q is no chunk size", quote(l))
	}
	return n, nil
}
