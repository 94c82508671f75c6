package js

import (
	"fmt"
	"math/big"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/dop251/goja"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"runner/value"
)

func TestTake(t *testing.T) {
	tests := []struct {
		expression string
		want       string // JSON
		wantErr    string
	}{
		{expression: `undefined`, want: "null"},
		{expression: `[null, true, 1, -0.5, "é😀", 12n]`, want: `[null,true,1,-0.5,"é😀","12"]`},
		{expression: `({ z: 1, a: { "odd key": [2] }, u: undefined })`, want: `{"z":1,"a":{"odd key":[2]}}`},
		{expression: `new Date(1700000000123)`, want: `"2023-11-14T22:13:20.123Z"`},
		{expression: `new Date(NaN)`, want: `null`},
		{expression: `/a\/b/gi`, want: `"/a\\/b/gi"`},
		{expression: `new Map([["a", 1], ["b", new Map([[{}, 2]])]])`, want: `{"a":1,"b":[[{},2]]}`},
		{expression: `new Set([1, [2]])`, want: `[1,[2]]`},
		{expression: `new Uint8Array([1, 2, 3]).subarray(1)`, want: `"AgM="`},
		{expression: `[new ArrayBuffer(1), new DataView(new ArrayBuffer(4), 2, 1), new Float64Array(1)]`, want: `["AA==","AA==","AAAAAAAAAAA="]`},
		{expression: `new TypeError("no", { cause: new Error("why") })`, want: `{"name":"TypeError","message":"no"}`},
		{expression: `new (class Point { x = 1; #hidden = 2; get y() { return 3 } })`, want: `{"x":1}`},
		{expression: `({ get a() { return 5 } })`, want: `{"a":5}`},
		{expression: `Object.assign(Object.create(null), { a: 1 })`, want: `{"a":1}`},
		{expression: `Object.create({ inherited: 1 }, { hidden: { value: 2 }, shown: { value: 3, enumerable: true } })`, want: `{"shown":3}`},
		{expression: `[1, , 3]`, want: `[1,null,3]`},
		{expression: `[new Number(1), new String("s"), new Boolean(false), Object(5n)]`, want: `[1,"s",false,"5"]`},
		{expression: `new Proxy({ a: 1 }, {})`, want: `{"a":1}`},
		{expression: `new Proxy([1, 2], {})`, want: `[1,2]`},
		{expression: `JSON.parse('{"__proto__": 1, "a": 2}')`, want: `{"__proto__":1,"a":2}`},
		{expression: `(() => { const shared = { n: 1 }; return [shared, shared] })()`, want: `[{"n":1},{"n":1}]`},
		{expression: `(() => { let o = {}; for (let i = 0; i < 60; i++) o = { a: o, b: o }; return 1 })()`, want: `1`},
		{expression: `new URL("http://a/?b=1")`, wantErr: `state is a URL: only data can be handed over`},

		{expression: `() => 1`, wantErr: "state is a function: only data can be handed over"},
		{expression: `({ users: [1, 2, 3, { save() {} }] })`, wantErr: "state.users[3].save is a function: only data can be handed over"},
		{expression: `({ "odd key": { "": class {} } })`, wantErr: `state["odd key"][""] is a function: only data can be handed over`},
		{expression: `[Symbol("x")]`, wantErr: "state[0] is a symbol: only data can be handed over"},
		{expression: `(() => { const a = { b: [] }; a.b.push(a); return a })()`, wantErr: "state.b[0] is a cycle: it refers to an object that holds it"},
		{expression: `({ p: Promise.resolve(1) })`, wantErr: "state.p is a Promise: await it first"},
		{expression: `new WeakMap()`, wantErr: "state is a WeakMap: only data can be handed over"},
		{expression: `[[1].values()]`, wantErr: "state[0] is an Array Iterator: only data can be handed over"},
		{expression: `(function* () {})()`, wantErr: "state is a Generator: only data can be handed over"},
		{expression: `new Map([["k", { f() {} }]])`, wantErr: `state.get("k").f is a function: only data can be handed over`},
		{expression: `new Map([[() => 1, 1]])`, wantErr: `state (key 0) is a function: only data can be handed over`},
		{expression: `new Set([1, () => 1])`, wantErr: `state (item 1) is a function: only data can be handed over`},
		{expression: `({ a: { get b() { throw new TypeError("not now") } } })`, wantErr: "state.a.b cannot be read: TypeError: not now"},
		{expression: `new Proxy({}, { ownKeys() { throw new Error("trap") } })`, wantErr: "state cannot be read: Error: trap"},
		{expression: `(() => { let o = 1; for (let i = 0; i < 1e5; i++) o = [o]; return o })()`, wantErr: "state" + strings.Repeat("[0]", 12) + "… is nested more than 500 deep"},
		{expression: `new Array(2 ** 31)`, wantErr: "state is an array of 2147483648 items: too long to be handed over"},
	}
	for _, tt := range tests {
		vm, _ := script(t, "export const f = () => ("+tt.expression+")")
		v, err := vm.Call(export(t, vm, "f"))
		if err != nil {
			// An async result would be awaited: promises are within something in this table.
			t.Fatalf("%s: %v", tt.expression, err)
		}
		taken, err := vm.Take(v, "state")
		if tt.wantErr != "" {
			if err == nil || err.Error() != tt.wantErr {
				t.Errorf("%s: error is %v, want %s", tt.expression, err, tt.wantErr)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.expression, err)
			continue
		}
		text, err := value.JSON(taken)
		if err != nil || string(text) != tt.want {
			t.Errorf("%s: %s, %v, want %s", tt.expression, text, err, tt.want)
		}
	}
}

