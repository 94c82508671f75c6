package http

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"strings"

	"github.com/dop251/goja"

	"runner/modules/http/client"
)

// multipart makes multipart/form-data (RFC 7578) of an object: a value is text, bytes, or
// { data, filename, contentType }, or a list of such.
func (c *call) multipart(key string, v goja.Value) {
	o, names := c.entries(key, v)
	var random [16]byte
	rand.Read(random[:])
	boundary := "runner-" + hex.EncodeToString(random[:])
	var b bytes.Buffer
	var body client.Parts // once there is a file, the body is not held in memory
	for _, name := range names {
		value := o.Get(name)
		if goja.IsUndefined(value) {
			continue
		}
		each(value, func(item goja.Value) {
			p := c.part(key, name, item)
			b.WriteString("--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + quoteName(name) + `"`)
			if p.filename != "" {
				b.WriteString(`; filename="` + quoteName(p.filename) + `"`)
			}
			b.WriteString("\r\n")
			if p.contentType != "" {
				b.WriteString("Content-Type: " + p.contentType + "\r\n")
			}
			b.WriteString("\r\n")
			if p.file != nil {
				body = append(body, client.Part{Bytes: bytes.Clone(b.Bytes())}, client.Part{File: p.file.FileSource})
				b.Reset()
			}
			b.Write(p.data)
			b.WriteString("\r\n")
		})
	}
	b.WriteString("--" + boundary + "--\r\n")
	c.payloadOf(key, "multipart/form-data; boundary="+boundary, b.Bytes())
	if body != nil {
		c.p.req.Body, c.p.req.Source = nil, append(body, client.Part{Bytes: b.Bytes()})
	}
}

type part struct {
	filename, contentType string
	data                  []byte
	file                  *file
}

func (c *call) part(key, name string, v goja.Value) part {
	if b, ok := c.s.bytesOf(v); ok {
		return part{filename: name, contentType: "application/octet-stream", data: b}
	}
	if f := fileOf(v); f != nil {
		return part{filename: f.name, contentType: f.contentType, file: f}
	}
	o, ok := v.(*goja.Object)
	if !ok || o.ClassName() != "Object" {
		return part{data: []byte(c.scalar(key, name, v))}
	}
	var p part
	for _, k := range o.Keys() {
		value := o.Get(k)
		switch where := key + "." + name + "." + k; k {
		case "filename":
			p.filename = c.string(where, value)
		case "contentType":
			p.contentType = c.string(where, value)
			if strings.ContainsAny(p.contentType, "\r\n") {
				c.wrong(where, "a media type", value)
			}
		case "data":
			if p.file = fileOf(value); p.file != nil {
				if p.filename == "" {
					p.filename = p.file.name
				}
				if p.contentType == "" {
					p.contentType = p.file.contentType
				}
				continue
			}
			b, ok := c.s.bytesOf(value)
			if !ok {
				b = []byte(c.scalar(key+"."+name, k, value))
			}
			p.data = b
		default:
			c.s.throw(c.fn, "%s.%s: %s", key, name, unknown(k, map[string]bool{"data": true, "filename": true, "contentType": true}))
		}
	}
	if p.data == nil && p.file == nil {
		c.wrong(key+"."+name, "text, bytes, or { data, filename, contentType }", v)
	}
	if p.filename != "" && p.contentType == "" {
		p.contentType = "application/octet-stream"
	}
	return p
}

// quoteName is how browsers write a name in a header (HTML, "multipart form data").
func quoteName(s string) string {
	return strings.NewReplacer("\r", "%0D", "\n", "%0A", `"`, "%22").Replace(s)
}
