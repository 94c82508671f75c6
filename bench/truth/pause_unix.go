//go:build unix

package main

import (
	"os"
	"syscall"
	"time"
)

// pause stops a process for a while.
func pause(p *os.Process, d time.Duration) {
	if p.Signal(syscall.SIGSTOP) != nil {
		return
	}
	time.Sleep(d)
	p.Signal(syscall.SIGCONT)
}
