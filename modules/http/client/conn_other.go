//go:build !linux

package client

// raw leaves the connection to the portable path: write, then read.
func (c *conn) raw() {}
