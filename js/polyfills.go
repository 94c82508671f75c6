package js

import (
	"slices"
	"sync"

	"github.com/dop251/goja"
)

// polyfill is a part of the language or the web that goja has not, written in JavaScript: an expression
// that is a function of what it takes from Go. It is compiled once for all VMs, and run in a VM when a
// script first touches it.
type polyfill struct {
	name, source string
	compiled     func() *goja.Program
}

func newPolyfill(name, source string) *polyfill {
	p := &polyfill{name: name, source: source}
	p.compiled = sync.OnceValue(func() *goja.Program {
		return goja.MustCompile("(polyfill "+name+")", source, true)
	})
	return p
}

// run evaluates the polyfill in a VM.
func (p *polyfill) run(vm *VM, args ...goja.Value) goja.Value {
	v := vm.must(vm.rt.RunProgram(p.compiled()))
	fn, ok := goja.AssertFunction(v)
	if !ok {
		panic("polyfill " + p.name + " is not a function")
	}
	return vm.must(fn(goja.Undefined(), args...))
}

// define is what polyfills begin with: it gives an object what it has not yet, as built-ins are given.
const define = `const define = (o, members) => {
	for (const key of Reflect.ownKeys(members)) {
		if (!Object.prototype.hasOwnProperty.call(o, key)) {
			const d = Object.getOwnPropertyDescriptor(members, key);
			d.enumerable = false;
			Object.defineProperty(o, key, d);
		}
	}
};
`

var polyfillGroupBy = newPolyfill("groupBy", `() => { `+define+`
	define(Object, { groupBy(items, key) {
		const groups = Object.create(null);
		let i = 0;
		for (const item of items) {
			const k = key(item, i++);
			const name = typeof k === "symbol" ? k : String(k);
			(groups[name] ??= []).push(item);
		}
		return groups;
	} });
	define(Map, { groupBy(items, key) {
		const groups = new Map();
		let i = 0;
		for (const item of items) {
			const k = key(item, i++);
			const group = groups.get(k);
			if (group) group.push(item);
			else groups.set(k, [item]);
		}
		return groups;
	} });
}`)

var polyfillPromise = newPolyfill("Promise", `() => { `+define+`
	define(Promise, {
		withResolvers() {
			let resolve, reject;
			const promise = new this((yes, no) => { resolve = yes; reject = no; });
			return { promise, resolve, reject };
		},
		try(fn, ...args) { return new this((resolve) => resolve(fn(...args))); },
	});
}`)

var polyfillFromAsync = newPolyfill("Array.fromAsync", `() => { `+define+`
	define(Array, { async fromAsync(items, map, self) {
		const list = [];
		const add = async (v) => { list.push(map ? await map.call(self, v, list.length) : v); };
		const open = items[Symbol.asyncIterator];
		if (open) {
			const iterator = open.call(items);
			for (;;) {
				const { done, value } = await iterator.next();
				if (done) break;
				await add(value);
			}
		} else {
			for (const v of items[Symbol.iterator] ? items : Array.from(items)) await add(await v);
		}
		return list;
	} });
}`)

