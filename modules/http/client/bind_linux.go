package client

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// bindLate lets the kernel choose the source port at connect, where it may share one port among
// peers, instead of at bind, where each connection takes one of 28,000.
func bindLate(_, _ string, rc syscall.RawConn) error {
	return rc.Control(func(fd uintptr) {
		unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1)
	})
}
