package commands

import "github.com/dop251/goja"

// phase begins a phase of the load.
func (c *commands) phase(call goja.FunctionCall) goja.Value {
	c.must(c.model().Phase(c.text(call.Argument(0), "phase: the name")))
	return goja.Undefined()
}
