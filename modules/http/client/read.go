package client

import (
	"bytes"
	"errors"
	"io"
)

const maxInterim = 100 // 1xx answers before the final one

// sink is where a body goes: into raw after the head, to a function, or nowhere.
type sink struct {
	raw  []byte
	keep bool
	to   func([]byte) *Error
	n    int64 // bytes of body so far
	most int64
}

func (s *sink) put(p []byte) *Error {
	s.n += int64(len(p))
	switch {
	case s.to != nil:
		return s.to(p)
	case !s.keep:
		return nil
	case s.n > s.most:
		return errorf(KindTooLarge, nil, "the body is larger than the %d bytes that maxBodySize allows", s.most)
	}
	s.raw = append(s.raw, p...)
	return nil
}

// answer reads one answer, of which the first bytes are in the buffer, into resp. An answer that
// breaks off leaves its status and head in resp beside the error.
func (c *conn) answer(req *Request, resp *Response, most int64, to func(*Response) func([]byte) *Error) *Error {
	h := &c.head
	for interim := 0; ; interim++ {
		h.reset()
		if err := c.readHead(h); err != nil {
			return err
		}
		if h.status >= 200 {
			break
		}
		if h.status == 101 {
			return malformed("101 Switching Protocols to a request that asked for no other protocol")
		}
		if interim == maxInterim {
			return malformed("more than %d interim answers", maxInterim)
		}
		c.r += h.pos
	}
	kind, err := h.frame(req.Method)
	if err != nil {
		return err
	}
	resp.Status, resp.minor, resp.headLen = int16(h.status), h.minor, int32(h.pos)
	if h.cookies {
		resp.flags |= flagCookies
	}
	if h.coded {
		resp.flags |= flagCoded
	}
	if !h.persists() || kind == untilClose || h.encoded && h.minor == 0 {
		c.dirty = true
		if h.close || h.minor == 0 {
			c.shut = true
		}
	}
	got := c.buf[c.r:c.w]
	s := sink{keep: !req.Discard, most: most}
	if kind == fixed && s.keep && to == nil && h.length > most {
		c.dirty = true
		return errorf(KindTooLarge, nil, "the answer declares %d bytes of body; maxBodySize allows %d", h.length, most)
	}
	if kind == noBody || kind == fixed && h.length <= int64(len(got)-h.pos) && to == nil {
		// All of it is here: the one copy that most answers need.
		total := h.pos
		if kind == fixed {
			total += int(h.length)
		}
		c.r += total
		if !s.keep {
			got = got[:h.pos]
		} else {
			got = got[:total]
		}
		resp.raw = append(make([]byte, 0, len(got)), got...)
		if c.r < c.w {
			c.dirty = true // bytes that nobody asked for
		}
		return nil
	}
	size := len(got)
	if kind == fixed && s.keep && to == nil {
		size = h.pos + int(min(h.length, int64(max(firstBody, 4*len(got)))))
	}
	s.raw = append(make([]byte, 0, size), got[:h.pos]...)
	c.r += h.pos
	resp.raw = s.raw
	if to != nil {
		if s.to = to(resp); s.to == nil && kind == fixed && s.keep && h.length > most {
			c.dirty = true
			return errorf(KindTooLarge, nil, "the answer declares %d bytes of body; maxBodySize allows %d", h.length, most)
		}
	}
	switch kind {
	case fixed:
		err = c.readFixed(&s, h.length)
	case chunked:
		err = c.readChunked(&s, resp)
	case untilClose:
		err = c.readRest(&s)
	}
	resp.raw = s.raw
	if c.r < c.w {
		c.dirty = true
	}
	return err
}

func (c *conn) readHead(h *head) *Error {
	for {
		done, err := h.parse(c.buf[c.r:c.w])
		if done || err != nil {
			return err
		}
		if c.w-c.r > maxHead {
			return errorf(KindTooLarge, nil, "the head of the answer is larger than %d bytes", maxHead)
		}
		if c.r > 0 && c.w == len(c.buf) {
			// room moves the bytes to the front; positions in h count from c.r and stay right.
			c.room()
		}
		if err := c.fill(); err != nil {
			return c.broken(err)
		}
	}
}

// broken is the error of a connection that ended within an answer.
func (c *conn) broken(err error) *Error {
	if c.killed.Load() == killNone && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) {
		c.shut = true
		return errorf(KindTruncated, io.ErrUnexpectedEOF, "%s closed the connection in the middle of its answer", c.addr)
	}
	return c.failure(doingRead, err)
}

