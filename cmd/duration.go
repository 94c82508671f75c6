package cmd

import (
	"fmt"
	"time"
)

// durationFlag is a flag that takes a time with a unit and no negative one.
type durationFlag struct{ d time.Duration }

func (f *durationFlag) String() string {
	if f.d == 0 {
		return ""
	}
	return f.d.String()
}

func (f *durationFlag) Set(s string) error {
	d, err := time.ParseDuration(s)
	if err != nil || d <= 0 {
		return fmt.Errorf("%q is not a time with a unit, such as 500ms, 30s or 1h30m", s)
	}
	f.d = d
	return nil
}

func (f *durationFlag) Type() string { return "duration" }
