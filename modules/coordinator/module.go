// Package coordinator is the script module runner/coordinator: users that meet in groups, wherever they
// run. A coordinator's state is a service of the scenario's controller, where its actions run, too; this
// module asks it.
package coordinator

import (
	_ "embed"
	"fmt"
	"time"

	"github.com/dop251/goja"

	"runner/coordinate"
	"runner/js"
	"runner/value"
)

//go:embed coordinator.d.ts
var types string

// Module is runner/coordinator.
func Module() *js.Module {
	return &js.Module{Name: "coordinator", New: exports, Types: types}
}

// key is where a VM keeps its coordinators, for the controller to find their actions.
var key = goja.NewSymbol("runner.coordinator")

func exports(vm *js.VM) *goja.Object {
	m := &module{vm: vm, handles: map[string]*handle{}}
	// The error would be that of a frozen global object: then there are no actions to be found.
	_ = vm.Runtime().GlobalObject().DefineDataPropertySymbol(key, vm.Runtime().ToValue(m), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
	return vm.LazyObject([]string{"coordinator"}, func(name string) goja.Value { return vm.Func(name, m.coordinator) })
}

// module is runner/coordinator in one VM.
type module struct {
	vm      *js.VM
	handles map[string]*handle
}

// of gives the module of a VM, nil if its script does not import it.
func of(vm *js.VM) *module {
	if v := vm.Runtime().GlobalObject().GetSymbol(key); v != nil {
		m, _ := v.Export().(*module)
		return m
	}
	return nil
}

// handle is a coordinator as one VM sees it.
type handle struct {
	vm     *js.VM
	name   string
	def    value.Value // Undefined if the script found the coordinator by its name
	items  []item
	object *goja.Object
	opened bool
}

// item is an item of a plan.
type item struct {
	pass    string
	actions []goja.Callable
}

// DefaultTimeout is that of a coordinator whose options have none.
const DefaultTimeout = 30 * time.Second

// coordinator gives the coordinator of a name: coordinator(name, { plan, timeout }), or coordinator(name)
// for one that there is.
func (m *module) coordinator(call goja.FunctionCall) goja.Value {
	nameArg := call.Argument(0)
	if !goja.IsString(nameArg) || nameArg.String() == "" {
		m.vm.Throw(js.TypeErrorf("coordinator takes a name and options, as in coordinator(\"dates\", { plan: [{ users: 2, run: … }] }), not %s as the name", nameArg))
	}
	name := nameArg.String()
	h := m.handles[name]
	if h == nil {
		h = &handle{vm: m.vm, name: name, def: value.Undefined}
		h.object = m.vm.LazyObject(methodNames, h.method)
	}
	if v := call.Argument(1); !goja.IsUndefined(v) {
		def, items, err := m.define(v, fmt.Sprintf("coordinator(%q)", name))
		if err != nil {
			m.vm.Throw(err)
		}
		if h.def != value.Undefined && !value.Equal(h.def, def) {
			m.vm.Throw(fmt.Errorf("coordinator %q was made with another plan or timeout", name))
		}
		if h.def == value.Undefined {
			h.def, h.items, h.opened = def, items, false
		}
	}
	m.handles[name] = h
	if env := m.vm.Env(); env.Side == js.SideController && env.Services != nil {
		h.ask("open") // so that what is wrong shows before any user starts
	}
	return h.object
}

// define reads { plan, timeout }.
func (m *module) define(v goja.Value, what string) (value.Value, []item, error) {
	o, err := m.vm.Options(v, what)
	if err != nil {
		return nil, nil, err
	}
	timeout := o.DurationOrInfinity("timeout", DefaultTimeout)
	planArg := o.Value("plan")
	if err := o.Done(); err != nil {
		return nil, nil, err
	}
	var parts []goja.Value
	if list, ok := planArg.(*goja.Object); ok && list.ClassName() == "Array" {
		parts = elements(list)
	} else if planArg != nil {
		parts = []goja.Value{planArg}
	}
	plan := coordinate.Plan{Timeout: timeout}
	var items []item
	var values []value.Value
	for i, part := range parts {
		size, it, texts, err := m.item(part, fmt.Sprintf("%s: plan[%d]", what, i))
		if err != nil {
			return nil, nil, err
		}
		plan.Items = append(plan.Items, size)
		items = append(items, it)
		values = append(values, itemValue(size, it.pass, texts))
	}
	if err := plan.Validate(); err != nil {
		return nil, nil, js.RangeErrorf("%s: %s", what, err)
	}
	return definitionValue(timeout, values), items, nil
}

func elements(list *goja.Object) []goja.Value {
	all := make([]goja.Value, list.Get("length").ToInteger())
	for i := range all {
		all[i] = list.Get(fmt.Sprint(i))
	}
	return all
}

// What an action's function gets.
const (
	passEvent = "event" // the event alone
	passGroup = "group" // the event and the group
	passPairs = "pairs" // the event and each distinct pair of the group, in a call each
)

// item reads { users, run, pass }.
func (m *module) item(v goja.Value, what string) (size coordinate.Size, it item, texts []value.Value, err error) {
	o, err := m.vm.Options(v, what)
	if err != nil {
		return size, it, nil, err
	}
	size, err = m.size(o.Value("users"), what)
	if err != nil {
		return size, it, nil, err
	}
	it.pass = passGroup
	if size == coordinate.Exactly(2) {
		it.pass = passPairs
	}
	it.pass = o.OneOf("pass", it.pass, passEvent, passGroup, passPairs)
	if size.All && it.pass == passPairs {
		o.Fail(js.TypeErrorf("%s: the pairs of all users can be too many, pass must be \"group\" or \"event\"", what))
	}
	runs := []goja.Value{}
	if run := o.Value("run"); run != nil {
		runs = append(runs, run)
		if list, ok := run.(*goja.Object); ok && list.ClassName() == "Array" {
			runs = elements(list)
		}
	}
	for _, run := range runs {
		fn, ok := goja.AssertFunction(run)
		if !ok {
			o.Fail(js.TypeErrorf("%s: run must be a function or a list of functions, not %s", what, run))
			break
		}
		it.actions = append(it.actions, fn)
		texts = append(texts, run.String())
	}
	return size, it, texts, o.Done()
}

// size reads a number of users, a range of two, or "all".
func (m *module) size(v goja.Value, what string) (coordinate.Size, error) {
	bad := func() (coordinate.Size, error) {
		return coordinate.Size{}, js.TypeErrorf("%s: users must be a number from 1 to %d, a range [min, max] of such numbers, or \"all\", not %s",
			what, coordinate.MaxUsers, shown(v))
	}
	number := func(v goja.Value) int {
		if v == nil || !goja.IsNumber(v) || v.ToFloat() != float64(v.ToInteger()) || v.ToInteger() < 1 || v.ToInteger() > coordinate.MaxUsers {
			return 0
		}
		return int(v.ToInteger())
	}
	switch {
	case v == nil:
		return bad()
	case goja.IsString(v) && v.String() == "all":
		return coordinate.Size{All: true}, nil
	case goja.IsNumber(v):
		if n := number(v); n > 0 {
			return coordinate.Exactly(n), nil
		}
		return bad()
	}
	if list, ok := v.(*goja.Object); ok && list.ClassName() == "Array" {
		if ends := elements(list); len(ends) == 2 {
			if s := (coordinate.Size{Min: number(ends[0]), Max: number(ends[1])}); s.Min > 0 && s.Max >= s.Min {
				return s, nil
			}
		}
	}
	return bad()
}

func shown(v goja.Value) string {
	if v == nil {
		return "undefined"
	}
	if o, ok := v.(*goja.Object); ok && o.ClassName() == "Array" {
		return "[" + o.String() + "]"
	}
	if goja.IsString(v) {
		return fmt.Sprintf("%q", v.String())
	}
	return v.String()
}

var methodNames = []string{"name", "join", "add", "reset", "stop", "status"}

// method builds a member of a coordinator.
func (h *handle) method(name string) goja.Value {
	switch name {
	case "name":
		return h.vm.Runtime().ToValue(h.name)
	case "join":
		return h.vm.Func(name, h.join)
	case "add":
		return h.vm.Func(name, func(call goja.FunctionCall) goja.Value {
			id, data := h.joining(call, name)
			h.ask(name, id, data)
			return goja.Undefined()
		})
	}
	return h.vm.Func(name, func(goja.FunctionCall) goja.Value { return h.vm.Give(h.ask(name)) })
}

// ask asks the service; what is wrong is thrown.
func (h *handle) ask(op string, args ...value.Value) value.Value {
	services := h.vm.Env().Services
	if services == nil {
		h.vm.Throw(fmt.Errorf("coordinator %q: a script that is only looked at cannot use its coordinators", h.name))
	}
	def := h.def
	if h.opened {
		def = value.Undefined
	}
	v, err := services.Ask(h.vm.Context(), ServiceName, request(op, h.name, append([]value.Value{def}, args...)...))
	if err != nil {
		h.vm.Throw(err)
	}
	h.opened = true
	return v
}

// joining reads an id and data.
func (h *handle) joining(call goja.FunctionCall, op string) (id, data value.Value) {
	if goja.IsUndefined(call.Argument(0)) {
		h.vm.Throw(js.TypeErrorf("%s takes the user's id, and data for the others of its group, as in %s(id, { phone: \"…\" })", op, op))
	}
	id, err := h.vm.Take(call.Argument(0), "id")
	if err == nil {
		data, err = h.vm.Take(call.Argument(1), "data")
	}
	if err != nil {
		h.vm.Throw(err)
	}
	return id, data
}

// join waits for the group.
func (h *handle) join(call goja.FunctionCall) goja.Value {
	id, data := h.joining(call, "join")
	o, err := h.vm.Options(call.Argument(2), "the options of join")
	if err != nil {
		h.vm.Throw(err)
	}
	which := o.Int("item", -1, 0, 1_000_000)
	if err := o.Done(); err != nil {
		h.vm.Throw(err)
	}
	answer, ok := h.ask("join", id, data, float64(which)).(*value.Object)
	if !ok {
		h.vm.Throw(fmt.Errorf("coordinator %q gave no group", h.name))
	}
	return newGroup(h.vm, answer)
}