func (c *conn) readFixed(s *sink, length int64) *Error {
	if n := min(length, int64(c.w-c.r)); n > 0 {
		if err := s.put(c.buf[c.r : c.r+int(n)]); err != nil {
			return err
		}
		c.r += int(n)
		length -= n
	}
	direct := s.to == nil && s.keep
	for length > 0 {
		if !direct {
			if err := c.fill(); err != nil {
				return c.broken(err)
			}
			n := int(min(length, int64(c.w-c.r)))
			if err := s.put(c.buf[c.r : c.r+n]); err != nil {
				return err
			}
			c.r += n
			length -= int64(n)
			continue
		}
		// Into its place without a copy. The buffer grows with what has come, never with what was
		// promised.
		if len(s.raw) == cap(s.raw) {
			grown := make([]byte, len(s.raw), len(s.raw)+int(min(length, int64(max(firstBody, len(s.raw))))))
			copy(grown, s.raw)
			s.raw = grown
		}
		free := s.raw[len(s.raw):cap(s.raw)]
		if int64(len(free)) > length {
			free = free[:length]
		}
		n, err := c.nc.Read(free)
		s.raw = s.raw[:len(s.raw)+n]
		s.n += int64(n)
		c.came += int64(n)
		length -= int64(n)
		if n == 0 && err != nil {
			return c.broken(err)
		}
	}
	return nil
}

// line reads one line that ends in CR LF.
func (c *conn) line(most int) ([]byte, *Error) {
	for from := 0; ; {
		got := c.buf[c.r:c.w]
		if n := bytes.IndexByte(got[from:], '\n'); n >= 0 {
			n += from
			if n == 0 || got[n-1] != '\r' {
				return nil, malformed("the chunk line %q does not end in CR LF", quote(got[:n]))
			}
			c.r += n + 1
			return got[:n-1], nil
		}
		from = len(got)
		if from > most {
			return nil, malformed("a chunk line of more than %d bytes", most)
		}
		if err := c.fill(); err != nil {
			return nil, c.broken(err)
		}
	}
}

func (c *conn) readChunked(s *sink, resp *Response) *Error {
	for {
		l, err := c.line(4096)
		if err != nil {
			return err
		}
		size, err := chunkSize(l)
		if err != nil {
			return err
		}
		if size == 0 {
			return c.readTrailer(resp)
		}
		if s.keep && s.to == nil && size > s.most-s.n {
			return errorf(KindTooLarge, nil, "the body is larger than the %d bytes that maxBodySize allows", s.most)
		}
		for size > 0 {
			if c.r == c.w {
				if err := c.fill(); err != nil {
					return c.broken(err)
				}
			}
			n := int(min(size, int64(c.w-c.r)))
			if err := s.put(c.buf[c.r : c.r+n]); err != nil {
				return err
			}
			c.r += n
			size -= int64(n)
		}
		for c.w-c.r < 2 {
			if err := c.fill(); err != nil {
				return c.broken(err)
			}
		}
		if c.buf[c.r] != '\r' || c.buf[c.r+1] != '\n' {
			return malformed("%q follows a chunk, want CR LF", c.buf[c.r:c.r+2])
		}
		c.r += 2
	}
}

func (c *conn) readTrailer(resp *Response) *Error {
	total := 0
	for {
		l, err := c.line(maxHead)
		if err != nil {
			return err
		}
		if len(l) == 0 {
			return nil
		}
		if total += len(l); total > maxHead {
			return errorf(KindTooLarge, nil, "the trailer of the answer is larger than %d bytes", maxHead)
		}
		colon := bytes.IndexByte(l, ':')
		if colon < 1 || !isToken(string(l[:colon])) || bytes.IndexByte(l, 0) >= 0 || bytes.IndexByte(l, '\r') >= 0 {
			return malformed("%q is no trailer field", quote(l))
		}
		m := resp.needMore()
		m.Trailer = append(m.Trailer, Field{string(l[:colon]), string(trim(l[colon+1:]))})
	}
}

// readRest reads to the end of the connection.
func (c *conn) readRest(s *sink) *Error {
	c.shut = true
	for {
		if c.r < c.w {
			if err := s.put(c.buf[c.r:c.w]); err != nil {
				return err
			}
			c.r = c.w
		}
		if err := c.fill(); err != nil {
			if err == io.EOF && c.killed.Load() == killNone && (c.below == nil || !c.below.cut.Load()) {
				return nil
			}
			return c.broken(err)
		}
	}
}