// polyfillIterator takes the prototype of all iterators.
var polyfillIterator = newPolyfill("Iterator", `(proto) => { `+define+`
	const whole = (n, what) => {
		const v = Math.trunc(Number(n));
		if (Number.isNaN(Number(n)) || v < 0) throw new RangeError(what + " takes a number of at least 0, not " + String(n));
		return v;
	};
	const callable = (fn, what) => {
		if (typeof fn !== "function") throw new TypeError(what + " takes a function, not " + String(fn));
		return fn;
	};
	const each = function* (it) {
		const next = it.next;
		let open = true;
		try {
			for (;;) {
				const r = next.call(it);
				if (r.done) { open = false; return; }
				yield r.value;
			}
		} catch (e) { open = false; throw e; }
		finally { if (open) it.return?.(); }
	};
	const generators = {
		*map(it, fn) { let i = 0; for (const v of each(it)) yield fn(v, i++); },
		*filter(it, fn) { let i = 0; for (const v of each(it)) if (fn(v, i++)) yield v; },
		*take(it, n) { if (n === 0) { it.return?.(); return; } for (const v of each(it)) { yield v; if (--n === 0) return; } },
		*drop(it, n) { for (const v of each(it)) { if (n > 0) { n--; continue; } yield v; } },
		*flatMap(it, fn) {
			let i = 0;
			for (const v of each(it)) {
				const inner = fn(v, i++);
				if (Object(inner) !== inner) throw new TypeError("Iterator.flatMap: the function gave " + String(inner) + ", which cannot be iterated");
				yield* inner[Symbol.iterator] ? inner : each(inner);
			}
		},
	};
	const members = {
		map(fn) { return generators.map(this, callable(fn, "Iterator.map")); },
		filter(fn) { return generators.filter(this, callable(fn, "Iterator.filter")); },
		take(n) { return generators.take(this, whole(n, "Iterator.take")); },
		drop(n) { return generators.drop(this, whole(n, "Iterator.drop")); },
		flatMap(fn) { return generators.flatMap(this, callable(fn, "Iterator.flatMap")); },
		reduce(fn, ...initial) {
			callable(fn, "Iterator.reduce");
			let i = 0, has = initial.length > 0, acc = initial[0];
			for (const v of each(this)) {
				if (has) acc = fn(acc, v, i);
				else { acc = v; has = true; }
				i++;
			}
			if (!has) throw new TypeError("Iterator.reduce of nothing needs an initial value");
			return acc;
		},
		toArray() { return [...each(this)]; },
		forEach(fn) { callable(fn, "Iterator.forEach"); let i = 0; for (const v of each(this)) fn(v, i++); },
		some(fn) { callable(fn, "Iterator.some"); let i = 0; for (const v of each(this)) if (fn(v, i++)) return true; return false; },
		every(fn) { callable(fn, "Iterator.every"); let i = 0; for (const v of each(this)) if (!fn(v, i++)) return false; return true; },
		find(fn) { callable(fn, "Iterator.find"); let i = 0; for (const v of each(this)) if (fn(v, i++)) return v; },
	};
	const Iterator = function Iterator() {
		if (new.target === undefined || new.target === Iterator) throw new TypeError("Iterator is an abstract class");
	};
	Object.defineProperty(Iterator, "prototype", { value: proto, writable: false });
	define(Iterator, { from(o) {
		const it = o[Symbol.iterator] ? o[Symbol.iterator]() : o;
		return proto.isPrototypeOf(it) ? it : each(it);
	} });
	return { Iterator, members };
}`)

// iteratorNames are the helpers that it has.
var iteratorNames = []string{"map", "filter", "take", "drop", "flatMap", "reduce", "toArray", "forEach", "some", "every", "find"}

func (vm *VM) iteratorHelpers() *goja.Object {
	return vm.once("iterator", func() goja.Value { return polyfillIterator.run(vm, vm.iteratorPrototype()) })
}

// iteratorPrototype is what all iterators that the language has inherit from.
func (vm *VM) iteratorPrototype() *goja.Object {
	values, _ := goja.AssertFunction(vm.arrayPrototype().Get("values"))
	return vm.must(values(vm.rt.NewArray())).(*goja.Object).Prototype().Prototype()
}

// patchIterators puts the helpers behind the prototype of all iterators, unbuilt: that a script has an
// iterator does not mean that it needs them.
func (vm *VM) patchIterators() {
	proto := vm.iteratorPrototype()
	if proto.Get("map") != nil {
		return
	}
	proto.SetPrototype(vm.rt.NewDynamicObject(&lazyMembers{names: iteratorNames, build: func(name string) goja.Value {
		return vm.iteratorHelpers().Get("members").(*goja.Object).Get(name)
	}}))
}

var polyfillWellFormed = newPolyfill("isWellFormed", `() => { `+define+`
	const lone = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?:[^\uD800-\uDBFF]|^)[\uDC00-\uDFFF]/;
	const fix = (s) => {
		let out = "";
		for (let i = 0; i < s.length; i++) {
			const c = s.charCodeAt(i);
			if (c >= 0xD800 && c < 0xDC00 && i + 1 < s.length && s.charCodeAt(i + 1) >= 0xDC00 && s.charCodeAt(i + 1) < 0xE000) out += s[i] + s[++i];
			else out += c >= 0xD800 && c < 0xE000 ? "\uFFFD" : s[i];
		}
		return out;
	};
	define(String.prototype, {
		isWellFormed() { const s = String(this); return fix(s) === s; },
		toWellFormed() { return fix(String(this)); },
	});
}`)

