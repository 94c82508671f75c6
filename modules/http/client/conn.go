package client

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	bufSize   = 16 << 10
	maxHead   = 1 << 20  // of one answer's head, and of all its trailers
	firstBody = 64 << 10 // what a declared length may make us allocate before bytes have come
)

var buffers = sync.Pool{New: func() any { return new([bufSize]byte) }}

const (
	killNone int32 = iota
	killTimeout
	killCancel
)

// errStale means that an idle connection turned out to be closed or to hold bytes that nobody asked
// for: nothing was sent on it.
var errStale = errors.New("stale connection")

var longAgo = time.Unix(1, 0)

type phase uint8

const (
	phaseWrite   phase = iota
	phaseWritten       // in part or not at all
	phaseRead
	phaseDone
)

// conn is one connection of one user. One exchange at a time runs on it.
type conn struct {
	nc     net.Conn
	rc     syscall.RawConn // of plain TCP and unix sockets; else nil
	onFD   func(uintptr) bool
	under  syscall.RawConn // of the TCP connection under a TLS one
	below  *belowTLS
	slot   *slot
	key    string
	addr   string // host:port as in the URL, for errors
	remote string
	served int // exchanges
	killed atomic.Int32
	ended  atomic.Bool
	inMain bool // the exchange belongs to the client's watched context
	index  int  // in client.active

	// Of the exchange.
	phase   phase
	out     []byte
	sent    int
	err     error
	tSent   int64
	tFirst  int64
	pooled  *[bufSize]byte
	buf     []byte // pooled, or a larger one
	r, w    int    // what was received and not yet used is buf[r:w]
	came    int64  // bytes received
	head    head
	dirty   bool // must not serve again
	shut    bool // the peer closed it
	look    bool // step only looks whether the connection can be used
	writing chan written
}

func newConn(nc net.Conn, key, addr string) *conn {
	c := &conn{nc: nc, key: key, addr: addr, index: -1}
	if a := nc.RemoteAddr(); a != nil {
		c.remote = a.String()
	}
	c.raw()
	c.slot = dog.take(c)
	return c
}

// kill makes what waits on the connection return at once. Any goroutine may call it.
func (c *conn) kill(why int32) {
	if c.killed.CompareAndSwap(killNone, why) {
		c.nc.SetDeadline(longAgo)
	}
}

func (c *conn) close() {
	if c.ended.CompareAndSwap(false, true) {
		c.nc.Close()
		dog.give(c.slot)
	}
}

func (c *conn) releaseBuffer() {
	if c.pooled != nil {
		buffers.Put(c.pooled)
		c.pooled = nil
	}
	c.buf, c.r, c.w = nil, 0, 0
}

// room makes free space at the end of buf.
func (c *conn) room() {
	if c.r == c.w {
		c.r, c.w = 0, 0
	}
	switch {
	case c.buf == nil:
		c.pooled = buffers.Get().(*[bufSize]byte)
		c.buf = c.pooled[:]
	case c.w < len(c.buf):
	case c.r > 0:
		c.w = copy(c.buf, c.buf[c.r:c.w])
		c.r = 0
	default:
		larger := make([]byte, 2*len(c.buf))
		copy(larger, c.buf[:c.w])
		if c.pooled != nil {
			buffers.Put(c.pooled)
			c.pooled = nil
		}
		c.buf = larger
	}
}