func TestTakenKinds(t *testing.T) {
	vm, _ := script(t, `const shared = { n: 1 }; export const all = [undefined, null, true, 1, "s", 2n, new Date(3), /x/g, [], {}, new Map([[1, 2]]), new Set([1]), new Uint8Array([9]), new ArrayBuffer(1), new RangeError("m", { cause: 4 })], twice = [shared, shared]`)
	taken, err := vm.Take(vm.Exports().Get("all"), "all")
	if err != nil {
		t.Fatal(err)
	}
	items := taken.(*value.Array).Items
	e := items[14].(*value.Error)
	if e.Name != "RangeError" || e.Message != "m" || e.Cause != value.Value(4.0) || !strings.HasPrefix(e.Stack, "RangeError: m\n    at script.js:1:") {
		t.Errorf("the error became %#v", e)
	}
	want := []value.Value{value.Undefined, nil, true, 1.0, "s", big.NewInt(2), value.Date(3), &value.RegExp{Source: "x", Flags: "g"}, &value.Array{},
		value.NewObject(nil, nil), &value.Map{Entries: [][2]value.Value{{1.0, 2.0}}}, &value.Set{Items: []value.Value{1.0}}, &value.Bytes{Kind: "Uint8Array", Data: []byte{9}}, &value.Bytes{Kind: "ArrayBuffer", Data: []byte{0}}}
	for i, w := range want {
		if !value.Equal(items[i], w) {
			t.Errorf("item %d became %#v, want %#v", i, items[i], w)
		}
	}
}