var polyfillEscape = newPolyfill("RegExp.escape", `() => { `+define+`
	const named = { "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r" };
	const hex = (c) => { const n = c.charCodeAt(0); return n < 256 ? "\\x" + n.toString(16).padStart(2, "0") : "\\u" + n.toString(16).padStart(4, "0"); };
	define(RegExp, { escape(s) {
		if (typeof s !== "string") throw new TypeError("RegExp.escape takes a string, not " + typeof s);
		let out = "";
		for (const c of s) {
			if (out === "" && /[0-9a-zA-Z]/.test(c)) out += hex(c);
			else if ("^$\\.*+?()[]{}|/".includes(c)) out += "\\" + c;
			else if (named[c]) out += named[c];
			else if (",-=<>#&!%:;@~'`+"`"+`\"".includes(c) || /\s/.test(c) || (c.length === 1 && c >= "\uD800" && c <= "\uDFFF")) out += hex(c);
			else out += c;
		}
		return out;
	} });
}`)

var polyfillWeak = newPolyfill("WeakRef", `() => {
	const check = (o, what) => { if (Object(o) !== o) throw new TypeError(what + " takes an object, not " + String(o)); };
	class WeakRef {
		#target;
		constructor(target) { check(target, "WeakRef"); this.#target = target; }
		deref() { return this.#target; }
		get [Symbol.toStringTag]() { return "WeakRef"; }
	}
	class FinalizationRegistry {
		constructor(cleanup) { if (typeof cleanup !== "function") throw new TypeError("FinalizationRegistry takes a function"); }
		register(target) { check(target, "FinalizationRegistry.register"); }
		unregister() { return false; }
		get [Symbol.toStringTag]() { return "FinalizationRegistry"; }
	}
	return { WeakRef, FinalizationRegistry };
}`)

