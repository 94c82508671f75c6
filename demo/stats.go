package demo

import (
	"sync/atomic"
	"time"
)

// Stats are what the server has done so far. An answer, its bytes included, is counted before it
// reaches the client.
type Stats struct {
	// Requests is the sum of all in Routes.
	Requests int64 `json:"requests"`
	// Routes counts the answers by route ("POST /users", "GET /users/{id}", "/work", …) and status.
	Routes map[string]map[int]int64 `json:"routes"`

	// Connections counts those accepted; OpenConnections are open now.
	Connections     int64 `json:"connections"`
	OpenConnections int64 `json:"openConnections"`
	// BytesIn and BytesOut count what went over the connections, HTTP's headers included.
	BytesIn  int64 `json:"bytesIn"`
	BytesOut int64 `json:"bytesOut"`

	// Users is how many are kept now.
	Users int `json:"users"`
	// Waiting is how many requests wait for a worker now, MaxWaiting the most that ever did.
	Waiting    int `json:"waiting"`
	MaxWaiting int `json:"maxWaiting"`
	// Served is how many requests were given to a worker; MeanWaitMs and MaxWaitMs are their waits for
	// it, by the plan of the line: without the lateness of timers.
	Served     int64   `json:"served"`
	MeanWaitMs float64 `json:"meanWaitMs"`
	MaxWaitMs  float64 `json:"maxWaitMs"`
}

// Status is how many answers of a status a route gave.
func (s Stats) Status(route string, status int) int64 { return s.Routes[route][status] }

// Stats says what the server has done up to now.
func (s *Server) Stats() Stats {
	out := Stats{
		Routes:      s.count.byRoute(),
		Connections: s.count.traffic.accepted.Load(),
		BytesIn:     s.count.traffic.in.Load(),
		BytesOut:    s.count.traffic.out.Load(),
		Users:       s.users.len(),
	}
	out.OpenConnections = out.Connections - s.count.traffic.closed.Load()
	for _, statuses := range out.Routes {
		for _, n := range statuses {
			out.Requests += n
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	out.Waiting = s.line.waiting(time.Since(s.began))
	out.MaxWaiting = s.waits.most
	out.Served = s.waits.count
	if s.waits.count > 0 {
		out.MeanWaitMs = milliseconds(s.waits.sum) / float64(s.waits.count)
	}
	out.MaxWaitMs = milliseconds(s.waits.longest)
	return out
}

// waits sums up how long requests waited for a worker.
type waits struct {
	count        int64
	sum, longest time.Duration
	most         int // in line at once
}

func (w *waits) add(waited time.Duration, inLine int) {
	w.count++
	w.sum += waited
	w.longest = max(w.longest, waited)
	w.most = max(w.most, inLine)
}

// counts are the answers, by route and by status − 100.
type counts struct {
	answers [routes][500]atomic.Int64
	traffic traffic
}

func (c *counts) add(r route, status int) { c.answers[r][status-100].Add(1) }

// byRoute leaves out what never happened.
func (c *counts) byRoute() map[string]map[int]int64 {
	out := map[string]map[int]int64{}
	for r := range routes {
		for i := range c.answers[r] {
			n := c.answers[r][i].Load()
			if n == 0 {
				continue
			}
			if out[r.String()] == nil {
				out[r.String()] = map[int]int64{}
			}
			out[r.String()][i+100] = n
		}
	}
	return out
}

// traffic is what went over all connections.
type traffic struct{ accepted, closed, in, out atomic.Int64 }
