package client

import (
	"context"
	"time"
)

// exchange sends the request once, or twice if it was lost on a connection that died while idle.
func (c *Client) exchange(ctx context.Context, req *Request, resp *Response, deadline int64, to func(*Response) func([]byte) *Error) *Error {
	cookies := ""
	if !req.ownCookie {
		if c.jar != nil && !req.NoJar && c.jar.any.Load() {
			cookies = req.cookieLine(c.jar.cookies(req.Target))
		} else if len(req.Cookies) > 0 {
			cookies = req.cookieLine(nil)
		}
	}
	authorization := ""
	if req.Auth != nil && req.Auth.Scheme == "digest" {
		authorization = c.digest(req)
	}
	for retried := false; ; {
		cn, h, reused, err := c.acquire(ctx, req, resp, deadline, retried)
		if err != nil {
			return err
		}
		if h != nil {
			failed, lost := c.overH2(ctx, h, req, resp, deadline, cookies, authorization, to)
			if req.Fresh {
				h.cc.Close()
			}
			if lost && reused && !retried && !c.cfg.NoRetry {
				retried = true
				continue
			}
			if failed == nil {
				c.keepCookies(req, resp)
			}
			return failed
		}
		var unwatch func() bool
		if !cn.inMain && ctx.Done() != nil {
			unwatch = context.AfterFunc(ctx, func() { cn.kill(killCancel) })
		}
		before := now()
		e := cn.send(req.wire(cookies, authorization), req.Source)
		if e == errStale {
			c.drop(cn, unwatch, resp)
			continue
		}
		resp.Attempts++
		if reused {
			resp.flags |= flagReused
		}
		var failed *Error
		if e == nil {
			failed = cn.answer(req, resp, c.maxBody(req), to)
		}
		if bad := cn.finishWriting(); bad != nil {
			e, failed = nil, bad
		}
		end := now()
		if cn.tSent == 0 {
			cn.tSent = end
		}
		if cn.tFirst == 0 {
			cn.tFirst = end
		}
		resp.Send += time.Duration(cn.tSent - before)
		resp.Wait += time.Duration(cn.tFirst - cn.tSent)
		resp.Receive += time.Duration(end - cn.tFirst)
		resp.BytesOut += int64(cn.sent)
		resp.BytesIn += cn.came
		resp.remote = &cn.remote
		if e != nil {
			lost := reused && cn.came == 0 && cn.killed.Load() == killNone
			failed = cn.failure(doingWait, e)
			cn.shut = failed.Kind == KindClosed || failed.Kind == KindReset
			c.drop(cn, unwatch, resp)
			if lost && cn.shut && !retried && !c.cfg.NoRetry {
				retried = true
				continue
			}
			return failed
		}
		if failed != nil {
			c.drop(cn, unwatch, resp)
			return failed
		}
		c.keepCookies(req, resp)
		c.release(cn, unwatch, resp, req)
		return nil
	}
}

func (c *Client) maxBody(req *Request) int64 {
	if req.MaxBody > 0 {
		return req.MaxBody
	}
	return c.cfg.MaxBody
}

var errClosed = &Error{Kind: KindCanceled, Message: "canceled: the user has ended"}

func (c *Client) keepCookies(req *Request, resp *Response) {
	if resp.flags&flagCookies != 0 && c.jar != nil && !req.NoJar {
		c.jar.set(req.Target, resp.Cookies())
	}
}

// acquire gives a connection on which the exchange may start: one of HTTP/1.1, its deadline set, or one
// of HTTP/2. fresh asks for a new one.
func (c *Client) acquire(ctx context.Context, req *Request, resp *Response, deadline int64, fresh bool) (cn *conn, h *h2conn, reused bool, err *Error) {
	if req.mayH2() {
		return c.acquireEither(ctx, req, resp, deadline, fresh)
	}
	if !fresh && !req.Fresh {
		if cn, err = c.takeIdle(ctx, req, resp, deadline); cn != nil || err != nil {
			return cn, nil, true, err
		}
	}
	cn, _, err = c.connectFor(ctx, req, resp, deadline)
	return cn, nil, false, err
}

// takeIdle gives a connection that is idle, or neither it nor an error.
func (c *Client) takeIdle(ctx context.Context, req *Request, resp *Response, deadline int64) (*conn, *Error) {
	c.mu.Lock()
	for i := len(c.idle) - 1; i >= 0; i-- {
		cn := c.idle[i]
		if cn.key != req.key {
			continue
		}
		c.idle[i] = c.idle[len(c.idle)-1]
		c.idle[len(c.idle)-1] = nil
		c.idle = c.idle[:len(c.idle)-1]
		if cn.slot.deadline.Swap(deadline) == 0 {
			// The watchdog closed it: it was idle for too long.
			cn.close()
			continue
		}
		err := c.enter(ctx, cn)
		c.mu.Unlock()
		if err != nil {
			c.drop(cn, nil, resp)
			return nil, err
		}
		return cn, nil
	}
	c.mu.Unlock()
	return nil, nil
}

