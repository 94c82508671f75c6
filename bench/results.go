package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// results are everything that was measured.
type results struct {
	rounds int
	each   time.Duration
	costs  []*cost
	goals  []goal
	notes  []string
}

// cost is a row of CPU time per request, in microseconds, of each tool in each round.
type cost struct {
	what  string
	tools map[string][]float64
}

// goal is one figure and what it is to be.
type goal struct {
	what    string
	figure  string
	want    string
	reached bool
}

func (r *results) note(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// goal notes a figure. It is reached when no value is above its limit.
func (r *results) goal(what, format, want string, value, limit float64) {
	r.goals = append(r.goals, goal{what, fmt.Sprintf(format, value), want, value <= limit})
}

// atLeast likewise, for a value that is to be high.
func (r *results) atLeast(what, format, want string, value, limit float64) {
	r.goals = append(r.goals, goal{what, fmt.Sprintf(format, value), want, value >= limit})
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return 0
	}
	s := slices.Sorted(slices.Values(v))
	if n := len(s); n%2 == 0 {
		return (s[n/2-1] + s[n/2]) / 2
	}
	return s[len(s)/2]
}

// ratio is the median over the rounds of how much a tool costs in terms of another: the two ran one
// after the other, so that what else the machine did bears on both.
func (c *cost) ratio(tool, of string) (float64, bool) {
	return c.ratioTo(tool, c, of)
}

// ratioTo likewise, in terms of what a tool costs in another row of the same rounds.
func (c *cost) ratioTo(tool string, other *cost, of string) (float64, bool) {
	a, b := c.tools[tool], other.tools[of]
	n := min(len(a), len(b))
	if n == 0 {
		return 0, false
	}
	ratios := make([]float64, n)
	for i := range ratios {
		ratios[i] = a[i] / b[i]
	}
	return median(ratios), true
}

// write writes the results as Markdown.
func (r *results) write(l *lab) string {
	var b strings.Builder
	b.WriteString("# Results of bench/\n\n")
	fmt.Fprintf(&b, "Written by `go run ./bench` on %s. %d rounds of %v a tool, by turns; medians.\n", time.Now().UTC().Format("2006-01-02"), r.rounds, r.each)
	b.WriteString("CPU is user and system time of the whole process, start included, by the operating system's account.\n" +
		"The server has one processor to itself and the client another; both are on the loopback interface.\n" +
		"Other work on the machine moves all figures alike: compare ratios, not microseconds.\n\n")
	fmt.Fprintf(&b, "Machine: %s.\n\n", machine())
	if len(r.costs) > 0 {
		r.writeCosts(&b, l)
	}
	if len(r.goals) > 0 {
		b.WriteString("## Goals\n\n")
		rows := [][]string{{"what", "figure", "goal", ""}}
		for _, g := range r.goals {
			verdict := "reached"
			if !g.reached {
				verdict = "**missed**"
			}
			rows = append(rows, []string{g.what, g.figure, g.want, verdict})
		}
		writeTable(&b, rows, "lrrl")
	}
	if l.limited > 0 {
		r.note("%d runs of runner ended as generator-limited, since they had one processor and used all of it", l.limited)
	}
	if len(r.notes)+len(l.missing) > 0 {
		b.WriteString("\n## Notes\n\n")
		for _, n := range append(r.notes, l.missing...) {
			fmt.Fprintf(&b, "- %s\n", n)
		}
	}
	b.WriteString("\n## Versions\n\n")
	for _, t := range l.tools {
		fmt.Fprintf(&b, "- %s: %s\n", t.name, t.version)
	}
	return b.String()
}

func (r *results) writeCosts(b *strings.Builder, l *lab) {
	b.WriteString("## CPU per request, µs\n\n")
	rows := [][]string{{"work"}}
	align := "l"
	for _, t := range l.tools {
		rows[0] = append(rows[0], t.name)
		align += "r"
	}
	for _, c := range r.costs {
		row := []string{c.what}
		for _, t := range l.tools {
			cell := ""
			if v := c.tools[t.name]; len(v) > 0 {
				cell = fmt.Sprintf("%.1f", median(v))
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	writeTable(b, rows, align)
	b.WriteString("\n")
}

// writeTable writes a table whose columns are aligned in the text too.
func writeTable(b *strings.Builder, rows [][]string, align string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], len([]rune(cell)), 3)
		}
	}
	line := func(row []string) {
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-len([]rune(cell)))
			if align[i] == 'r' {
				cell = pad + cell
			} else {
				cell += pad
			}
			b.WriteString("| " + cell + " ")
		}
		b.WriteString("|\n")
	}
	line(rows[0])
	rule := make([]string, len(widths))
	for i, w := range widths {
		rule[i] = strings.Repeat("-", w)
		if align[i] == 'r' {
			rule[i] = rule[i][1:] + ":"
		}
	}
	line(rule)
	for _, row := range rows[1:] {
		line(row)
	}
}

// machine says what the machine is, but not whose.
func machine() string {
	parts := []string{fmt.Sprintf("%d processors", runtime.NumCPU())}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if _, rest, ok := strings.Cut(string(text), "model name"); ok {
			name, _, _ := strings.Cut(strings.TrimLeft(rest, "\t :"), "\n")
			parts = append(parts, strings.TrimSpace(name))
		}
	}
	if text, err := os.ReadFile("/proc/meminfo"); err == nil {
		var kb int64
		if _, err := fmt.Sscanf(string(text), "MemTotal: %d kB", &kb); err == nil {
			parts = append(parts, fmt.Sprintf("%.0f GiB", float64(kb)/(1<<20)))
		}
	}
	if out, err := exec.Command("uname", "-sr").Output(); err == nil {
		parts = append(parts, strings.TrimSpace(string(out)))
	}
	return strings.Join(append(parts, goVersion(), runtime.GOOS+"/"+runtime.GOARCH), ", ")
}

func goVersion() string { return runtime.Version() }

// moduleVersion is the version of a module that this program was built with.
func moduleVersion(path string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			if m.Path == path {
				return m.Version
			}
		}
	}
	return "unknown"
}

// packageVersion is the version of the Debian package that a program came with.
func packageVersion(path, name string) string {
	out, err := exec.Command("dpkg-query", "--show", "--showformat=${Version}", name).Output()
	if err != nil || len(out) == 0 {
		return filepath.Base(path) + " of unknown version"
	}
	return "Debian " + string(out)
}
