//go:build !linux

package runtime

func newPacer() pacer { return timerPacer{} }
