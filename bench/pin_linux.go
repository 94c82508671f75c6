package main

import (
	"os/exec"
	"runtime"

	"golang.org/x/sys/unix"
)

// startOn starts a process on one processor, which it inherits from the thread that starts it.
func startOn(cmd *exec.Cmd, processor int) error {
	if runtime.NumCPU() < 2 {
		return cmd.Start()
	}
	runtime.LockOSThread()
	var before, only unix.CPUSet
	if unix.SchedGetaffinity(0, &before) != nil {
		runtime.UnlockOSThread()
		return cmd.Start()
	}
	only.Set(processor)
	pinned := unix.SchedSetaffinity(0, &only) == nil
	err := cmd.Start()
	// A thread that could not be freed again ends with its goroutine, as it stays locked.
	if !pinned || unix.SchedSetaffinity(0, &before) == nil {
		runtime.UnlockOSThread()
	}
	return err
}
