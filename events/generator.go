package events

import (
	"slices"
	"strings"
	"time"
)

// KindGenerator is how the machine that makes the load fared, once a second.
const KindGenerator Kind = "generator"

// Generator is one second of the generator. Figures that a system does not tell are 0.
type Generator struct {
	CPU        float64 `json:"cpu"`        // of the process, as a share of what it may use
	MachineCPU float64 `json:"machineCpu"` // of the whole machine, as a share

	// LatenessMs is the 99th percentile of how late arrivals were started; nil: none was due.
	LatenessMs *float64 `json:"latenessMs,omitempty"`
	RunQueueMs float64  `json:"runQueueMs"` // 99th percentile of how long goroutines waited for a processor
	StallMs    float64  `json:"stallMs"`    // the longest time in which the process did not run at all
	PauseMs    float64  `json:"pauseMs"`    // the longest stop by the garbage collector

	Goroutines int   `json:"goroutines"`
	HeapBytes  int64 `json:"heapBytes"`

	Descriptors     int `json:"descriptors"` // open
	DescriptorLimit int `json:"descriptorLimit"`
	Ports           int `json:"ports"` // sockets that hold one of the ports for outgoing connections
	PortLimit       int `json:"portLimit"`

	Dropped int64 `json:"dropped,omitempty"` // starts for which there was no user
	Errors  int64 `json:"errors,omitempty"`  // exchanges that failed by this machine's limits

	// Limits are the names of the rules by which this second's figures are not the server's.
	Limits []string `json:"limits,omitempty"`
}

const maxMarks = 600

// GeneratorState is how the generator has fared so far.
type GeneratorState struct {
	Seconds int // how many there are
	Last    Generator
	// Worst has the highest of each figure, and no Limits.
	Worst  Generator
	cpuSum float64

	Limited int            // seconds with a limit
	Rules   map[string]int // seconds by rule
	// Marks are the spans in which the figures are not the server's, oldest first; adjacent ones with the
	// same rules are one, and when there are very many, near ones.
	Marks []Mark
	// Points are its figures over time, the worst of each step, at most MaxPoints of them.
	Points []GeneratorPoint
	step   time.Duration
}

// Mark is a span of time with a limit.
type Mark struct {
	From, To time.Duration
	Rules    []string
}

// GeneratorPoint has the worst of one step of time.
type GeneratorPoint struct {
	At, Step time.Duration
	Generator
}

// MeanCPU is that of the process, as a share of what it may use.
func (g *GeneratorState) MeanCPU() float64 {
	if g.Seconds == 0 {
		return 0
	}
	return g.cpuSum / float64(g.Seconds)
}

// worsen takes the higher of each figure.
func (g *Generator) worsen(o *Generator) {
	g.CPU, g.MachineCPU = max(g.CPU, o.CPU), max(g.MachineCPU, o.MachineCPU)
	if o.LatenessMs != nil && (g.LatenessMs == nil || *o.LatenessMs > *g.LatenessMs) {
		v := *o.LatenessMs
		g.LatenessMs = &v
	}
	g.RunQueueMs, g.StallMs, g.PauseMs = max(g.RunQueueMs, o.RunQueueMs), max(g.StallMs, o.StallMs), max(g.PauseMs, o.PauseMs)
	g.Goroutines, g.HeapBytes = max(g.Goroutines, o.Goroutines), max(g.HeapBytes, o.HeapBytes)
	g.Descriptors, g.DescriptorLimit = max(g.Descriptors, o.Descriptors), max(g.DescriptorLimit, o.DescriptorLimit)
	g.Ports, g.PortLimit = max(g.Ports, o.Ports), max(g.PortLimit, o.PortLimit)
	g.Dropped += o.Dropped
	g.Errors += o.Errors
}

func (g *GeneratorState) apply(at time.Duration, e *Generator) {
	from := max(0, at-firstStep)
	g.Seconds++
	g.Last = *e
	g.Worst.worsen(e)
	g.cpuSum += e.CPU
	if len(e.Limits) > 0 {
		g.Limited++
		if g.Rules == nil {
			g.Rules = make(map[string]int)
		}
		for _, rule := range e.Limits {
			g.Rules[rule]++
		}
		g.mark(from, at, e.Limits)
	}
	g.point(from, e)
}

func (g *GeneratorState) mark(from, to time.Duration, rules []string) {
	if n := len(g.Marks); n > 0 {
		last := &g.Marks[n-1]
		near := from-last.To < firstStep/2
		if near && strings.Join(last.Rules, ",") == strings.Join(rules, ",") {
			last.To = to
			return
		}
		if n >= maxMarks {
			last.To = to
			for _, r := range rules {
				if !slices.Contains(last.Rules, r) {
					last.Rules = append(slices.Clone(last.Rules), r)
				}
			}
			return
		}
		if near {
			from = max(from, last.To)
		}
	}
	g.Marks = append(g.Marks, Mark{From: from, To: to, Rules: rules})
}

func (g *GeneratorState) point(at time.Duration, e *Generator) {
	if g.step == 0 {
		g.step = firstStep
	}
	for at/g.step >= MaxPoints {
		g.step *= 2
		kept := g.Points[:0]
		for _, p := range g.Points {
			p.At, p.Step = p.At.Truncate(g.step), g.step
			if n := len(kept); n > 0 && kept[n-1].At == p.At {
				kept[n-1].worsenAll(&p.Generator)
			} else {
				kept = append(kept, p)
			}
		}
		clear(g.Points[len(kept):])
		g.Points = kept
	}
	begin := at.Truncate(g.step)
	if n := len(g.Points); n > 0 && g.Points[n-1].At >= begin {
		g.Points[n-1].worsenAll(e)
		return
	}
	g.Points = append(g.Points, GeneratorPoint{At: begin, Step: g.step, Generator: *e})
}

// worsenAll also gathers the limits.
func (g *Generator) worsenAll(o *Generator) {
	g.worsen(o)
	for _, rule := range o.Limits {
		if !slices.Contains(g.Limits, rule) {
			g.Limits = append(slices.Clone(g.Limits), rule)
		}
	}
}
