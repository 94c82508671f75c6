//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package report

import (
	"os"
	"os/signal"

	"golang.org/x/sys/unix"
)

// echo keeps typed characters from being shown in the middle of the live display, where an Enter
// would push it up a line. Nothing else of the terminal's modes is touched: lines are still edited,
// and Ctrl-C, Ctrl-Z and Ctrl-\ are still signals.
type echo struct {
	fd    int
	saved *unix.Termios // nil: nothing to restore
}

// muteEcho turns the echo of f off until restore.
func muteEcho(f *os.File) *echo {
	e := &echo{fd: -1}
	if f != nil {
		e.fd = int(f.Fd())
		e.mute()
	}
	return e
}

// mute does nothing for a process in the background: the kernel would stop it for the attempt.
func (e *echo) mute() {
	if e.fd < 0 {
		return
	}
	if group, err := unix.IoctlGetInt(e.fd, unix.TIOCGPGRP); err != nil || group != unix.Getpgrp() {
		return
	}
	t, err := unix.IoctlGetTermios(e.fd, getTermios)
	if err != nil || t.Lflag&unix.ECHO == 0 {
		return
	}
	if e.saved == nil {
		saved := *t
		e.saved = &saved
	}
	t.Lflag &^= unix.ECHO
	_ = unix.IoctlSetTermios(e.fd, setTermios, t)
}

func (e *echo) restore() {
	if e.saved == nil {
		return
	}
	if group, err := unix.IoctlGetInt(e.fd, unix.TIOCGPGRP); err == nil && group == unix.Getpgrp() {
		_ = unix.IoctlSetTermios(e.fd, setTermios, e.saved)
	}
	e.saved = nil
}

// watchResume tells when the process goes on after it was stopped (Ctrl-Z, fg).
func watchResume() (resumed <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, unix.SIGCONT)
	return c, func() { signal.Stop(c) }
}
