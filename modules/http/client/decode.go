package client

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"github.com/valyala/fasthttp"
)

// AllCodings is the Accept-Encoding that asks for everything that Decode knows.
const AllCodings = "gzip, deflate, br, zstd"

// maxCodings is how many layers of coding are taken off a body. Each could be a bomb of its own.
const maxCodings = 4

var (
	gzips = sync.Pool{New: func() any { return new(gzip.Reader) }}
	zstds = sync.Pool{New: func() any {
		// RFC 9659: a sender must not use a window above 8 MB, a receiver need not have more.
		d, _ := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(8<<20))
		return d
	}}
)

var errTooMuch = errors.New("too much")

// capped collects what comes out of a decoder, up to a limit. It has no ReadFrom that would go round
// the limit.
type capped struct {
	b    []byte
	most int64
}

func (c *capped) Write(p []byte) (int, error) {
	if int64(len(c.b)+len(p)) > c.most {
		return 0, errTooMuch
	}
	c.b = append(c.b, p...)
	return len(p), nil
}

// Decoded is the body without its content codings, of most bytes at most. A body without any is
// returned as it is.
func (r *Response) Decoded(most int64) ([]byte, *Error) {
	body := r.Body()
	if !r.Coded() || len(body) == 0 {
		return body, nil
	}
	var codings []string
	for _, v := range r.Header("content-encoding") {
		for item := range strings.SplitSeq(v, ",") {
			if item = strings.ToLower(strings.Trim(item, " \t")); item != "" && item != "identity" {
				codings = append(codings, item)
			}
		}
	}
	if len(codings) > maxCodings {
		return nil, errorf(KindDecode, nil, "the body is encoded %d times; at most %d layers are taken off", len(codings), maxCodings)
	}
	for i := len(codings) - 1; i >= 0; i-- {
		out := &capped{most: most}
		err := decode(out, codings[i], body)
		switch {
		case errors.Is(err, errTooMuch):
			return nil, errorf(KindTooLarge, nil, "the body of %d bytes decodes (%s) to more than the %d bytes that maxBodySize allows", len(r.Body()), codings[i], most)
		case err == errUnknownCoding:
			return nil, errorf(KindDecode, nil, "the content coding %q is not known; gzip, deflate, br and zstd are", codings[i])
		case err != nil:
			return nil, errorf(KindDecode, err, "the body is not %s, as its Content-Encoding says: %s", codings[i], err)
		}
		body = out.b
	}
	return body, nil
}

var errUnknownCoding = errors.New("unknown coding")

func decode(w io.Writer, coding string, b []byte) error {
	switch coding {
	case "gzip", "x-gzip":
		z := gzips.Get().(*gzip.Reader)
		defer gzips.Put(z)
		if err := z.Reset(bytes.NewReader(b)); err != nil {
			return err
		}
		_, err := io.Copy(w, z)
		return err
	case "deflate":
		// RFC 9110 means zlib; some servers send what is inside it.
		if z, err := zlib.NewReader(bytes.NewReader(b)); err == nil {
			_, err := io.Copy(w, z)
			return err
		}
		_, err := io.Copy(w, flate.NewReader(bufio.NewReader(bytes.NewReader(b))))
		return err
	case "br":
		_, err := fasthttp.WriteUnbrotli(w, b)
		return err
	case "zstd":
		z := zstds.Get().(*zstd.Decoder)
		defer zstds.Put(z)
		if err := z.Reset(bytes.NewReader(b)); err != nil {
			return err
		}
		_, err := io.Copy(w, z)
		z.Reset(nil)
		return err
	}
	return errUnknownCoding
}
