//go:build !unix

package main

import (
	"os"
	"time"
)

// pause cannot stop a process on this system.
func pause(*os.Process, time.Duration) {}
