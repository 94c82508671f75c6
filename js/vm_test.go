package js

import (
	"testing"
)

func TestCore(t *testing.T) {
	vm, log := script(t, `
import http, { get as g } from "runner/http";
import * as timing from "runner/timing";
import bare from "http";
console.log("hello %s", "x", {a: 1}, [1, 2]);
export default { extra() { return 7; } };
export function start(id, state) { return http.get("a") + g("b") + bare.name + id; }
export async function wait() { await timing.later("1ms", 5); return new Promise(r => setTimeout(() => r(9), 1)); }
export function boom() { http.fail("bread"); }
export function typo() { null.x; }
export async function reject() { await timing.lose("1ms", "it"); }
async function inner() { return 3; }
export function nested() { return timing.call(async () => { const x = await inner(); await timing.later("1ms"); return x; }); }
function keepGoing() {}
export { keepGoing as continue };
`)
	for _, name := range []string{"start", "wait", "extra", "nested", "boom", "typo", "reject", "continue"} {
		v, err := vm.Call(export(t, vm, name), vm.rt.ToValue(1))
		t.Logf("%s: %v, %v", name, v, err)
		if ex, ok := err.(*Exception); ok {
			t.Log(ex.Stack, ex.Place(), ex.Value.ToObject(vm.rt).Get("stack"))
		}
	}
	t.Log(log)
}
