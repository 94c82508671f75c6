package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/valyala/fasthttp"
)

const answer = "Hello, World!"

// slowness is how long /slow takes to answer.
const slowness = 10 * time.Millisecond

// /stall stands still for stallFor in every stallEvery.
const (
	stallFor   = time.Second
	stallEvery = 10 * time.Second
)

// jsonAnswer is 1 KB of JSON.
func jsonAnswer() []byte {
	body := []byte(`{"users":[`)
	for i := 1; i <= 12; i++ {
		if i > 1 {
			body = append(body, ',')
		}
		body = fmt.Appendf(body, `{"id":%d,"name":"Jeremy","email":"jeremy@example.com","tags":["a","b"]}`, i)
	}
	return append(body, `],"total":12}`...)
}

// serve answers until standard input is closed. It prints its address.
func serve() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	var count atomic.Int64
	body := jsonAnswer()
	var stalls stalls
	return fasthttp.Serve(l, func(c *fasthttp.RequestCtx) {
		switch string(c.Path()) {
		case "/count":
			c.WriteString(strconv.FormatInt(count.Load(), 10))
			return
		case "/json":
			c.SetContentType("application/json")
			c.Write(body)
		case "/slow":
			time.Sleep(slowness)
			c.WriteString(answer)
		case "/stall":
			stalls.wait()
			c.WriteString(answer)
		default:
			c.WriteString(answer)
		}
		count.Add(1)
	})
}

// stalls are counted from the first request, with the first one in the middle of the first period.
type stalls struct {
	once  sync.Once
	began time.Time
}

// wait waits until the present stall is over, if there is one.
func (s *stalls) wait() {
	s.once.Do(func() { s.began = time.Now() })
	at := time.Since(s.began) % stallEvery
	if from := stallEvery / 2; at >= from && at < from+stallFor {
		time.Sleep(from + stallFor - at)
	}
}

// requests is how many requests the server has answered.
func (s *server) requests() (int64, error) {
	status, body, err := fasthttp.Get(nil, s.url+"/count")
	if err != nil {
		return 0, err
	}
	if status != fasthttp.StatusOK {
		return 0, fmt.Errorf("%s/count: status %d", s.url, status)
	}
	return strconv.ParseInt(string(body), 10, 64)
}
