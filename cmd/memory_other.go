//go:build !linux

package cmd

// physicalMemory is not known on this system.
func physicalMemory() int64 { return 0 }