// fill waits for more bytes.
func (c *conn) fill() error {
	c.room()
	n, err := c.nc.Read(c.buf[c.w:])
	c.w += n
	c.came += int64(n)
	if n > 0 {
		return nil
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// maxOneTrip is the largest request that is written in one go; a larger one could block.
const maxOneTrip = 64 << 10

// send puts the request on the wire and waits for the first bytes of the answer. If the request does
// not fit into the socket's buffer, the rest is still being written when send returns.
func (c *conn) send(out []byte, body Source) error {
	c.out, c.sent, c.err, c.tSent, c.tFirst, c.came = out, 0, nil, 0, 0, 0
	c.dirty, c.shut, c.writing = false, false, nil
	c.phase = phaseWrite
	c.look = body != nil || len(out) > maxOneTrip
	switch {
	case c.rc == nil:
		if c.served > 0 && !c.idleClean() {
			return errStale
		}
		if c.look {
			break
		}
		n, err := c.nc.Write(out)
		c.sent += n
		c.tSent = now()
		if err != nil {
			return err
		}
		return c.first()
	case c.served > 0 || !c.look:
		if err := c.rc.Read(c.onFD); err != nil {
			if c.tSent == 0 {
				c.tSent = now()
			}
			c.tFirst = now()
			return err
		}
		if c.err != nil || c.phase == phaseDone {
			return c.err
		}
	}
	c.writing = make(chan written, 1)
	go c.write(c.out[c.sent:], body, c.writing)
	return c.first()
}

func (c *conn) first() error {
	err := c.fill()
	c.tFirst = now()
	return err
}

// written is what became of a request that was written while its answer was awaited.
type written struct {
	n    int64
	err  error
	body *Error
	at   int64
}

// write sends what is left on a goroutine of its own, because a server may answer before it has read
// everything, and may never read the rest.
func (c *conn) write(rest []byte, body Source, done chan<- written) {
	var o written
	n, err := c.nc.Write(rest)
	o.n, o.err = int64(n), err
	if err == nil && body != nil {
		var n int64
		n, o.err, o.body = copyBody(c.nc, body)
		o.n += n
		if o.body != nil {
			c.nc.SetReadDeadline(longAgo) // the request cannot be completed: nobody will answer it
		}
	}
	o.at = now()
	done <- o
}

// finishWriting waits for the writer, if there is one. After the answer is complete it has nothing
// left to say. The error is that of the request's own body.
func (c *conn) finishWriting() *Error {
	if c.writing == nil {
		return nil
	}
	var o written
	select {
	case o = <-c.writing:
	default:
		c.dirty = true
		c.nc.SetWriteDeadline(longAgo)
		o = <-c.writing
	}
	c.writing = nil
	c.sent += int(o.n)
	c.tSent = min(o.at, c.tFirst)
	if o.err != nil || o.body != nil {
		c.dirty = true
	}
	return o.body
}

// failure names what ended the exchange.
func (c *conn) failure(doing string, err error) *Error {
	switch c.killed.Load() {
	case killTimeout:
		return errorf(KindTimeout, os.ErrDeadlineExceeded, "timed out while %s %s", doing, c.addr)
	case killCancel:
		return errorf(KindCanceled, nil, "canceled while %s %s", doing, c.addr)
	}
	return ioError(c.addr, doingWords(doing), err)
}

func doingWords(doing string) string {
	switch doing {
	case doingWait:
		return "its answer was awaited"
	case doingRead:
		return "its answer was being read"
	}
	return doing
}

const (
	doingWait = "waiting for the answer of"
	doingRead = "reading the answer of"
)

// idleClean says whether an idle connection that is not a plain one (TLS) has no data for us. Its
// session tickets and the like may come at any time and are none.
func (c *conn) idleClean() bool {
	// With a deadline long past only what is buffered is looked at.
	if !c.nothingWithin(longAgo) {
		return false
	}
	return c.fdQuiet() || c.nothingWithin(time.Now().Add(time.Millisecond))
}

func (c *conn) nothingWithin(deadline time.Time) bool {
	c.nc.SetReadDeadline(deadline)
	var one [1]byte
	n, err := c.nc.Read(one[:])
	c.nc.SetReadDeadline(time.Time{})
	if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) {
		return true
	}
	c.shut = n == 0
	return false
}

// belowTLS is the connection under a TLS one. It notes an end of the stream that TLS did not announce:
// crypto/tls takes one between two records for a proper goodbye.
type belowTLS struct {
	net.Conn
	cut atomic.Bool
}

func (b *belowTLS) Read(p []byte) (int, error) {
	n, err := b.Conn.Read(p)
	if err == io.EOF {
		b.cut.Store(true)
	}
	return n, err
}
