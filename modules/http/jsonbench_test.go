package http

import (
	"fmt"
	"testing"

	"github.com/dop251/goja"
)

func BenchmarkJSON(b *testing.B) {
	body := []byte(`{"users":[` + fmt.Sprintf(`{"id":%d,"name":"Jeremy","email":"jeremy@example.com","tags":["a","b"]}`, 1))
	for i := 2; len(body) < 950; i++ {
		body = fmt.Appendf(body, `,{"id":%d,"name":"Jeremy","email":"jeremy@example.com","tags":["a","b"]}`, i)
	}
	body = append(body, `],"total":12}`...)
	u := newUser(b, "http://x", "", "export function start() {}")
	rt := u.vm.Runtime()
	doc := &jsonDoc{s: &state{vm: u.vm}}
	b.Run("lazy", func(b *testing.B) {
		for b.Loop() {
			p := &jsonParser{doc: doc, b: body}
			p.skip(0)
			v, _ := doc.value(body)
			v.(*goja.Object).Get("users").(*goja.Object).Get("3").(*goja.Object).Get("name")
		}
	})
	b.Run("js", func(b *testing.B) {
		for b.Loop() {
			u.vm.ParseJSON(body)
		}
	})
	b.Run("find", func(b *testing.B) {
		for b.Loop() {
			p := &jsonParser{doc: doc, b: body}
			p.find("users.3.id")
		}
	})
	b.Run("skip", func(b *testing.B) {
		for b.Loop() {
			p := &jsonParser{doc: doc, b: body}
			p.skip(0)
		}
	})
	fn, _ := goja.AssertFunction(rt.Get("JSON").(*goja.Object).Get("parse"))
	text := rt.ToValue(string(body))
	b.Run("JSON.parse", func(b *testing.B) {
		for b.Loop() {
			fn(goja.Undefined(), text)
		}
	})
}