// polyfillEvents takes a function that runs another after some milliseconds without keeping a call waiting,
// and one that reports an error of a listener.
var polyfillEvents = newPolyfill("events", `(later, report) => {
	class DOMException extends Error {
		#name;
		constructor(message = "", name = "Error") {
			super(message);
			this.#name = typeof name === "object" && name !== null ? name.name ?? "Error" : String(name);
			if (typeof name === "object" && name !== null && "cause" in name) this.cause = name.cause;
		}
		get name() { return this.#name; }
		get code() { return ({ NotFoundError: 8, NotSupportedError: 9, InvalidStateError: 11, SyntaxError: 12, InvalidAccessError: 15, NetworkError: 19, AbortError: 20, QuotaExceededError: 22, TimeoutError: 23, DataCloneError: 25, InvalidCharacterError: 5 })[this.#name] ?? 0; }
		get [Symbol.toStringTag]() { return "DOMException"; }
	}
	class Event {
		#type; #canceled = false; #cancelable; stopped = false; target = null; currentTarget = null;
		constructor(type, init = {}) { this.#type = String(type); this.#cancelable = Boolean(init.cancelable); this.timeStamp = performance.now(); Object.defineProperty(this, "stopped", { enumerable: false }); }
		get type() { return this.#type; }
		get cancelable() { return this.#cancelable; }
		get defaultPrevented() { return this.#canceled; }
		preventDefault() { if (this.#cancelable) this.#canceled = true; }
		stopPropagation() {}
		stopImmediatePropagation() { this.stopped = true; }
	}
	class EventTarget {
		#listeners = [];
		addEventListener(type, listener, options) {
			if (listener === null || listener === undefined) return;
			const once = typeof options === "object" && options !== null && Boolean(options.once);
			const signal = typeof options === "object" && options !== null ? options.signal : undefined;
			if (signal?.aborted || this.#listeners.some((l) => l.type === type && l.listener === listener)) return;
			this.#listeners.push({ type: String(type), listener, once });
			signal?.addEventListener("abort", () => this.removeEventListener(type, listener), { once: true });
		}
		removeEventListener(type, listener) { this.#listeners = this.#listeners.filter((l) => l.type !== type || l.listener !== listener); }
		dispatchEvent(event) {
			event.target = event.currentTarget = this;
			const run = (fn) => { try { typeof fn === "function" ? fn.call(this, event) : fn.handleEvent(event); } catch (e) { report(e); } };
			if (typeof this["on" + event.type] === "function") run(this["on" + event.type]);
			for (const l of this.#listeners.filter((l) => l.type === event.type)) {
				if (event.stopped) break;
				if (l.once) this.removeEventListener(l.type, l.listener);
				run(l.listener);
			}
			return !event.defaultPrevented;
		}
	}
	const key = Symbol("abort");
	class AbortSignal extends EventTarget {
		#aborted = false; #reason; onabort = null;
		constructor(k) { if (k !== key) throw new TypeError("an AbortSignal comes from an AbortController, AbortSignal.timeout, .any or .abort"); super(); }
		get aborted() { return this.#aborted; }
		get reason() { return this.#reason; }
		throwIfAborted() { if (this.#aborted) throw this.#reason; }
		[key](reason) {
			if (this.#aborted) return;
			this.#aborted = true;
			this.#reason = reason === undefined ? new DOMException("this operation was aborted", "AbortError") : reason;
			this.dispatchEvent(new Event("abort"));
		}
		static abort(reason) { const s = new AbortSignal(key); s[key](reason); return s; }
		static timeout(ms) {
			const s = new AbortSignal(key);
			later(() => s[key](new DOMException("the operation took longer than " + ms + " ms", "TimeoutError")), ms);
			return s;
		}
		static any(signals) {
			const s = new AbortSignal(key);
			for (const other of signals) {
				if (other.aborted) { s[key](other.reason); break; }
				other.addEventListener("abort", () => s[key](other.reason), { once: true });
			}
			return s;
		}
	}
	class AbortController {
		#signal = new AbortSignal(key);
		get signal() { return this.#signal; }
		abort(reason) { this.#signal[key](reason); }
	}
	for (const c of [Event, EventTarget, AbortSignal, AbortController])
		Object.defineProperty(c.prototype, Symbol.toStringTag, { value: c.name, configurable: true });
	return { DOMException, Event, EventTarget, AbortSignal, AbortController };
}`)

// eventsGlobal gives one of the classes that polyfillEvents has; they are made together.
func eventsGlobal(name string) func(vm *VM) goja.Value {
	return func(vm *VM) goja.Value { return vm.eventClasses().Get(name) }
}

func (vm *VM) eventClasses() *goja.Object {
	return vm.once("events", func() goja.Value {
		later := vm.Func("later", func(call goja.FunctionCall) goja.Value {
			vm.startQuietTimer(call)
			return goja.Undefined()
		})
		report := vm.Func("report", func(call goja.FunctionCall) goja.Value {
			vm.fail(vm.newException(call.Argument(0), nil))
			return goja.Undefined()
		})
		return polyfillEvents.run(vm, later, report)
	})
}

func weakGlobal(name string) func(vm *VM) goja.Value {
	return func(vm *VM) goja.Value {
		return vm.once("weak", func() goja.Value { return polyfillWeak.run(vm) }).Get(name)
	}
}

// once makes an object that several globals share, under a name that no script can write.
func (vm *VM) once(name string, build func() goja.Value) *goja.Object {
	key := "(" + name + ")"
	if v, ok := find(vm.globals, key).(*goja.Object); ok {
		return v
	}
	o := build().(*goja.Object)
	vm.keepGlobal(key, o)
	return o
}

func (vm *VM) keepGlobal(name string, v goja.Value) {
	for i := range vm.globals {
		if vm.globals[i].name == name {
			vm.globals[i].value = v
			return
		}
	}
	vm.globals = append(vm.globals, builtMember{name, v})
}

// dropGlobal forgets what was built, until it is read again.
func (vm *VM) dropGlobal(name string) {
	vm.globals = slices.DeleteFunc(vm.globals, func(m builtMember) bool { return m.name == name })
}