// state is what init might have returned.
func state(t testing.TB) value.Value {
	t.Helper()
	vm, _ := script(t, `export const state = { base: "http://a", n: 5, z: 1, a: { list: [3, 1, 2], deep: { x: null } },
		users: [{ name: "é", tags: ["a"] }, { name: "b", tags: [] }], when: new Date(5), map: new Map([["k", { v: 1 }]]), set: new Set([1, 2]),
		re: /x(.)/g, bytes: new Uint8Array([1, 2]), big: 12n, err: new TypeError("old"), none: undefined }`)
	v, err := vm.Take(vm.Exports().Get("state"), "state")
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestViews(t *testing.T) {
	shared := state(t)
	const readOnly = `: the value is read-only, since all users share it (as they do what init returned); structuredClone(value) gives a copy that can be changed`
	tests := []struct{ expression, want string }{
		{`s.base + s.n + s.a.list[1] + s.users[0].name`, "'http://a51é'"},
		{`[s.nope, s.users[9], s.users[-1], s.none, "none" in s, "nope" in s]`, "[ undefined, undefined, undefined, undefined, true, false ]"},
		{`[Array.isArray(s.users), Array.isArray(s.a), s.users.length, typeof s, s instanceof Object, s.users instanceof Array]`, "[ true, false, 2, 'object', true, true ]"},
		{`s.users === s.users && s.users[0] === s.users[0] && s.a.deep === s.a.deep && s.map === s.map && s.users !== s.a`, "true"},
		{`Object.keys(s).join()`, "'base,n,z,a,users,when,map,set,re,bytes,big,err,none'"},
		{`Object.entries(s.a).map(([k, v]) => k + typeof v).join()`, "'listobject,deepobject'"},
		{`JSON.stringify(s.a) + JSON.stringify(s.users)`, `'{"list":[3,1,2],"deep":{"x":null}}[{"name":"é","tags":["a"]},{"name":"b","tags":[]}]'`},
		{`({ ...s.a, extra: 1 })`, "{ list: [ 3, 1, 2 ], deep: { x: null }, extra: 1 }"},
		{`(() => { const { base, a: { list: [first, ...rest] }, ...others } = s; return [base, first, rest, Object.keys(others).length] })()`, "[ 'http://a', 3, [ 1, 2 ], 11 ]"},
		{`(() => { const r = []; for (const u of s.users) r.push(u.name); for (const k in s.a) r.push(k); for (const i in s.users) r.push(i); return r.join() })()`, "'é,b,list,deep,0,1'"},
		{`[s.a.list.slice(1), s.a.list.map((x) => x * 2), s.a.list.filter((x) => x > 1), s.a.list.find((x) => x === 2), s.a.list.indexOf(1), s.a.list.includes(3), s.a.list.at(-1), s.a.list.reduce((a, b) => a + b), s.a.list.join("-"), [...s.a.list], s.a.list.concat([9]), s.a.list.toSorted(), Math.max(...s.a.list), s.a.list.entries().next().value, [0, [1]].concat(s.a.list).length]`,
			"[\n  [ 1, 2 ],\n  [ 6, 2, 4 ],\n  [ 3, 2 ],\n  2,\n  1,\n  true,\n  2,\n  6,\n  '3-1-2',\n  [ 3, 1, 2 ],\n  [ 3, 1, 2, 9 ],\n  [ 1, 2, 3 ],\n  3,\n  [ 0, 3 ],\n  5\n]"},
		{`[s.hasOwnProperty("base"), Object.hasOwn(s, "x"), s.users.hasOwnProperty(0), s.users.hasOwnProperty("length"), Reflect.ownKeys(s.users)]`, "[ true, false, true, true, [ '0', '1', 'length' ] ]"},
		{`[Object.isFrozen(s), Object.isFrozen(s.users), Object.isSealed(s), Object.isExtensible(s), Object.freeze(s) === s, Object.isFrozen({}), Object.isFrozen(Object.freeze({}))]`, "[ true, true, true, false, true, false, true ]"},
		{`[s.when.getTime(), s.map.get("k").v, [...s.set], "xyxz".replace(s.re, "$1"), s.bytes, s.big + 1n, s.err instanceof TypeError, s.err.message]`,
			"[ 5, 1, [ 1, 2 ], 'yz', Uint8Array(2) [ 1, 2 ], 13n, true, 'old' ]"},
		{`s`, "{\n  base: 'http://a',\n  n: 5,\n  z: 1,\n  a: { list: [ 3, 1, 2 ], deep: { x: null } },\n  users: [ { name: 'é', tags: [ 'a' ] }, { name: 'b', tags: [] } ],\n  when: 1970-01-01T00:00:00.005Z,\n  map: Map(1) { 'k' => { v: 1 } },\n  set: Set(2) { 1, 2 },\n  re: /x(.)/g,\n  bytes: Uint8Array(2) [ 1, 2 ],\n  big: 12n,\n  err: TypeError: old\n      at script.js:3:62,\n  none: undefined\n}"},
		{`(() => { const c = structuredClone(s); c.users.push(1); c.a.list[0] = 99; c.base = "x"; c.map.get("k").v = 2; delete c.n; return [c.users.length, c.a.list, c.base, "n" in c, s.users.length, s.a.list[0], s.base, s.n] })()`, "[ 3, [ 99, 1, 2 ], 'x', false, 2, 3, 'http://a', 5 ]"},
		{`structuredClone(s.users[0]).name + structuredClone(s.a.list).length + structuredClone(s.when).getTime()`, "'é35'"},
		{`(() => { const o = { mine: s.users }; return structuredClone(o).mine !== s.users })()`, "true"},
		{`s.base = 1`, `TypeError: cannot set "base"` + readOnly},
		{`s.extra = 1`, `TypeError: cannot set "extra"` + readOnly},
		{`delete s.base`, `TypeError: cannot delete "base"` + readOnly},
		{`delete s.nope`, "true"},
		{`s.users.push(1)`, `TypeError: cannot set item 2` + readOnly},
		{`s.users.pop()`, `TypeError: cannot set item 1` + readOnly},
		{`s.users[0].name = "x"`, `TypeError: cannot set "name"` + readOnly},
		{`s.users.length = 0`, `TypeError: cannot set its length` + readOnly},
		{`s.a.list.sort()`, `TypeError: cannot set item 0` + readOnly},
		{`s.a.list.splice(0, 1)`, `TypeError: cannot set item 0` + readOnly},
		{`s.map.set("k", 1)`, `TypeError: cannot set "k"` + readOnly},
		{`s.map.clear()`, `TypeError: cannot clear it` + readOnly},
		{`s.set.add(9)`, `TypeError: cannot add 9` + readOnly},
		{`[structuredClone(s.map).set("k", 1).size, structuredClone(s.set).add(9).size, new Map(s.map).set("z", 1).size, s.map === s.map, s.re === s.re]`, "[ 1, 3, 2, true, true ]"},
		{`Object.assign(s, { base: 2 })`, `TypeError: cannot set "base"` + readOnly},
		{`Object.defineProperty(s, "base", { value: 1, writable: true, enumerable: true, configurable: true })`, `TypeError: cannot set "base"` + readOnly},
	}
	for _, tt := range tests {
		vm, _ := script(t, "export const f = (s) => ("+tt.expression+")")
		v, err := vm.Call(export(t, vm, "f"), vm.Give(shared))
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = vm.inspect(v)
		}
		if got != tt.want {
			t.Errorf("%s\n gives %s\n  want %s", tt.expression, got, tt.want)
		}
	}
	if !value.Equal(shared, state(t)) {
		t.Error("the shared state has changed")
	}
}

