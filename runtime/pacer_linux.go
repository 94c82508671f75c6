package runtime

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// timerfdPacer waits on a timerfd through the runtime's network poller, which wakes within tens of
// microseconds.
type timerfdPacer struct {
	file *os.File
	fd   int
}

func newPacer() pacer {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return timerPacer{}
	}
	return &timerfdPacer{file: os.NewFile(uintptr(fd), "timerfd"), fd: fd}
}

// longWait is where the exactness of a timerfd no longer matters and a plain timer, which can be
// woken, serves better.
const longWait = 20 * time.Millisecond

func (p *timerfdPacer) wait(d time.Duration, stop <-chan struct{}) {
	if d > longWait {
		timerPacer{}.wait(d-longWait/2, stop)
		return
	}
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}
	if unix.TimerfdSettime(p.fd, 0, &spec, nil) != nil {
		timerPacer{}.wait(d, stop)
		return
	}
	var buf [8]byte
	p.file.Read(buf[:])
}

func (p *timerfdPacer) close() { p.file.Close() }
