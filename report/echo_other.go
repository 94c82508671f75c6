//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package report

import "os"

// echo does nothing on systems without POSIX terminals.
type echo struct{}

func muteEcho(*os.File) *echo { return &echo{} }
func (e *echo) mute()         {}
func (e *echo) restore()      {}

func watchResume() (resumed <-chan os.Signal, stop func()) { return nil, func() {} }