func TestWhatWasGivenComesBackAsItWas(t *testing.T) {
	shared := state(t).(*value.Object)
	vm, _ := script(t, `export const part = (s) => s.users, within = (s) => ({ mine: [s.a], copy: { ...s } })`)
	users, _ := shared.Get("users")
	v, err := vm.Call(export(t, vm, "part"), vm.Give(shared))
	if err != nil {
		t.Fatal(err)
	}
	taken, err := vm.Take(v, "output")
	if err != nil || taken != users {
		t.Errorf("a part of the state came back as another value: %v, %v", taken, err)
	}
	if v, err = vm.Call(export(t, vm, "within"), vm.Give(shared)); err != nil {
		t.Fatal(err)
	}
	if taken, err = vm.Take(v, "output"); err != nil {
		t.Fatal(err)
	}
	mine, _ := taken.(*value.Object).Get("mine")
	if a, _ := shared.Get("a"); mine.(*value.Array).Items[0] != a {
		t.Error("a view within a new object was copied")
	}
	copied, _ := taken.(*value.Object).Get("copy")
	if !value.Equal(copied, shared) {
		t.Errorf("a spread of the state is not equal to it: %#v", copied)
	}
}

// TestTakeAndCloneAreInverse: whatever a script can hold survives the way out, over the wire and back.
func TestTakeAndCloneAreInverse(t *testing.T) {
	vm, _ := script(t, "export const x = 1")
	text := rapid.StringOfN(rapid.RuneFrom([]rune("ab_é😀\"\\\n0\u2028")), 0, 8, -1)
	var any func(depth int) *rapid.Generator[value.Value]
	any = func(depth int) *rapid.Generator[value.Value] {
		scalars := []*rapid.Generator[value.Value]{
			rapid.SampledFrom([]value.Value{nil, value.Undefined, true, false, 0.0, -1.5, 1e300, "", value.Date(0), value.Date(1e15)}),
			rapid.Map(rapid.Float64(), func(f float64) value.Value { return f }),
			rapid.Map(text, func(s string) value.Value { return s }),
			rapid.Map(rapid.Int64(), func(n int64) value.Value { return big.NewInt(n) }),
			rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) value.Value { return &value.Bytes{Kind: "Uint8Array", Data: b} }),
			rapid.Just[value.Value](&value.RegExp{Source: "a+", Flags: "g"}),
		}
		if depth == 0 {
			return rapid.OneOf(scalars...)
		}
		part := any(depth - 1)
		return rapid.OneOf(append(scalars,
			rapid.Map(rapid.SliceOfN(part, 0, 5), func(v []value.Value) value.Value { return &value.Array{Items: v} }),
			rapid.Map(rapid.SliceOfNDistinct(text, 0, 5, rapid.ID[string]), func(v []string) value.Value {
				s := &value.Set{}
				for _, item := range v {
					s.Items = append(s.Items, item)
				}
				return s
			}),
			rapid.Custom(func(t *rapid.T) value.Value {
				keys := rapid.SliceOfNDistinct(text, 0, 12, rapid.ID[string]).Draw(t, "keys")
				values := make([]value.Value, len(keys))
				for i := range values {
					values[i] = part.Draw(t, "value")
				}
				return value.NewObject(keys, values)
			}),
			rapid.Custom(func(t *rapid.T) value.Value {
				m := &value.Map{}
				for _, k := range rapid.SliceOfNDistinct(text, 0, 5, rapid.ID[string]).Draw(t, "keys") {
					m.Entries = append(m.Entries, [2]value.Value{k, part.Draw(t, "value")})
				}
				return m
			}),
			rapid.Custom(func(t *rapid.T) value.Value {
				return &value.Error{Name: "RangeError", Message: text.Draw(t, "message"), Stack: "RangeError: x", Cause: part.Draw(t, "cause")}
			}),
		)...)
	}
	rapid.Check(t, func(t *rapid.T) {
		v := any(3).Draw(t, "value")
		for name, object := range map[string]goja.Value{"a view": vm.Give(v), "a clone": vm.Clone(v)} {
			taken, err := vm.Take(object, "v")
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if !value.Equal(v, taken) {
				t.Fatalf("%s of %#v came back as %#v", name, v, taken)
			}
			wire, err := value.Encode(taken)
			if err != nil {
				t.Fatal(err)
			}
			back, err := value.Decode(wire)
			if err != nil || !value.Equal(v, back) {
				t.Fatalf("%s over the wire: %#v, %v", name, back, err)
			}
		}
	})
}

