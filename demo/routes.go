package demo

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/valyala/fasthttp"
)

// route is one of the few things that the API answers; what it answers is counted by it.
type route int

const (
	other     route = iota // an unknown path or a wrong method
	malformed              // not HTTP, or too large
	index
	health
	postUsers
	getUser
	work
	stats
	routes // how many there are
)

func (r route) String() string {
	return [...]string{
		"other", "malformed", "GET /", "GET /health", "POST /users", "GET /users/{id}", "/work", "GET /stats",
	}[r]
}

const indexText = `runner's demo API

GET  /health      {"status":"ok"}
POST /users       {"name","age","email"?}: 201 {"id","email"}; 400 for an email that is taken
GET  /users/{id}  200 {"id","email","name","age"}; 404 for an unknown id
GET  /work        200 {"waitedMs","servedMs"}, or POST
GET  /stats       what was answered so far, by route and status

/users and /work wait in one line for a worker; a full line answers 503.
This one `

// handle answers one request. What is counted is counted before the answer is written: a client that
// has its answer finds it in Stats.
func (s *Server) handle(c *fasthttp.RequestCtx) {
	r := s.answer(c)
	s.count.add(r, c.Response.StatusCode())
	select {
	case <-s.closing:
		c.SetConnectionClose()
	default:
	}
}

var usersPrefix = []byte("/users/")

// answer picks the route.
func (s *Server) answer(c *fasthttp.RequestCtx) route {
	path := c.Path()
	switch {
	case string(path) == "/health":
		if allow(c, "GET") {
			reply(c, 200, struct {
				Status string `json:"status"`
			}{"ok"})
			return health
		}
	case string(path) == "/users":
		if allow(c, "POST") {
			s.postUsers(c)
			return postUsers
		}
	case bytes.HasPrefix(path, usersPrefix):
		if allow(c, "GET") {
			s.getUser(c, string(path[len(usersPrefix):]))
			return getUser
		}
	case string(path) == "/work":
		if allow(c, "GET", "POST") {
			s.work(c)
			return work
		}
	case string(path) == "/stats":
		if allow(c, "GET") {
			reply(c, 200, s.Stats())
			return stats
		}
	case string(path) == "/":
		if allow(c, "GET") {
			c.SetContentType("text/plain; charset=utf-8")
			c.SetBodyString(indexText + s.options.Describe() + ".\n")
			return index
		}
	default:
		fail(c, 404, fmt.Sprintf("no such path: %s", path))
	}
	return other
}

// allow is true if the request's method is one of these; HEAD goes where GET goes. If not, it has
// answered 405.
func allow(c *fasthttp.RequestCtx, methods ...string) bool {
	list := ""
	for _, m := range methods {
		if string(c.Method()) == m || m == "GET" && c.IsHead() {
			return true
		}
		if m == "GET" {
			m = "GET, HEAD"
		}
		if list != "" {
			list += ", "
		}
		list += m
	}
	c.Response.Header.Set("Allow", list)
	fail(c, 405, fmt.Sprintf("%s is not allowed here: use %s", c.Method(), list))
	return false
}

func (s *Server) postUsers(c *fasthttp.RequestCtx) {
	if _, ok := s.serveOrFail(c); !ok {
		return
	}
	n, err := parseUser(c.PostBody())
	if err == nil {
		n, err = s.users.create(n)
	}
	if err != nil {
		fail(c, 400, err.Error())
		return
	}
	c.Response.Header.Set("Location", "/users/"+strconv.FormatInt(n.ID, 10))
	reply(c, 201, struct {
		ID    int64  `json:"id"`
		Email string `json:"email"`
	}{n.ID, n.Email})
}

func (s *Server) getUser(c *fasthttp.RequestCtx, id string) {
	if _, ok := s.serveOrFail(c); !ok {
		return
	}
	// What is no number is no user's id, and so is not found like any other.
	n, _ := strconv.ParseInt(id, 10, 64)
	found, ok := s.users.get(n)
	if !ok {
		fail(c, 404, fmt.Sprintf("no user with id %q", id))
		return
	}
	reply(c, 200, found)
}

func (s *Server) work(c *fasthttp.RequestCtx) {
	f, ok := s.serveOrFail(c)
	if !ok {
		return
	}
	reply(c, 200, struct {
		WaitedMs float64 `json:"waitedMs"`
		ServedMs float64 `json:"servedMs"`
	}{milliseconds(f.waited), milliseconds(f.took)})
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// serveOrFail takes the request through the line; false if it was refused or failed and has its answer.
func (s *Server) serveOrFail(c *fasthttp.RequestCtx) (fate, bool) {
	f := s.serve()
	switch {
	case f.closing:
		fail(c, 503, "the demo API is closing")
		return f, false
	case !f.served:
		seconds := max(1, int(math.Ceil(f.retry.Seconds())))
		c.Response.Header.Set("Retry-After", strconv.Itoa(seconds))
		fail(c, 503, "too many requests wait")
		return f, false
	case f.failed:
		fail(c, 500, "failed on purpose")
		return f, false
	}
	return f, true
}

// reply answers with JSON.
func reply(c *fasthttp.RequestCtx, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // only our own structs come here
	}
	c.SetStatusCode(status)
	c.SetContentType("application/json")
	c.SetBody(body)
}

func fail(c *fasthttp.RequestCtx, status int, message string) {
	reply(c, status, struct {
		Error string `json:"error"`
	}{message})
}

// refuse answers what fasthttp could not read as a request.
func (s *Server) refuse(c *fasthttp.RequestCtx, err error) {
	status := 400
	var small *fasthttp.ErrSmallBuffer
	switch {
	case errors.Is(err, fasthttp.ErrBodyTooLarge):
		status = 413
	case errors.As(err, &small): // the headers do not fit
		status = 431
	}
	fail(c, status, err.Error())
	s.count.add(malformed, status)
}
