//go:build !linux

package client

import "crypto/tls"

// raw leaves the connection to the portable path: write, then read.
func (c *conn) raw() {
	if nc, ok := c.nc.(*tls.Conn); ok {
		c.below, _ = nc.NetConn().(*belowTLS)
	}
}

// fdQuiet cannot tell here: the caller looks for a millisecond.
func (c *conn) fdQuiet() bool { return false }
