// Package generator watches the machine and the process that make the load, and says when what was
// measured is their doing rather than the server's. The rules are pure; Sampler reads the figures.
package generator

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"runner/events"
	"runner/metrics"
)

// Rules, by the names under which they can be switched off.
const (
	Lateness    = "lateness"    // arrivals were started late
	Stalls      = "stalls"      // the process did not run at all
	CPU         = "cpu"         // no processor time was left
	Descriptors = "descriptors" // hardly any file descriptor was left
	Ports       = "ports"       // hardly any port for outgoing connections was left
	Errors      = "errors"      // exchanges failed by this machine's limits
	Drops       = "drops"       // starts were dropped for want of a user
)

// Rules lists the names of all rules.
var Rules = []string{Lateness, Stalls, CPU, Descriptors, Ports, Errors, Drops}

// Limits say from where on the generator is the bottleneck. A field that is 0 takes the default, one
// below 0 switches its rule off.
type Limits struct {
	// Lateness is the 99th percentile of how late arrivals may be started, over a whole scenario of at
	// least 100 arrivals; a second is marked by its own. 5 ms.
	Lateness time.Duration
	// Stalls is the share of the time in which the process may have stood still for more than 100 ms at
	// once; a quarter of a second in all is never too much. 1 %.
	Stalls float64
	// CPU is the share of the processor time that the process may use, for 5 s in a row. It is also
	// that of the whole machine, but that counts only while goroutines wait more than 5 ms for a
	// processor (99th percentile) or the process takes half of it: a busy neighbour that does not disturb
	// is none. 90 %.
	CPU float64
	// Descriptors and Ports are the share of them that may be in use. 95 %.
	Descriptors, Ports float64
	// Errors is how many exchanges may fail by this machine's limits. None.
	Errors int64
	// Drops is the share of starts that may be dropped for want of a user. 0.1 %.
	Drops float64
}

const (
	longStall     = 100 * time.Millisecond
	muchStalled   = 250 * time.Millisecond
	cpuSeconds    = 5
	waitedLong    = 5.0 // ms in the run queue
	fewArrivals   = 100
	noErrors      = 0
	switchedOff   = -1
	defaultShare  = 0.95
	defaultStalls = 0.01
)

// WithDefaults fills the fields that are 0.
func (l Limits) WithDefaults() Limits {
	def := func(v *float64, d float64) {
		if *v == 0 {
			*v = d
		}
	}
	if l.Lateness == 0 {
		l.Lateness = 5 * time.Millisecond
	}
	def(&l.Stalls, defaultStalls)
	def(&l.CPU, 0.9)
	def(&l.Descriptors, defaultShare)
	def(&l.Ports, defaultShare)
	def(&l.Drops, 0.001)
	return l
}

// Without switches rules off by name; "all" is all of them.
func (l Limits) Without(names ...string) (Limits, error) {
	for _, name := range names {
		switch name {
		case "all":
			return l.Without(Rules...)
		case Lateness:
			l.Lateness = switchedOff
		case Stalls:
			l.Stalls = switchedOff
		case CPU:
			l.CPU = switchedOff
		case Descriptors:
			l.Descriptors = switchedOff
		case Ports:
			l.Ports = switchedOff
		case Errors:
			l.Errors = switchedOff
		case Drops:
			l.Drops = switchedOff
		default:
			return l, fmt.Errorf("there is no rule %q for the generator (there are %s, and all)", name, strings.Join(Rules, ", "))
		}
	}
	return l, nil
}

// Watch judges the seconds of one scenario. It is not safe for concurrent use.
type Watch struct {
	limits  Limits
	seconds int
	hot     int // seconds in a row with too little processor time left
	worst   events.Generator
	hits    map[string]int
	stalled time.Duration
	errors  int64
}

// NewWatch begins.
func NewWatch(l Limits) *Watch {
	return &Watch{limits: l.WithDefaults(), hits: map[string]int{}}
}

