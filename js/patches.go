package js

// installPatches gives the VM those polyfills and guards on goja's own objects whose names stand in
// the bundle.
func (vm *VM) installPatches() error { return nil }
