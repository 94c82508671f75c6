package http

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"strings"

	"github.com/dop251/goja"
)

// multipart makes multipart/form-data (RFC 7578) of an object: a value is text, bytes, or
// { data, filename, contentType }, or a list of such.
func (c *call) multipart(key string, v goja.Value) {
	o, names := c.entries(key, v)
	var random [16]byte
	rand.Read(random[:])
	boundary := "runner-" + hex.EncodeToString(random[:])
	var b bytes.Buffer
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
			b.Write(p.data)
			b.WriteString("\r\n")
		})
	}
	b.WriteString("--" + boundary + "--\r\n")
	c.payloadOf(key, "multipart/form-data; boundary="+boundary, b.Bytes())
}

type part struct {
	filename, contentType string
	data                  []byte
}

func (c *call) part(key, name string, v goja.Value) part {
	if b, ok := c.s.bytesOf(v); ok {
		return part{filename: name, contentType: "application/octet-stream", data: b}
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
			b, ok := c.s.bytesOf(value)
			if !ok {
				b = []byte(c.scalar(key+"."+name, k, value))
			}
			p.data = b
		default:
			c.s.throw(c.fn, "%s.%s: %s", key, name, unknown(k, map[string]bool{"data": true, "filename": true, "contentType": true}))
		}
	}
	if p.data == nil {
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