// Second takes in one second and names the rules by which its figures are not the server's.
func (w *Watch) Second(s events.Generator) (limits []string) {
	l := w.limits
	w.seconds++
	hit := func(rule string, is bool) {
		if is {
			limits = append(limits, rule)
			w.hits[rule]++
		}
	}
	hit(Lateness, l.Lateness > 0 && s.LatenessMs != nil && *s.LatenessMs > inMs(l.Lateness))
	stall := time.Duration(s.StallMs * float64(time.Millisecond))
	if stall > longStall {
		w.stalled += stall
	}
	hit(Stalls, l.Stalls > 0 && stall > longStall)
	hot := l.CPU > 0 && (s.CPU > l.CPU || s.MachineCPU > l.CPU && (s.RunQueueMs > waitedLong || s.CPU > l.CPU/2))
	if w.hot++; !hot {
		w.hot = 0
	}
	hit(CPU, w.hot >= cpuSeconds)
	hit(Descriptors, l.Descriptors > 0 && s.DescriptorLimit > 0 && float64(s.Descriptors) >= l.Descriptors*float64(s.DescriptorLimit))
	// Sockets are counted rather than ports, a server's own on this machine too: only with errors is it sure.
	hit(Ports, l.Ports > 0 && s.Errors > 0 && s.PortLimit > 0 && float64(s.Ports) >= l.Ports*float64(s.PortLimit))
	w.errors += s.Errors
	hit(Errors, l.Errors >= noErrors && s.Errors > 0 && w.errors > l.Errors)
	hit(Drops, l.Drops > 0 && s.Dropped > 0)
	w.worst.CPU, w.worst.MachineCPU = max(w.worst.CPU, s.CPU), max(w.worst.MachineCPU, s.MachineCPU)
	w.worst.Descriptors, w.worst.DescriptorLimit = max(w.worst.Descriptors, s.Descriptors), s.DescriptorLimit
	w.worst.Ports, w.worst.PortLimit = max(w.worst.Ports, s.Ports), s.PortLimit
	return limits
}

// Whole are the figures of a scenario from its beginning to its end.
type Whole struct {
	Lateness         metrics.Stats
	Started, Dropped int64
}

// Finding is a rule by which the generator was the bottleneck.
type Finding struct {
	Rule, Message string
}

// Verdict says by which rules the generator was the bottleneck of the scenario: none if its figures are
// the server's.
func (w *Watch) Verdict(whole Whole) (found []Finding) {
	l := w.limits
	add := func(rule, format string, args ...any) {
		found = append(found, Finding{rule, fmt.Sprintf(format, args...)})
	}
	if p99 := whole.Lateness.Quantile(0.99); l.Lateness > 0 && whole.Lateness.Count >= fewArrivals && p99 > inMs(l.Lateness) {
		add(Lateness, "1 %% of the arrivals were started more than %.3g ms late (the limit is %v)", p99, l.Lateness)
	}
	if elapsed := time.Duration(w.seconds) * time.Second; l.Stalls > 0 && w.stalled > muchStalled && w.stalled.Seconds() > l.Stalls*elapsed.Seconds() {
		add(Stalls, "the process stood still for %v in %v (the limit is %.3g %%)", w.stalled.Round(time.Millisecond), elapsed, 100*l.Stalls)
	}
	if n := w.hits[CPU]; n > 0 {
		add(CPU, "the processors were busy for %s (the process up to %.0f %% of what it may use, the machine up to %.0f %%; the limit is %.3g %%)",
			seconds(n+cpuSeconds-1), 100*w.worst.CPU, 100*w.worst.MachineCPU, 100*l.CPU)
	}
	if n := w.hits[Descriptors]; n > 0 {
		add(Descriptors, "%d of %d file descriptors were open (raise ulimit -n)", w.worst.Descriptors, w.worst.DescriptorLimit)
	}
	if n := w.hits[Ports]; n > 0 {
		add(Ports, "%d of %d ports for outgoing connections were in use (widen net.ipv4.ip_local_port_range, or reuse connections)", w.worst.Ports, w.worst.PortLimit)
	}
	if w.hits[Errors] > 0 {
		add(Errors, "%d exchanges failed by this machine's limits, not the server's", w.errors)
	}
	if all := whole.Started + whole.Dropped; l.Drops > 0 && float64(whole.Dropped) > l.Drops*float64(all) {
		add(Drops, "%d of %d starts were dropped for want of a user (%.3g %%, the limit is %.3g %%): raise maxUsers",
			whole.Dropped, all, 100*float64(whole.Dropped)/float64(all), 100*l.Drops)
	}
	return found
}

func seconds(n int) string { return fmt.Sprintf("%d s", n) }

func inMs(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// Union adds names that are not there yet, in the order of Rules.
func Union(a, b []string) []string {
	if len(b) == 0 {
		return a
	}
	var all []string
	for _, rule := range Rules {
		if slices.Contains(a, rule) || slices.Contains(b, rule) {
			all = append(all, rule)
		}
	}
	return all
}
