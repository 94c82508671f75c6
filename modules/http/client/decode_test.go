package client

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	nethttp "net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/valyala/fasthttp"
)

func coded(coding string, b []byte) []byte {
	var out bytes.Buffer
	var w io.WriteCloser
	switch coding {
	case "gzip", "x-gzip":
		w = gzip.NewWriter(&out)
	case "deflate":
		w = zlib.NewWriter(&out)
	case "raw":
		w, _ = flate.NewWriter(&out, 9)
	case "zstd":
		w, _ = zstd.NewWriter(&out)
	case "br":
		return fasthttp.AppendBrotliBytes(nil, b)
	}
	w.Write(b)
	w.Close()
	return out.Bytes()
}

func TestCodings(t *testing.T) {
	plain := []byte(strings.Repeat("hello, world! ", 1000))
	for _, test := range []struct {
		what, header string
		body         []byte
		kind         string
	}{
		{"gzip", "gzip", coded("gzip", plain), ""},
		{"x-gzip", "X-Gzip", coded("gzip", plain), ""},
		{"gzip in two members", "gzip", append(coded("gzip", plain[:5000]), coded("gzip", plain[5000:])...), ""},
		{"deflate as zlib", "deflate", coded("deflate", plain), ""},
		{"deflate as it often is", "deflate", coded("raw", plain), ""},
		{"brotli", "br", coded("br", plain), ""},
		{"zstd", "zstd", coded("zstd", plain), ""},
		{"two layers", "deflate, gzip", coded("gzip", coded("deflate", plain)), ""},
		{"identity", "identity", plain, ""},
		{"not gzip", "gzip", plain, KindDecode},
		{"gzip cut short", "gzip", coded("gzip", plain)[:40], KindDecode},
		{"brotli cut short", "br", coded("br", plain)[:20], KindDecode},
		{"zstd cut short", "zstd", coded("zstd", plain)[:20], KindDecode},
		{"zlib cut short", "deflate", coded("deflate", plain)[:40], KindDecode},
		{"something else", "rot13", plain, KindDecode},
		{"too many layers", "gzip, gzip, gzip, gzip, gzip", plain, KindDecode},
	} {
		t.Run(test.what, func(t *testing.T) {
			p := answers(t, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s", test.header, len(test.body), test.body), false)
			resp := get(t, newClient(t, nil), p.url("/"))
			if resp.Err != nil {
				t.Fatal(resp.Err)
			}
			for range 2 { // the second one meets the pools
				got, err := resp.Decoded(1 << 20)
				kind := ""
				if err != nil {
					kind = err.Kind
				}
				if kind != test.kind || kind == "" && !bytes.Equal(got, plain) {
					t.Errorf("%v, %d bytes", err, len(got))
				}
			}
			if !bytes.Equal(resp.Body(), test.body) {
				t.Error("the body as it came has changed")
			}
		})
	}
}

func TestNothingIsAskedForUnasked(t *testing.T) {
	s := serve(t, func(w nethttp.ResponseWriter, r *nethttp.Request) { fmt.Fprint(w, r.Header) })
	if body := string(get(t, newClient(t, nil), s.URL).Body()); strings.Contains(body, "Accept") {
		t.Errorf("the request had %s", body)
	}
}

// TestBombs: little that becomes much is an error and takes no memory worth mentioning.
func TestBombs(t *testing.T) {
	zeros := make([]byte, 16<<20)
	for _, coding := range []string{"gzip", "deflate", "br", "zstd"} {
		body := coded(coding, zeros)
		p := answers(t, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s", coding, len(body), body), false)
		resp := get(t, newClient(t, nil), p.url("/"))
		if resp.Err != nil {
			t.Fatal(resp.Err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := resp.Decoded(1 << 20)
		runtime.ReadMemStats(&after)
		if err == nil || err.Kind != KindTooLarge {
			t.Errorf("%s: %d bytes became 16 MiB: %v", coding, len(body), err)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 24<<20 {
			t.Errorf("%s: %d bytes allocated for a limit of 1 MiB", coding, n)
		}
	}
	t.Run("a window of 1 GB", func(t *testing.T) {
		// A frame header that declares a window of 1 GiB, and nothing else.
		body := "\x28\xb5\x2f\xfd\x00\xa0\x01\x00\x00"
		p := answers(t, fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Encoding: zstd\r\nContent-Length: %d\r\n\r\n%s", len(body), body), false)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		resp := get(t, newClient(t, nil), p.url("/"))
		_, err := resp.Decoded(1 << 30)
		runtime.ReadMemStats(&after)
		if err == nil || after.TotalAlloc-before.TotalAlloc > 24<<20 {
			t.Errorf("%v after %d bytes", err, after.TotalAlloc-before.TotalAlloc)
		}
	})
}
