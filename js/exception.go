package js

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/dop251/goja"
)

// Exception is a JavaScript error as it left a call: with the places in the user's own source.
//
// errors.Is and errors.As find the Go error that a native threw, if the script let it through.
type Exception struct {
	Name, Message string
	Stack         string  // name: message, then one "    at fn (file:line:column)" a line, source-mapped, clean
	Frames        []Frame // of the user's source
	Value         goja.Value

	vm    *VM   // whose Value it is
	cause error // the Go error behind it
}

// Frame is a place in the user's source. File is relative to the working directory if it is below it.
type Frame struct {
	Func, File   string
	Line, Column int
}

func (f Frame) String() string {
	if f.Func == "" {
		return fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
	}
	return fmt.Sprintf("%s (%s:%d:%d)", f.Func, f.File, f.Line, f.Column)
}

// Error is the name and the message.
func (e *Exception) Error() string {
	switch {
	case e.Name == "":
		return e.Message
	case e.Message == "":
		return e.Name
	}
	return e.Name + ": " + e.Message
}

// Place is file:line:column of the first frame, empty if there is none.
func (e *Exception) Place() string {
	if len(e.Frames) == 0 {
		return ""
	}
	f := e.Frames[0]
	return fmt.Sprintf("%s:%d:%d", f.File, f.Line, f.Column)
}

// Unwrap is the Go error that a native threw, or nil.
func (e *Exception) Unwrap() error { return e.cause }

const (
	// maxFrames is how much of a stack is kept: what matters is where it ends and how it got there.
	maxFrames = 20
	// maxCauses is how many causes of an error are followed.
	maxCauses = 8
)

// exception makes an *Exception of whatever a goja call returned. Causes of interrupts and errors of
// Go stay what they are.
func (vm *VM) exception(err error) error {
	var (
		own      *Exception
		thrown   *goja.Exception
		stopped  *goja.InterruptedError
		overflow *goja.StackOverflowError
	)
	// These are compared as they are, not as what they wrap: goja's errors unwrap to the Go error that
	// a native threw.
	switch e := err.(type) {
	case *Exception:
		own = e
	case *goja.Exception:
		thrown = e
	case *goja.InterruptedError:
		stopped = e
	case *goja.StackOverflowError:
		overflow = e
	}
	switch {
	case own != nil:
		return own
	case thrown != nil:
		return vm.newException(thrown.Value(), thrown.Stack())
	case stopped != nil:
		if cause := stopped.Unwrap(); cause != nil {
			return cause
		}
		return errInterrupted
	case overflow != nil:
		ex := &Exception{
			Name:    "RangeError",
			Message: fmt.Sprintf("maximum call stack size exceeded: calls are nested more than %d deep", maxCallDepth),
			Frames:  vm.frames(overflow.Stack()),
		}
		ex.Stack = ex.stack()
		return ex
	}
	return err
}

// placeOf is where in the script an interrupt or error came from.
func (vm *VM) placeOf(err error) string {
	switch e := err.(type) {
	case *goja.InterruptedError:
		return (&Exception{Frames: vm.frames(e.Stack())}).Place()
	case *goja.Exception: // of a native that the interrupt woke
		return (&Exception{Frames: vm.frames(e.Stack())}).Place()
	case *Exception:
		return e.Place()
	}
	return ""
}

// reason makes an error of what a promise was rejected with.
func (vm *VM) reason(v goja.Value) error { return vm.newException(v, nil) }

// newException reads a thrown value. Reading it may run the script's getters, whose own errors are of no
// interest here.
func (vm *VM) newException(v goja.Value, stack []goja.StackFrame) *Exception {
	ex := &Exception{Value: v, vm: vm}
	var causes strings.Builder
	if vm.rt.Try(func() { vm.describe(ex, v, &causes, 0, nil) }) != nil {
		ex.Message = "an error whose properties cannot be read"
	}
	if len(ex.Frames) == 0 {
		ex.Frames = vm.frames(stack)
	}
	ex.Stack = ex.stack() + causes.String()
	return ex
}

