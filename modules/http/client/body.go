package client

import (
	"bytes"
	"io"
	"os"
	"strconv"
)

// FileSource is a body streamed from a file; every sending reads it anew, no user holds a copy.
type FileSource struct {
	Path string
	Len  int64
}

// NewFileSource looks at the file once, for its length.
func NewFileSource(path string) (*FileSource, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	return &FileSource{path, info.Size()}, nil
}

func (f *FileSource) Open() (io.ReadCloser, error) { return os.Open(f.Path) }
func (f *FileSource) Size() int64                  { return f.Len }

// Parts is a body put together of pieces in memory and files.
type Parts []Part

// Part is bytes or a file.
type Part struct {
	Bytes []byte
	File  *FileSource
}

func (p Parts) Size() (n int64) {
	for _, part := range p {
		n += int64(len(part.Bytes))
		if part.File != nil {
			n += part.File.Len
		}
	}
	return n
}

func (p Parts) Open() (io.ReadCloser, error) { return &partsReader{rest: p}, nil }

// partsReader opens one file at a time.
type partsReader struct {
	rest Parts
	now  io.Reader
	file *os.File
}

func (r *partsReader) Read(b []byte) (int, error) {
	for {
		if r.now == nil {
			if len(r.rest) == 0 {
				return 0, io.EOF
			}
			part := r.rest[0]
			r.rest = r.rest[1:]
			r.now = bytes.NewReader(part.Bytes)
			if part.File != nil {
				f, err := os.Open(part.File.Path)
				if err != nil {
					return 0, err
				}
				r.file, r.now = f, io.LimitReader(f, part.File.Len)
			}
		}
		n, err := r.now.Read(b)
		if err == io.EOF {
			r.Close()
			r.now, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

func (r *partsReader) Close() error {
	if r.file != nil {
		r.file.Close()
		r.file = nil
	}
	return nil
}

// copyBody writes a body, in chunks if its length is not known. The Error is the body's own failure.
func copyBody(w io.Writer, src Source) (int64, error, *Error) {
	body, err := src.Open()
	if err != nil {
		return 0, nil, errorf(KindBody, err, "cannot open the request's body: %s", err)
	}
	defer body.Close()
	size := src.Size()
	if size >= 0 {
		out := &bodyWriter{w: w}
		n, err := io.Copy(out, io.LimitReader(body, size)) // sendfile when both ends are files
		switch {
		case out.err != nil:
			return n, out.err, nil
		case err != nil:
			return n, nil, errorf(KindBody, err, "cannot read the request's body: %s", err)
		case n < size:
			return n, nil, errorf(KindBody, io.ErrUnexpectedEOF, "the request's body has %d bytes, %d were declared", n, size)
		}
		return n, nil, nil
	}
	buf := buffers.Get().(*[bufSize]byte)
	defer buffers.Put(buf)
	var sent int64
	const front, back = 8, 2 // room for the size line and the end of the chunk
	for {
		n, err := io.ReadFull(body, buf[front:bufSize-back])
		if n > 0 {
			line := strconv.AppendInt(make([]byte, 0, front), int64(n), 16)
			line = append(line, '\r', '\n')
			from := front - len(line)
			copy(buf[from:], line)
			copy(buf[front+n:], "\r\n")
			m, werr := w.Write(buf[from : front+n+back])
			sent += int64(m)
			if werr != nil {
				return sent, werr, nil
			}
		}
		switch err {
		case nil:
		case io.EOF, io.ErrUnexpectedEOF:
			m, werr := io.WriteString(w, "0\r\n\r\n")
			return sent + int64(m), werr, nil
		default:
			return sent, nil, errorf(KindBody, err, "cannot read the request's body: %s", err)
		}
	}
}

// bodyWriter tells errors of the connection from errors of the body.
type bodyWriter struct {
	w   io.Writer
	err error
}

func (b *bodyWriter) Write(p []byte) (int, error) {
	n, err := b.w.Write(p)
	if err != nil {
		b.err = err
	}
	return n, err
}

// ReadFrom hands the copy to the connection, which may let the kernel do it.
func (b *bodyWriter) ReadFrom(r io.Reader) (int64, error) {
	rf, ok := b.w.(io.ReaderFrom)
	if !ok {
		return io.Copy(struct{ io.Writer }{b}, r)
	}
	t := &readTap{r: r}
	if l, ok := r.(*io.LimitedReader); ok {
		if _, isFile := l.R.(*os.File); isFile {
			n, err := rf.ReadFrom(r)
			if err != nil {
				b.err = err // sendfile's error is the connection's unless reading fails, which a local file seldom does
			}
			return n, err
		}
	}
	n, err := rf.ReadFrom(t)
	if err != nil && t.err == nil {
		b.err = err
	}
	return n, err
}

type readTap struct {
	r   io.Reader
	err error
}

func (t *readTap) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	if err != nil && err != io.EOF {
		t.err = err
	}
	return n, err
}