// connectFor opens a connection.
func (c *Client) connectFor(ctx context.Context, req *Request, resp *Response, deadline int64) (*conn, *h2conn, *Error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, errorf(KindCanceled, err, "canceled before a connection was made")
	}
	cn, h, err := c.open(ctx, req, resp, deadline)
	if err != nil || h != nil {
		return nil, h, err
	}
	cn.slot.deadline.Store(deadline)
	c.mu.Lock()
	err = c.enter(ctx, cn)
	c.mu.Unlock()
	if err != nil {
		c.drop(cn, nil, resp)
		return nil, nil, err
	}
	return cn, nil, nil
}

// acquireEither is acquire where HTTP/2 is possible. While it is not known what the server speaks, one
// request makes the connection and the others wait for it, since they will share it.
func (c *Client) acquireEither(ctx context.Context, req *Request, resp *Response, deadline int64, fresh bool) (*conn, *h2conn, bool, *Error) {
	start := now()
	for !req.Fresh {
		if !fresh {
			if h := c.shared(req.key); h != nil {
				return nil, h, true, nil
			}
			if cn, err := c.takeIdle(ctx, req, resp, deadline); cn != nil || err != nil {
				return cn, nil, true, err
			}
		}
		c.mu.Lock()
		if c.only1[req.key] {
			c.mu.Unlock()
			break
		}
		gate := c.gates[req.key]
		if gate == nil {
			if c.gates == nil {
				c.gates = map[string]chan struct{}{}
			}
			gate = make(chan struct{})
			c.gates[req.key] = gate
			c.mu.Unlock()
			cn, h, err := c.connectFor(ctx, req, resp, deadline)
			c.mu.Lock()
			delete(c.gates, req.key)
			switch {
			case h != nil && !c.closed:
				if c.h2 == nil {
					c.h2 = map[string]*h2conn{}
				}
				c.h2[req.key] = h
			case h != nil:
				h.cc.Close()
				err, h = errClosed, nil
			case cn != nil:
				if c.only1 == nil {
					c.only1 = map[string]bool{}
				}
				c.only1[req.key] = true
			}
			c.mu.Unlock()
			close(gate)
			return cn, h, false, err
		}
		c.mu.Unlock()
		timer := time.NewTimer(time.Duration(deadline - now()))
		select {
		case <-gate:
			timer.Stop()
			resp.needSetup().Blocked += time.Duration(now() - start)
			start = now()
			fresh = false
		case <-timer.C:
			return nil, nil, false, errorf(KindTimeout, nil, "timed out while another request connected to %s", req.Target.Address())
		case <-ctx.Done():
			timer.Stop()
			return nil, nil, false, errorf(KindCanceled, ctx.Err(), "canceled while another request connected to %s", req.Target.Address())
		}
	}
	cn, h, err := c.connectFor(ctx, req, resp, deadline)
	return cn, h, false, err
}

// enter makes the connection one that Close and the watched context can end. The caller holds mu; the
// context is looked at afterwards, so that no cancellation falls between.
func (c *Client) enter(ctx context.Context, cn *conn) *Error {
	cn.inMain = ctx == c.main
	cn.index = len(c.active)
	c.active = append(c.active, cn)
	if c.closed {
		return errClosed
	}
	if err := ctx.Err(); err != nil {
		return errorf(KindCanceled, err, "canceled before the request was sent")
	}
	return nil
}

// leave is the other end of enter; the caller holds mu.
func (c *Client) leave(cn *conn) {
	last := len(c.active) - 1
	c.active[cn.index] = c.active[last]
	c.active[cn.index].index = cn.index
	c.active[last] = nil
	c.active = c.active[:last]
	cn.index = -1
}

// drop ends a connection after an exchange that it cannot outlive.
func (c *Client) drop(cn *conn, unwatch func() bool, resp *Response) {
	if unwatch != nil {
		unwatch()
	}
	cn.releaseBuffer()
	c.mu.Lock()
	c.leave(cn)
	c.mu.Unlock()
	if cn.shut {
		resp.flags |= flagPeerShut
		resp.needMore().Peer++
	}
	cn.close()
}

// release keeps the connection for the next request if it can serve one.
func (c *Client) release(cn *conn, unwatch func() bool, resp *Response, req *Request) {
	inTime := cn.slot.deadline.Swap(-(now() + int64(c.cfg.IdleTimeout))) != 0
	if unwatch != nil {
		unwatch()
	}
	if cn.dirty || req.Fresh || req.ownClose || !inTime || cn.killed.Load() != killNone || c.cfg.IdleTimeout <= 0 {
		c.drop(cn, nil, resp)
		return
	}
	cn.releaseBuffer()
	cn.served++
	c.mu.Lock()
	c.leave(cn)
	closed := c.closed
	if !closed {
		c.idle = append(c.idle, cn)
	}
	c.mu.Unlock()
	if closed {
		cn.close()
	}
}
