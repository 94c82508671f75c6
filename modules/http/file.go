package http

import (
	"fmt"
	"mime"
	"path/filepath"

	"github.com/dop251/goja"

	"runner/modules/http/client"
)

// file is what http.file makes: a body that is read from disk anew by every request.
type file struct {
	*client.FileSource
	rt                *goja.Runtime
	name, contentType string
}

// fileObject is http.file(path, { contentType, filename }).
func (s *state) fileObject(c goja.FunctionCall) goja.Value {
	const fn = "http.file"
	if !goja.IsString(c.Argument(0)) {
		s.throw(fn, "the path must be a string, not %s", brief(c.Argument(0)))
	}
	o, err := s.vm.Options(c.Argument(1), fn)
	if err != nil {
		s.vm.Throw(err)
	}
	path := c.Argument(0).String()
	f := &file{rt: s.vm.Runtime(), name: o.String("filename", filepath.Base(path)), contentType: o.String("contentType", "")}
	if err := o.Done(); err != nil {
		s.vm.Throw(err)
	}
	if f.contentType == "" {
		f.contentType = mime.TypeByExtension(filepath.Ext(path))
	}
	if f.contentType == "" {
		f.contentType = "application/octet-stream"
	}
	if err := client.CheckField("Content-Type", f.contentType); err != nil {
		s.throw(fn, "%s", err)
	}
	if f.FileSource, err = client.NewFileSource(path); err != nil {
		s.vm.Throw(fmt.Errorf("%s: %w", fn, err))
	}
	return s.vm.Runtime().NewDynamicObject(f)
}

func (f *file) Get(key string) goja.Value {
	switch key {
	case "path":
		return f.rt.ToValue(f.Path)
	case "name":
		return f.rt.ToValue(f.name)
	case "type":
		return f.rt.ToValue(f.contentType)
	case "size":
		return f.rt.ToValue(f.Len)
	}
	return nil
}

func (f *file) Set(string, goja.Value) bool { return false }
func (f *file) Has(key string) bool         { return contains(f.Keys(), key) }
func (f *file) Delete(string) bool          { return false }
func (f *file) Keys() []string              { return []string{"path", "name", "type", "size"} }

func fileOf(v goja.Value) *file {
	if o, ok := v.(*goja.Object); ok {
		if f, ok := o.Export().(*file); ok {
			return f
		}
	}
	return nil
}
