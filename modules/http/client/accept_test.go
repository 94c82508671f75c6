package client

import (
	"bufio"
	"bytes"
	"net"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestAccept plays every row of ACCEPT.md, once in one piece and once a byte at a time.
func TestAccept(t *testing.T) {
	text, err := os.ReadFile("../ACCEPT.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if len(cells) != 3 || !strings.HasPrefix(line, "|") || strings.HasPrefix(cells[0], "| What") {
			continue
		}
		rows++
		what := strings.TrimPrefix(cells[0], "| ")
		sent, err := strconv.Unquote(`"` + strings.Trim(cells[1], "`") + `"`)
		if err != nil {
			t.Fatalf("%s: %s", what, err)
		}
		want := strings.TrimSuffix(cells[2], " |")
		shut := strings.HasSuffix(what, "closes")
		for _, drip := range []bool{false, true} {
			name := what
			if drip {
				name += ", byte by byte"
			}
			t.Run(name, func(t *testing.T) {
				p := newPlay(t, func(_ int, c net.Conn) {
					if _, err := request(bufio.NewReader(c)); err != nil {
						return
					}
					if !drip {
						c.Write([]byte(sent))
					} else {
						for i := range len(sent) {
							c.Write([]byte{sent[i]})
							runtime.Gosched()
						}
					}
					if !shut {
						c.Read(make([]byte, 1)) // until the client has made up its mind
					}
				})
				c := newClient(t, func(c *Config) { c.Timeout = 2 * time.Second })
				resp := get(t, c, p.url("/"))
				got := ""
				if resp.Err != nil {
					got = resp.Err.Kind
				} else {
					got = strconv.Itoa(int(resp.Status)) + " `" + string(resp.Body()) + "`"
				}
				if got != want {
					t.Errorf("got %s, want %s (%v)", got, want, resp.Err)
				}
				if resp.Err != nil && resp.Err.Kind == KindMalformed && !strings.HasPrefix(resp.Err.Message, "malformed") {
					t.Errorf("the error does not say so: %s", resp.Err.Message)
				}
				if idle, active := c.OpenConnections(); resp.Err != nil && idle+active != 0 {
					t.Errorf("the connection is kept after %s", resp.Err)
				}
				if resp.Attempts != 1 || p.conns.Load() != 1 {
					t.Errorf("%d attempts on %d connections, want one", resp.Attempts, p.conns.Load())
				}
			})
		}
	}
	if rows < 60 {
		t.Errorf("only %d rows found", rows)
	}
}

func TestFoldedFieldIsOneValue(t *testing.T) {
	p := answers(t, "HTTP/1.1 200 OK\r\nX: a\r\n\tb\r\nContent-Length: 0\r\n\r\n", false)
	if got := get(t, newClient(t, nil), p.url("/")).Header("x"); len(got) != 1 || got[0] != "a  \tb" {
		t.Errorf("got %q", got)
	}
}

func TestTrailers(t *testing.T) {
	p := answers(t, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\nY: \r\n\r\n", false)
	if got := get(t, newClient(t, nil), p.url("/")).More().Trailer; len(got) != 2 || got[0] != (Field{"X-Sum", "1"}) {
		t.Errorf("got %v", got)
	}
}

func TestHeadHasNoBody(t *testing.T) {
	p := answers(t, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", false)
	c := newClient(t, nil)
	r := newRequest(t, "HEAD", p.url("/"), nil)
	for range 2 {
		if resp := do(c, r); resp.Err != nil || len(resp.Body()) != 0 || resp.Header("content-length")[0] != "100" {
			t.Errorf("%v %q", resp.Err, resp.Body())
		}
	}
	if p.conns.Load() != 1 {
		t.Errorf("%d connections", p.conns.Load())
	}
}

func TestHeadersUpToAMegabyte(t *testing.T) {
	for _, test := range []struct {
		size int
		kind string
	}{{1000 << 10, ""}, {2 << 20, KindTooLarge}} {
		p := answers(t, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", test.size)+"\r\nContent-Length: 2\r\n\r\nhi", true)
		resp := get(t, newClient(t, nil), p.url("/"))
		kind := ""
		if resp.Err != nil {
			kind = resp.Err.Kind
		}
		if kind != test.kind {
			t.Errorf("a head of %d bytes: %v", test.size, resp.Err)
		}
		if kind == "" && (len(resp.Header("x")[0]) != test.size || string(resp.Body()) != "hi") {
			t.Errorf("a head of %d bytes came as %d", test.size, len(resp.Header("x")[0]))
		}
	}
}

// TestDeclaredLengthsAllocateNothing has a server promise much and send little.
func TestDeclaredLengthsAllocateNothing(t *testing.T) {
	for _, head := range []string{
		"Content-Length: 3000000000\r\n\r\nhi",
		"Content-Length: 200000000\r\n\r\nhi",
		"Transfer-Encoding: chunked\r\n\r\nbebc200\r\nhi",
	} {
		p := answers(t, "HTTP/1.1 200 OK\r\n"+head, true)
		c := newClient(t, nil)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		resp := get(t, c, p.url("/"))
		runtime.ReadMemStats(&after)
		if resp.Err == nil {
			t.Errorf("%q was taken for an answer", head)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
			t.Errorf("%q made us allocate %d bytes", head, n)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"), 3)
	f.Add([]byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\nX: y\r\n\r\n"), 7)
	f.Add([]byte("HTTP/1.1 100 C\r\nA: b\r\n c\r\n\r\nHTTP/1.0 200\n\n"), 1)
	f.Fuzz(func(t *testing.T, sent []byte, piece int) {
		if piece < 1 || piece > len(sent) {
			piece = len(sent) + 1
		}
		// The outcome must not depend on how the bytes were cut.
		read := func(piece int) (int16, string, string) {
			a, b := net.Pipe()
			defer a.Close()
			go func() {
				defer b.Close()
				for rest := sent; len(rest) > 0; {
					n := min(piece, len(rest))
					if _, err := b.Write(rest[:n]); err != nil {
						return
					}
					rest = rest[n:]
				}
			}()
			c := newConn(a, "", "peer")
			defer c.close()
			defer c.releaseBuffer()
			if c.fill() != nil {
				return 0, "", KindClosed
			}
			var resp Response
			err := c.answer(&Request{Method: "GET"}, &resp, 1<<16, nil)
			if err != nil {
				return 0, "", err.Kind
			}
			resp.EachHeader(func(n, v []byte) bool { return !bytes.Contains(v, []byte{0}) })
			return resp.Status, string(resp.Body()), ""
		}
		s1, b1, k1 := read(piece)
		s2, b2, k2 := read(len(sent) + 1)
		if s1 != s2 || b1 != b2 || k1 != k2 {
			t.Errorf("in pieces of %d: %d %q %s; at once: %d %q %s", piece, s1, b1, k1, s2, b2, k2)
		}
	})
}