func TestManyUsersReadOneState(t *testing.T) {
	shared := state(t)
	p := load(t, `export function start(s) {
		let n = 0;
		for (let i = 0; i < 50; i++) {
			for (const u of s.users) n += u.name.length + u.tags.length;
			n += s.a.list.slice().sort()[0] + Object.keys(s).length + JSON.stringify(s.users).length + s.map.get("k").v + s.bytes[1];
			try { s.map.set("k", 1); n = -1e9 } catch {}
			s.bytes[1] = 2;
			structuredClone(s).users.push(1);
			try { s.users.push(1); n = -1e9 } catch {}
		}
		return { n, users: s.users };
	}`)
	var wg sync.WaitGroup
	results := make([]value.Value, 8)
	for i := range results {
		wg.Go(func() {
			vm := NewVM(p, testModules(), &Env{})
			if err := vm.Run(); err != nil {
				t.Error(err)
				return
			}
			fn, _ := goja.AssertFunction(vm.Exports().Get("start"))
			v, err := vm.Call(fn, vm.Give(shared))
			if err != nil {
				t.Error(err)
				return
			}
			if results[i], err = vm.Take(v, "output"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, r := range results {
		if !value.Equal(r, results[0]) {
			t.Errorf("users saw different states: %#v and %#v", r, results[0])
		}
	}
}

func TestAStateCostsNothingBeforeItIsRead(t *testing.T) {
	items := make([]value.Value, 100_000)
	for i := range items {
		items[i] = value.NewObject([]string{"id", "name"}, []value.Value{float64(i), fmt.Sprint("user number ", i, " of very many")})
	}
	shared := value.NewObject([]string{"rows"}, []value.Value{&value.Array{Items: items}})
	p := load(t, `export const start = (s) => 1, sum = (s) => { let n = 0; for (const r of s.rows) n += r.id; return n }`)
	vms := make([]*VM, 20)
	for i := range vms {
		vms[i], _ = start(t, p)
	}
	before := heapNow()
	for _, vm := range vms {
		if _, err := vm.Call(export(t, vm, "start"), vm.Give(shared)); err != nil {
			t.Fatal(err)
		}
	}
	if per := (heapNow() - before) / int64(len(vms)); per > 4096 {
		t.Errorf("an unread state of 100,000 rows costs a user %d bytes", per)
	}
	// One that walks over all of it does not keep all of it.
	before = heapNow()
	for _, vm := range vms[:3] {
		v, err := vm.Call(export(t, vm, "sum"), vm.Give(shared))
		if err != nil || v.ToFloat() != 4999950000 {
			t.Fatalf("the sum is %v, %v", v, err)
		}
		vm.Give(&value.Array{}) // what is swept, is swept when something is given
	}
	if per := (heapNow() - before) / 3; per > 16<<20 {
		t.Errorf("a state of 100,000 rows that was walked over costs a user %d bytes", per)
	}
	runtime.KeepAlive(vms)
}

func TestParseJSON(t *testing.T) {
	vm, _ := script(t, "export const parse = (s) => JSON.parse(s), revive = (s) => JSON.parse(s, (k, v) => typeof v === 'number' ? v + 1 : v)")
	for _, text := range []string{`{"b":[1,-0,1.5e3,"x"],"a":{"__proto__":null,"é":"\ud83d\ude00"},"2":1,"1":2}`, ` [] `, `{"a":1,"a":2}`, `123456789012345678901`, `"a long string that goja holds in another way: é"`} {
		want, err := goja.New().RunString("JSON.stringify(JSON.parse(" + jsString(text) + "))")
		if err != nil {
			t.Fatal(err)
		}
		v, err := vm.ParseJSON([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, err := stringify(vm.rt, v); err != nil || got != want.String() {
			t.Errorf("ParseJSON of %s gives %s, %v, want %s", text, got, err, want)
		}
		if v, err = vm.Call(export(t, vm, "parse"), vm.rt.ToValue(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got, err := stringify(vm.rt, v); err != nil || got != want.String() {
			t.Errorf("JSON.parse of %s gives %s, %v, want %s", text, got, err, want)
		}
	}
	for text, want := range map[string]string{`"a\ud800b"`: `"a\ud800b"`, `[1e999,-1e999]`: `[null,null]`, `"a\ud83d\ude00\udc00"`: `"a😀\udc00"`} {
		v, err := vm.Call(export(t, vm, "parse"), vm.rt.ToValue(text))
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got, err := stringify(vm.rt, v); err != nil || got != want {
			t.Errorf("JSON.parse of %s gives %s, %v, want %s", text, got, err, want)
		}
	}
	v, err := vm.ParseJSON([]byte("\ufeff{\"__proto__\":{\"x\":1}}"))
	if err != nil {
		t.Fatal(err)
	}
	if o := v.(*goja.Object); o.Get("x") != nil || len(o.Keys()) != 1 {
		t.Error("__proto__ in JSON text changed the prototype")
	}
	if v, err := vm.Call(export(t, vm, "revive"), vm.rt.ToValue("[1,2]")); err != nil || v.String() != "2,3" {
		t.Errorf("with a reviver: %v, %v", v, err)
	}
	_, err = vm.Call(export(t, vm, "parse"), vm.rt.ToValue("[1,\n }"))
	want := "SyntaxError: unexpected '}' where a value should be at line 2, column 2 of the JSON text"
	if err == nil || err.Error() != want || err.(*Exception).Place() != "script.js:1:34" {
		t.Errorf("error is %v at %v, want %s", err, err.(*Exception).Place(), want)
	}
}

// jsString writes text as a JavaScript literal.
func jsString(s string) string {
	b, _ := value.JSON(s)
	return string(b)
}

func TestExceptions(t *testing.T) {
	tests := []struct{ name, source, want string }{
		{"an error", "throw new RangeError('x')", "RangeError: x\n    at f (script.js:2:7)"},
		{"an error of a class of its own", "class Mine extends Error { name = 'Mine' } throw new Mine('x')", "Mine: x\n    at f (script.js:2:50)"},
		{"a string", "throw 'just text'", "just text\n    at f (script.js:2:1)"},
		{"an object", "throw { code: 5, a: [1] }", "{ code: 5, a: [ 1 ] }\n    at f (script.js:2:1)"},
		{"an object like an error", "throw { name: 'HttpError', message: 'no' }", "HttpError: no\n    at f (script.js:2:1)"},
		{"undefined", "throw undefined", "undefined was thrown\n    at f (script.js:2:1)"},
		{"null", "throw null", "null was thrown\n    at f (script.js:2:1)"},
		{"a symbol", "throw Symbol('s')", "Symbol(s)\n    at f (script.js:2:1)"},
		{"an error with a cause with a cause", "throw new Error('a', { cause: new TypeError('b', { cause: 'c' }) })", "Error: a\n    at f (script.js:2:7)\ncaused by TypeError: b\n    at f (script.js:2:31)\ncaused by c"},
		{"an error that is its own cause", "const e = new Error('a'); e.cause = e; throw e", "Error: a\n    at f (script.js:2:11)"},
		{"several errors", "throw new AggregateError([new Error('a'), 5], 'all')", "AggregateError: all\n    at f (script.js:2:7)\nerror 1: Error: a\n    at f (script.js:2:27)\nerror 2: 5"},
		{"none of several promises", "return Promise.any([Promise.reject(new Error('a'))])", "AggregateError\nerror 1: Error: a\n    at f (script.js:2:36)"},
		{"an error whose message cannot be read", "const e = new Error('a'); Object.defineProperty(e, 'message', { get() { throw 1 } }); throw e", "Error: an error whose properties cannot be read\n    at f (script.js:2:11)"},
		{"a mistake", "undefined.x.y", "TypeError: Cannot read property 'x' of undefined\n    at f (script.js:2:11)"},
		{"through a native", "[1].map(() => { throw new Error('x') })", "Error: x\n    at script.js:2:23\n    at f (script.js:2:5)"},
		{"in an async function that another awaits", "return (async () => { await null; throw new Error('x') })()", "Error: x\n    at script.js:2:41"},
		{"in text that was compiled while the script ran", "eval('throw new Error(1)')", "Error: 1\n    at f (script.js:2:1)"},
		{"deep", "const g = (n) => n ? g(n - 1) : (() => { throw new Error('x') })(); g(100)", "Error: x\n    at script.js:2:48" + strings.Repeat("\n    at g (script.js:2:63)", 1) + strings.Repeat("\n    at g (script.js:2:22)", 18)},
	}
	for _, tt := range tests {
		vm, _ := script(t, "export function f() {\n"+tt.source+" }")
		_, err := vm.Call(export(t, vm, "f"))
		ex, ok := err.(*Exception)
		if !ok {
			t.Errorf("%s: error is %#v, want an Exception", tt.name, err)
			continue
		}
		if diff := cmp.Diff(tt.want, ex.Stack); diff != "" {
			t.Errorf("%s: stack (-want +got):\n%s", tt.name, diff)
		}
	}
}
