package generator

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"runner/events"
)

// processCPU is the processor time that the process has used.
func processCPU() time.Duration {
	var u unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// system reads what the kernel tells.
type system struct {
	quota       float64 // processors that the control group allows; 0: no limit
	busy, total uint64  // of the machine's processors, in ticks
	ports       int     // that there are for outgoing connections
}

func (s *system) begin() {
	s.quota = cgroupProcessors("/sys/fs/cgroup", "/proc/self/cgroup")
	s.busy, s.total = machineTicks()
	s.ports = portRange()
}

// processors is how many the process may use.
func (s *system) processors() float64 {
	if s.quota > 0 {
		return min(s.quota, goProcessors())
	}
	return goProcessors()
}

func (s *system) read(g *events.Generator) {
	busy, total := machineTicks()
	if total > s.total {
		g.MachineCPU = float64(busy-s.busy) / float64(total-s.total)
	}
	s.busy, s.total = busy, total
	g.Descriptors, g.DescriptorLimit = openDescriptors(), descriptorLimit()
	g.Ports, g.PortLimit = socketsInUse(), s.ports
}

// machineTicks are those of all processors since the machine began: all, and all but idle ones.
func machineTicks() (busy, total uint64) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0
	}
	first, _, _ := bytes.Cut(text, []byte("\n"))
	fields := strings.Fields(string(first))
	if len(fields) < 6 || fields[0] != "cpu" {
		return 0, 0
	}
	var idle uint64
	for i, f := range fields[1:] {
		if i >= 8 { // guests' time is among the users' already
			break
		}
		n, err := strconv.ParseUint(f, 10, 64)
		if err != nil {
			return 0, 0
		}
		total += n
		if i == 3 || i == 4 { // idle, and waiting for a disk
			idle += n
		}
	}
	return total - idle, total
}

// cgroupProcessors is how many processors the process's control group allows, 0 if it does not limit them.
func cgroupProcessors(root, self string) float64 {
	folders := []string{root}
	if text, err := os.ReadFile(self); err == nil {
		for line := range strings.Lines(string(text)) {
			if path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
				folders = append(folders, filepath.Join(root, path))
			}
		}
	}
	least := 0.0
	note := func(n float64) {
		if n > 0 && (least == 0 || n < least) {
			least = n
		}
	}
	for _, folder := range folders {
		text, err := os.ReadFile(filepath.Join(folder, "cpu.max"))
		if err != nil {
			continue
		}
		if f := strings.Fields(string(text)); len(f) == 2 && f[0] != "max" {
			note(ratio(f[0], f[1]))
		}
	}
	quota, err := os.ReadFile(filepath.Join(root, "cpu", "cpu.cfs_quota_us"))
	period, err2 := os.ReadFile(filepath.Join(root, "cpu", "cpu.cfs_period_us"))
	if err == nil && err2 == nil {
		note(ratio(strings.TrimSpace(string(quota)), strings.TrimSpace(string(period))))
	}
	return least
}

func ratio(a, b string) float64 {
	x, err := strconv.ParseFloat(a, 64)
	y, err2 := strconv.ParseFloat(b, 64)
	if err != nil || err2 != nil || y <= 0 {
		return 0
	}
	return x / y
}

func openDescriptors() int {
	f, err := os.Open("/proc/self/fd")
	if err != nil {
		return 0
	}
	defer f.Close()
	// Its size is the number of descriptors on newer kernels; else they are counted.
	if info, err := f.Stat(); err == nil && info.Size() > 0 {
		return int(info.Size())
	}
	names, err := f.Readdirnames(-1)
	if err != nil {
		return 0
	}
	return len(names) - 1 // without the one that reads
}

func descriptorLimit() int {
	var r unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &r) != nil {
		return 0
	}
	return int(min(r.Cur, 1<<30))
}

// portRange is how many ports there are for outgoing connections to one address.
func portRange() int {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		return 0
	}
	f := strings.Fields(string(text))
	if len(f) != 2 {
		return 0
	}
	low, err := strconv.Atoi(f[0])
	high, err2 := strconv.Atoi(f[1])
	if err != nil || err2 != nil || high < low {
		return 0
	}
	return high - low + 1
}

// socketsInUse is how many TCP sockets there are, those that wait after their end included: an upper
// bound of the ports in use, for the kernel does not tell these apart cheaply.
func socketsInUse() int {
	text, err := os.ReadFile("/proc/net/sockstat")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) == 0 || f[0] != "TCP:" {
			continue
		}
		sum := 0
		for i := 1; i+1 < len(f); i += 2 {
			if n, err := strconv.Atoi(f[i+1]); err == nil && (f[i] == "inuse" || f[i] == "tw") {
				sum += n
			}
		}
		return sum
	}
	return 0
}
