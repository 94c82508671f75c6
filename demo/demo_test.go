package demo

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	nethttp "net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// start runs a demo API on a free port until the test ends.
func start(t *testing.T, change func(*Options)) *Server {
	t.Helper()
	o := DefaultOptions()
	o.Addr = "127.0.0.1:0"
	o.ServiceTime = ms
	if change != nil {
		change(&o)
	}
	s, err := Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		nethttp.DefaultClient.CloseIdleConnections()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// ask sends a request, "METHOD /path body", and gives "status body".
func ask(t *testing.T, s *Server, request string) (string, nethttp.Header) {
	t.Helper()
	parts := append(strings.SplitN(request, " ", 3), "")
	req, err := nethttp.NewRequest(parts[0], s.URL()+parts[1], strings.NewReader(parts[2]))
	if err != nil {
		t.Fatal(err)
	}
	res, err := nethttp.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(fmt.Sprintf("%d %s", res.StatusCode, body)), res.Header
}

func TestRoutes(t *testing.T) {
	s := start(t, nil)
	for _, step := range []struct{ request, answer string }{
		{`GET /health`, `200 {"status":"ok"}`},
		{`HEAD /health`, `200`},
		{`POST /health`, `405 {"error":"POST is not allowed here: use GET, HEAD"}`},
		{`GET /nowhere`, `404 {"error":"no such path: /nowhere"}`},

		{`POST /users {"name":"jeremy","age":23,"email":"jeremy@example.com"}`, `201 {"id":1,"email":"jeremy@example.com"}`},
		{`POST /users {"name":"jeremy","age":23,"email":"jeremy@example.com"}`, `400 {"error":"a user with this email exists"}`},
		{`GET /users/1`, `200 {"id":1,"email":"jeremy@example.com","name":"jeremy","age":23}`},
		{`GET /users/0`, `404 {"error":"no user with id \"0\""}`},
		{`GET /users/2`, `404 {"error":"no user with id \"2\""}`},
		{`GET /users/-1`, `404 {"error":"no user with id \"-1\""}`},
		{`GET /users/one`, `404 {"error":"no user with id \"one\""}`},
		{`DELETE /users/1`, `405 {"error":"DELETE is not allowed here: use GET, HEAD"}`},
		{`GET /users`, `405 {"error":"GET is not allowed here: use POST"}`},

		{`POST /users {"name":"eve","age":0,"email":"user2@example.com"}`, `201 {"id":2,"email":"user2@example.com"}`},
		{`POST /users {"name":"ann","age":30}`, `201 {"id":3,"email":"user3@example.com"}`},
		{`POST /users {"name":"bob","age":31,"email":"user5@example.com"}`, `201 {"id":4,"email":"user5@example.com"}`},
		{`POST /users {"name":"cat","age":32}`, `201 {"id":5,"email":"user5-2@example.com"}`},

		{`POST /users`, `400 {"error":"the body must be JSON"}`},
		{`POST /users {"name":`, `400 {"error":"the body must be JSON"}`},
		{`POST /users [1]`, `400 {"error":"the body must be a JSON object"}`},
		{`POST /users {"age":23}`, `400 {"error":"name must be given"}`},
		{`POST /users {"name":"","age":23}`, `400 {"error":"name must be given"}`},
		{`POST /users {"name":7,"age":23}`, `400 {"error":"name must be a string, not a number"}`},
		{`POST /users {"name":"eve"}`, `400 {"error":"age must be given"}`},
		{`POST /users {"name":"eve","age":"23"}`, `400 {"error":"age must be a number, not a string"}`},
		{`POST /users {"name":"eve","age":-1}`, `400 {"error":"age must be 0 or more, not -1"}`},
		{`POST /users {"name":"eve","age":23,"email":"eve"}`, `400 {"error":"email must contain @, not \"eve\""}`},

		{`GET /work`, `200 {"waitedMs":0,"servedMs":1}`},
		{`POST /work anything`, `200 {"waitedMs":0,"servedMs":1}`},
		{`PUT /work`, `405 {"error":"PUT is not allowed here: use GET, HEAD, POST"}`},
	} {
		if got, _ := ask(t, s, step.request); got != step.answer {
			t.Errorf("%s\n got %s\nwant %s", step.request, got, step.answer)
		}
	}
	if _, header := ask(t, s, `POST /users {"name":"eve","age":1}`); header.Get("Location") != "/users/6" {
		t.Errorf("Location: %q", header.Get("Location"))
	}
	if _, header := ask(t, s, `GET /users`); header.Get("Allow") != "POST" {
		t.Errorf("Allow: %q", header.Get("Allow"))
	}
	if got, _ := ask(t, s, `GET /`); !strings.Contains(got, s.Options().Describe()) {
		t.Errorf("the index page does not say where the API breaks:\n%s", got)
	}
}

func TestStatsCountEveryAnswer(t *testing.T) {
	s := start(t, nil)
	const clients, rounds = 8, 20
	var wait sync.WaitGroup
	for c := range clients {
		wait.Go(func() {
			for i := range rounds {
				ask(t, s, fmt.Sprintf(`POST /users {"name":"n","age":1,"email":"u%d@example.com"}`, c*rounds+i/2))
				ask(t, s, `GET /users/1`)
				ask(t, s, `GET /users/0`)
				ask(t, s, `GET /health`)
			}
		})
	}
	wait.Wait()
	body, _ := ask(t, s, `GET /stats`)
	var got Stats
	if err := json.Unmarshal([]byte(strings.TrimPrefix(body, "200 ")), &got); err != nil {
		t.Fatal(err)
	}
	const each = clients * rounds
	want := map[string]map[int]int64{
		"POST /users":     {201: each / 2, 400: each / 2},
		"GET /users/{id}": {200: each, 404: each},
		"GET /health":     {200: each},
	}
	// The very first GET /users/1 may come before the first user.
	early := got.Status("GET /users/{id}", 404) - each
	want["GET /users/{id}"][200] -= early
	want["GET /users/{id}"][404] += early
	if d := cmp.Diff(want, got.Routes); d != "" || early < 0 || early > clients {
		t.Errorf("routes (-want +got), %d early:\n%s", early, d)
	}
	if got.Requests != 4*each || got.Served != 3*each || got.Users != each/2 {
		t.Errorf("%+v", got)
	}
	if now := s.Stats(); now.Status("GET /stats", 200) != 1 || now.Requests != 4*each+1 {
		t.Errorf("/stats did not count itself: %+v", now)
	}
}

func TestBytesAreCountedAsTheyGoOverTheWire(t *testing.T) {
	s := start(t, nil)
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	const request = "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil {
		t.Fatal(err)
	}
	got := s.Stats()
	if got.Connections != 1 || got.BytesIn != int64(len(request)) || got.BytesOut != int64(len(answer)) {
		t.Errorf("%+v, want 1 connection, %d bytes in, %d out", got, len(request), len(answer))
	}
}

