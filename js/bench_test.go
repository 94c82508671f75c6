package js

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/dop251/goja"

	"runner/value"
)

// benchScript is the smallest script that a load test can be.
const benchScript = `import http from "runner/http";
export function start(id, state) { return id; }
export const async = async (id) => { await null; return id; };`

// BenchmarkVM is what a virtual user costs: time to make one and run a small script's top level, and the
// heap that it holds then.
func BenchmarkVM(b *testing.B) {
	for _, c := range []struct{ name, source string }{
		{"bare", "export const x = 1"},
		{"start", "export function start(id) { return id; }"},
		{"small", benchScript},
		{"guarded", benchScript + `export const f = (m) => JSON.parse("[]").concat([...m.values()]).join("-".repeat(3)) + new Uint8Array(2)`},
		{"5KB", fiveKB()},
	} {
		b.Run(c.name, func(b *testing.B) {
			p := load(b, c.source)
			vms := make([]*VM, b.N)
			modules, env := testModules(), &Env{}
			heap := heapNow()
			b.ReportAllocs()
			b.ResetTimer()
			for i := range vms {
				vms[i] = NewVM(p, modules, env)
				if err := vms[i].Run(); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			b.ReportMetric(float64(heapNow()-heap)/float64(b.N), "heap-B/vm")
			runtime.KeepAlive(vms)
		})
	}
}

// fiveKB is a script with about 25 functions.
func fiveKB() string {
	var b strings.Builder
	b.WriteString(benchScript)
	for i := range 25 {
		fmt.Fprintf(&b, "\nexport function step%d(a, b) { const o = { id: a, name: 'n' + b, items: [1, 2, 3, a] }; let s = 0; for (let i = 0; i < o.items.length; i++) { s += o.items[i] * %d; } return s; }", i, i)
	}
	return b.String()
}

func heapNow() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkCall is what a call costs beyond goja's own.
func BenchmarkCall(b *testing.B) {
	vm, _ := script(b, benchScript)
	fn := export(b, vm, "start")
	one := vm.rt.ToValue(1)
	b.Run("goja", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := fn(goja.Undefined(), one, one); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("sync", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := vm.Call(fn, one, one); err != nil {
				b.Fatal(err)
			}
		}
	})
	slow := export(b, vm, "async")
	b.Run("async", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := vm.Call(slow, one); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkTake(b *testing.B) {
	vm, _ := script(b, `export const number = 1.5, small = { count: 12, mean: 3.5, name: "jeremy" }, rows = Array.from({ length: 1000 }, (_, i) => ({ id: i, name: "user " + i, tags: ["a", "b"] }))`)
	for _, name := range []string{"number", "small", "rows"} {
		v := vm.Exports().Get(name)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := vm.Take(v, "v"); err != nil {
					b.Fatal(err)
				}
			}
		})
		taken, _ := vm.Take(v, "v")
		view := vm.Give(taken)
		b.Run(name+" given", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := vm.Take(view, "v"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkGive(b *testing.B) {
	vm, _ := script(b, `export const row = (rows, i) => rows[i].name, all = (rows) => { let n = 0; for (const r of rows) n += r.id; return n }, clone = (rows) => structuredClone(rows).length`)
	items := make([]value.Value, 1000)
	for i := range items {
		items[i] = value.NewObject([]string{"id", "name"}, []value.Value{float64(i), fmt.Sprint("user ", i)})
	}
	rows := &value.Array{Items: items}
	for _, name := range []string{"row", "all", "clone"} {
		fn := export(b, vm, name)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, err := vm.Call(fn, vm.Give(rows), vm.rt.ToValue(i%1000)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkJSON compares our parser with goja's, on an answer of 60 rows.
func BenchmarkJSON(b *testing.B) {
	var rows []string
	for i := range 60 {
		rows = append(rows, fmt.Sprintf(`{"id":%d,"name":"user %d","email":"user%d@example.com","active":true,"score":%d.5,"tags":["a","b","c"],"address":{"city":"Berlin","zip":"10115"}}`, i, i, i, i))
	}
	text := `{"total":60,"rows":[` + strings.Join(rows, ",") + `]}`
	vm, _ := script(b, "export const parse = 1")
	rt := goja.New()
	original, _ := goja.AssertFunction(rt.Get("JSON").(*goja.Object).Get("parse"))
	b.Run("goja", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := original(goja.Undefined(), rt.ToValue(text)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("ours", func(b *testing.B) {
		b.SetBytes(int64(len(text)))
		b.ReportAllocs()
		for b.Loop() {
			if _, err := vm.ParseJSON([]byte(text)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