// describe fills in an Exception from the thrown value, and writes what it was caused by.
func (vm *VM) describe(ex *Exception, v goja.Value, causes *strings.Builder, depth int, seen []*goja.Object) {
	o, ok := v.(*goja.Object)
	if !ok {
		ex.Message = thrownText(v)
		return
	}
	if !isErrorLike(o) {
		ex.Message = vm.inspect(v)
		return
	}
	if err := goError(o); err != nil {
		ex.cause = err
	}
	ex.Name = textOf(o, "name")
	ex.Message = textOf(o, "message")
	ex.Frames = vm.parseStack(textOf(o, "stack"))
	seen = append(seen, o)
	if list, ok := o.Get("errors").(*goja.Object); ok && ex.Name == "AggregateError" && list.ClassName() == "Array" {
		for i, n := 0, min(int(list.Get("length").ToInteger()), maxCauses); i < n; i++ {
			vm.writeCause(causes, fmt.Sprintf("error %d: ", i+1), list.Get(strconv.Itoa(i)), depth, seen)
		}
	}
	if cause := o.Get("cause"); cause != nil && !goja.IsUndefined(cause) {
		vm.writeCause(causes, "caused by ", cause, depth, seen)
	}
}

func (vm *VM) writeCause(b *strings.Builder, prefix string, v goja.Value, depth int, seen []*goja.Object) {
	if depth >= maxCauses {
		return
	}
	for _, s := range seen {
		if s == v {
			return
		}
	}
	var cause Exception
	var more strings.Builder
	vm.describe(&cause, v, &more, depth+1, seen)
	b.WriteString("\n" + prefix + cause.stack() + more.String())
}

// thrownText shows a thrown value that is not an object.
func thrownText(v goja.Value) string {
	switch {
	case v == nil || goja.IsUndefined(v):
		return "undefined was thrown"
	case goja.IsNull(v):
		return "null was thrown"
	}
	if _, ok := v.(*goja.Symbol); ok {
		return inspectShort(v)
	}
	return v.String()
}

// isErrorLike is true for errors and for objects made after their image.
func isErrorLike(o *goja.Object) bool {
	if o.ClassName() == "Error" {
		return true
	}
	if goja.IsString(orUndefined(o.Get("message"))) && goja.IsString(orUndefined(o.Get("name"))) {
		return true
	}
	return false
}

func orUndefined(v goja.Value) goja.Value {
	if v == nil {
		return goja.Undefined()
	}
	return v
}

// textOf reads a property as text; empty if there is none.
func textOf(o *goja.Object, name string) string {
	v := o.Get(name)
	if v == nil || goja.IsUndefined(v) {
		return ""
	}
	if _, ok := v.(*goja.Symbol); ok {
		return inspectShort(v)
	}
	return v.String()
}

// stack writes the name, the message and the frames.
func (e *Exception) stack() string {
	var b strings.Builder
	b.WriteString(e.Error())
	for _, f := range e.Frames {
		b.WriteString("\n    at ")
		b.WriteString(f.String())
	}
	return b.String()
}

// frames keeps those frames that are in the user's source.
func (vm *VM) frames(stack []goja.StackFrame) []Frame {
	var frames []Frame
	for i := range stack {
		p := stack[i].Position()
		if f, ok := vm.frame(stack[i].FuncName(), p.Filename, p.Line, p.Column); ok {
			if frames = append(frames, f); len(frames) == maxFrames {
				break
			}
		}
	}
	return frames
}

// stackLine is a frame in goja's words: the name of the function if it has one, the place, and the
// program counter.
var stackLine = regexp.MustCompile(`^\s*at (?:(.*) \()?(\S+):(\d+):(\d+)(?:\(\d+\))?\)?$`)

// parseStack reads the frames of an error's stack property.
func (vm *VM) parseStack(stack string) []Frame {
	var frames []Frame
	for line := range strings.Lines(stack) {
		m := stackLine.FindStringSubmatch(strings.TrimRight(line, "\n"))
		if m == nil {
			continue
		}
		row, _ := strconv.Atoi(m[3])
		column, _ := strconv.Atoi(m[4])
		if f, ok := vm.frame(m[1], m[2], row, column); ok {
			if frames = append(frames, f); len(frames) == maxFrames {
				break
			}
		}
	}
	return frames
}