func TestWhatIsNoRequestIsCountedAsMalformed(t *testing.T) {
	s := start(t, nil)
	for _, test := range []struct {
		name, sent, status string
	}{
		{"not HTTP", "what?\r\n\r\n", "400"},
		{"a body above 1 MiB", "POST /users HTTP/1.1\r\nHost: x\r\nContent-Length: 2000000\r\n\r\n", "413"},
		{"headers above 4 KiB", "GET / HTTP/1.1\r\nX: " + strings.Repeat("x", 10_000) + "\r\n\r\n", "431"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := io.WriteString(c, test.sent); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(c).ReadString('\n')
			if err != nil || !strings.HasPrefix(line, "HTTP/1.1 "+test.status) {
				t.Errorf("answer %q, %v; want %s", line, err, test.status)
			}
		})
	}
	want := map[string]map[int]int64{"malformed": {400: 1, 413: 1, 431: 1}}
	if d := cmp.Diff(want, s.Stats().Routes); d != "" {
		t.Error(d)
	}
}

func TestAFullLineAnswers503WithRetryAfter(t *testing.T) {
	s := start(t, func(o *Options) { o.Workers, o.ServiceTime, o.Queue = 1, time.Hour, 0 })
	first := make(chan string)
	go func() {
		answer, _ := ask(t, s, `GET /work`)
		first <- answer
	}()
	for s.Stats().Served == 0 {
		time.Sleep(ms)
	}
	answer, header := ask(t, s, `POST /users {"name":"n","age":1}`)
	if answer != `503 {"error":"too many requests wait"}` || header.Get("Retry-After") != "3600" {
		t.Errorf("%s, Retry-After %q", answer, header.Get("Retry-After"))
	}
	if answer, _ := ask(t, s, `GET /health`); answer != `200 {"status":"ok"}` {
		t.Errorf("/health waits in the line: %s", answer)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if answer := <-first; answer != `503 {"error":"the demo API is closing"}` {
		t.Errorf("the one that was served at the close got %s", answer)
	}
}

func TestFailureRateOneFailsEverythingInLine(t *testing.T) {
	s := start(t, func(o *Options) { o.FailureRate = 1 })
	for _, request := range []string{`GET /work`, `POST /users {"name":"n","age":1}`, `GET /users/1`} {
		if got, _ := ask(t, s, request); got != `500 {"error":"failed on purpose"}` {
			t.Errorf("%s: %s", request, got)
		}
	}
	if s.Stats().Users != 0 {
		t.Error("a failed POST created a user")
	}
}

func TestTheOldestUserIsForgotten(t *testing.T) {
	u := users{max: 3}
	for i := range 5 {
		if _, err := u.create(user{Name: "n", Email: fmt.Sprintf("%d@x", i+1)}); err != nil {
			t.Fatal(err)
		}
	}
	var known []int64
	for id := int64(-1); id < 8; id++ {
		if n, ok := u.get(id); ok {
			known = append(known, n.ID)
		}
	}
	if d := cmp.Diff([]int64{3, 4, 5}, known); d != "" {
		t.Error(d)
	}
	if _, err := u.create(user{Email: "5@x"}); err != errDuplicate {
		t.Errorf("an email that is kept: %v", err)
	}
	if n, err := u.create(user{Email: "1@x"}); err != nil || n.ID != 6 {
		t.Errorf("an email that is forgotten: %+v, %v", n, err)
	}
	if len(u.ring) != 3 || len(u.emails) != 3 {
		t.Errorf("%d users and %d emails kept", len(u.ring), len(u.emails))
	}
}

func TestCloseDoesNotWaitForABrokenClient(t *testing.T) {
	s := start(t, nil)
	c, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "POST /users HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf"); err != nil {
		t.Fatal(err)
	}
	for s.Stats().BytesIn == 0 {
		time.Sleep(ms)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if open := s.Stats().OpenConnections; open != 0 {
		t.Errorf("%d connections left open", open)
	}
	select {
	case <-s.Done():
	default:
		t.Error("still listening")
	}
}

func TestStartSaysWhatIsWrong(t *testing.T) {
	taken := start(t, nil)
	for _, test := range []struct {
		name   string
		change func(*Options)
		want   string
	}{
		{"an address without a port", func(o *Options) { o.Addr = "localhost" },
			`demo API: address must be host:port, such as 127.0.0.1:8080, not "localhost"`},
		{"a port that is taken", func(o *Options) { o.Addr = strings.TrimPrefix(taken.URL(), "http://") },
			"address already in use"},
		{"everything at once", func(o *Options) { *o = Options{Addr: ":0", Queue: -1, Jitter: 2, FailureRate: -0.1} },
			`demo API: workers must be 1 to 100000, not 0
service time must be above 0 and at most 1h, not 0s
queue must be 0 to 1000000, not -1
jitter must be 0 to 1, not 2
failure rate must be 0 to 1, not -0.1
max users must be 1 to 10000000, not 0`},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := DefaultOptions()
			o.Addr = "127.0.0.1:0"
			test.change(&o)
			s, err := Start(o)
			if err == nil {
				s.Close()
				t.Fatal("started")
			}
			if !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestDescribe(t *testing.T) {
	o := DefaultOptions()
	if got, want := o.Describe(), "breaks at 400 requests/s: 4 workers × 10ms, 1000 may wait"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	o.Workers, o.ServiceTime, o.Jitter, o.FailureRate = 1, 3*ms, 0.25, 0.01
	if got, want := o.Describe(), "breaks at 333.333 requests/s: 1 worker × 3ms, 1000 may wait, service time ± 25 %, 1 % of answers are 500"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
