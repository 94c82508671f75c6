//go:build !linux

package client

// raw leaves the connection to the portable path: write, then read.
func (c *conn) raw() {}

// fdQuiet cannot tell here: the caller looks for a millisecond.
func (c *conn) fdQuiet() bool { return false }