// frame makes a Frame of goja's account of one, if it is in the user's source.
func (vm *VM) frame(fn, file string, line, column int) (Frame, bool) {
	if file == "" || vm.program == nil {
		return Frame{}, false
	}
	if file = decodePath(vm.program.cwd, file); !vm.program.sources[file] {
		return Frame{}, false
	}
	if fn == "<anonymous>" || fn == "<native>" {
		fn = ""
	}
	if original, ok := vm.program.renamed[fn]; ok {
		fn = original
	}
	return Frame{Func: fn, File: filepath.FromSlash(file), Line: line, Column: column}, true
}

// showSource is a file as goja names it in a stack, as the user would write it.
func (vm *VM) showSource(name string) string {
	if vm.program == nil {
		return name
	}
	return decodePath(vm.program.cwd, name)
}

// goErrorKey is where an error object keeps the Go error that it was made of.
var goErrorKey = goja.NewSymbol("runner.error")

type heldError struct{ err error }

// goError is the Go error that an error object was made of, or nil.
func goError(o *goja.Object) error {
	if v := o.GetSymbol(goErrorKey); v != nil {
		if held, ok := v.Export().(*heldError); ok {
			return held.err
		}
	}
	return nil
}

// namedError is a Go error that becomes a JavaScript error of another name than Error.
type namedError struct {
	name string
	err  error
}

func (e *namedError) Error() string { return e.err.Error() }
func (e *namedError) Unwrap() error { return e.err }

func errorf(name, format string, args ...any) error {
	return &namedError{name: name, err: fmt.Errorf(format, args...)}
}

// RangeErrorf makes an error that Throw turns into a RangeError.
func RangeErrorf(format string, args ...any) error { return errorf("RangeError", format, args...) }

// TypeErrorf makes an error that Throw turns into a TypeError.
func TypeErrorf(format string, args ...any) error { return errorf("TypeError", format, args...) }

// Throw panics with a JavaScript error made of err: a *goja.Exception is thrown as it is, an
// *Exception by its name and message, RangeErrorf and TypeErrorf's as such, others as Error.
// The error has the script's place, and err is found in the Exception that it may become.
func (vm *VM) Throw(err error) {
	switch e := err.(type) {
	case *goja.Exception:
		panic(e)
	case *goja.InterruptedError, *goja.StackOverflowError:
		panic(e)
	}
	panic(vm.errorValue(err))
}

// errorValue makes a JavaScript error of a Go error.
func (vm *VM) errorValue(err error) goja.Value {
	var thrown *goja.Exception
	if errors.As(err, &thrown) {
		return thrown.Value()
	}
	name, message := "Error", err.Error()
	if ex, ok := err.(*Exception); ok {
		if ex.vm == vm && ex.Value != nil {
			return ex.Value
		}
		name, message = ex.Name, ex.Message
	} else {
		var named *namedError
		if errors.As(err, &named) {
			name = named.name
		}
	}
	o := vm.newError(name, message)
	o.DefineDataPropertySymbol(goErrorKey, vm.rt.ToValue(&heldError{err}), goja.FLAG_FALSE, goja.FLAG_FALSE, goja.FLAG_FALSE)
	return o
}

// newError makes an error object; one of an unknown name is an Error that says it.
func (vm *VM) newError(name, message string) *goja.Object {
	var ctor goja.Value
	switch name {
	case "TypeError", "RangeError", "SyntaxError", "ReferenceError", "EvalError", "URIError":
		ctor = vm.rt.GlobalObject().Get(name)
	default:
		ctor = vm.rt.GlobalObject().Get("Error")
	}
	o, err := vm.rt.New(ctor, vm.rt.ToValue(message))
	if err != nil { // the script has put something else in its place
		return vm.rt.NewTypeError("%s", message)
	}
	if name != "" && textOf(o, "name") != name {
		o.DefineDataProperty("name", vm.rt.ToValue(name), goja.FLAG_TRUE, goja.FLAG_TRUE, goja.FLAG_FALSE)
	}
	return o
}

// errorFrom is errorValue for an error that comes to light later than it was caused: from tells where the
// script was then.
func (vm *VM) errorFrom(err error, from []goja.StackFrame) goja.Value {
	v := vm.errorValue(err)
	o, ok := v.(*goja.Object)
	if !ok || len(from) == 0 || o.ClassName() != "Error" || len(vm.parseStack(textOf(o, "stack"))) > 0 {
		return v
	}
	ex := Exception{Name: textOf(o, "name"), Message: textOf(o, "message"), Frames: vm.frames(from)}
	o.Set("stack", ex.stack())
	return o
}
