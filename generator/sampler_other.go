//go:build !linux

package generator

import (
	"time"

	"runner/events"
)

// processCPU is not read on this system.
func processCPU() time.Duration { return 0 }

// system knows nothing on this system: its figures stay 0, and their rules never apply.
type system struct{}

func (*system) begin()                   {}
func (*system) processors() float64      { return goProcessors() }
func (*system) read(g *events.Generator) {}
func descriptorLimit() int               { return 0 }
func portRange() int                     { return 0 }
