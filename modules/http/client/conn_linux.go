package client

import (
	"crypto/tls"
	"io"
	"net"
	"syscall"
	"unsafe"
)

// raw finds the file descriptor behind a plain connection.
func (c *conn) raw() {
	var err error
	switch nc := c.nc.(type) {
	case *net.TCPConn:
		c.rc, err = nc.SyscallConn()
	case *net.UnixConn:
		c.rc, err = nc.SyscallConn()
	case *tls.Conn:
		c.below, _ = nc.NetConn().(*belowTLS)
		if c.below != nil {
			if tcp, ok := c.below.Conn.(syscall.Conn); ok {
				c.under, _ = tcp.SyscallConn()
			}
		}
	}
	if err != nil {
		c.rc = nil
	}
	if c.rc != nil {
		c.onFD = c.step
	}
}

// step is one whole exchange of a small request within one RawConn.Read: look, write, park until the
// answer is there, read. The poller is reset before step is first called, so an answer that comes
// while we write is not missed; the read that would only say EAGAIN is saved, and the read buffer is
// taken from the pool only when there is something to put into it, so that a waiting user holds none.
func (c *conn) step(fd uintptr) bool {
	if c.phase == phaseWrite {
		if c.served > 0 && !c.quiet(fd) {
			c.err = errStale
			return true
		}
		if c.look {
			c.phase = phaseWritten
			return true
		}
		n, err := ignoreEINTR(syscall.Write, int(fd), c.out)
		c.tSent = now()
		if err == syscall.EAGAIN {
			n, err = 0, nil
		}
		if err != nil {
			c.err = err
			return true
		}
		c.sent = n
		if n < len(c.out) {
			c.phase = phaseWritten
			return true
		}
		c.phase = phaseRead
		return false
	}
	c.room()
	n, err := ignoreEINTR(syscall.Read, int(fd), c.buf[c.w:])
	if err == syscall.EAGAIN {
		return false
	}
	c.tFirst = now()
	c.phase = phaseDone
	if n > 0 {
		c.w += n
		c.came += int64(n)
		return true
	}
	if err == nil {
		err = io.EOF
	}
	c.err = err
	return true
}

func ignoreEINTR(f func(int, []byte) (int, error), fd int, p []byte) (int, error) {
	for {
		n, err := f(fd, p)
		if err != syscall.EINTR {
			return n, err
		}
	}
}

// quiet says whether an idle connection has nothing to read: neither the end of the stream nor bytes
// that nobody asked for, which must not become the next answer.
func (c *conn) quiet(fd uintptr) bool {
	var one [1]byte
	n, _, errno := syscall.RawSyscall6(syscall.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(&one[0])), 1,
		syscall.MSG_PEEK|syscall.MSG_DONTWAIT, 0, 0)
	if errno == syscall.EAGAIN {
		return true
	}
	c.shut = errno != 0 || n == 0
	return false
}

// fdQuiet is quiet for the connection under TLS.
func (c *conn) fdQuiet() bool {
	if c.under == nil {
		return false
	}
	quiet := false
	err := c.under.Control(func(fd uintptr) { quiet = c.quiet(fd) })
	return err == nil && quiet
}
