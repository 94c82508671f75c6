package http

import (
	"encoding/json"
	"testing"

	"github.com/dop251/goja"
)

// FuzzJSON: what is JSON and what is not is as for encoding/json, and looking into it takes the same
// way whether it was checked before or not.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1,-2.5e3,"x\"\\",null,{"b":{}}],"\\":true}`, `[[],[[]],"]"]`, `"\ud800"`, ` 1 `, `{"a":1,"a":2}`, `{"\u0061":1,"1":2,"0":3}`} {
		f.Add([]byte(seed))
	}
	u := newUser(f, "http://x", "", "export function start() {}")
	doc := &jsonDoc{s: &state{vm: u.vm}}
	var walk func(t *testing.T, v goja.Value)
	walk = func(t *testing.T, v goja.Value) {
		o, ok := v.(*goja.Object)
		if !ok {
			return
		}
		for _, key := range o.Keys() {
			walk(t, o.Get(key))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if len(text) > 400 {
			return
		}
		p := &jsonParser{doc: doc, b: text}
		p.space()
		start := p.i
		err := p.skip(0)
		end := p.i
		p.space()
		valid := err == nil && p.i == len(text)
		if valid != json.Valid(text) {
			t.Fatalf("%q: valid %v (%v)", text, valid, err)
		}
		if !valid {
			return
		}
		q := &jsonParser{doc: doc, b: text, i: start}
		if q.leap(); q.i != end {
			t.Errorf("%q: leaps to %d, skips to %d", text, q.i, end)
		}
		v, err := doc.value(text[start:end])
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		walk(t, v)
	})
}
