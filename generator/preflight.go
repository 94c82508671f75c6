package generator

import "fmt"

// spare are descriptors that a run needs beside its users' connections.
const spare = 64

// Preflight says what this machine lacks for so many users, each with one connection at a time; nothing
// if it will do, or if its limits are not known.
func Preflight(users int) (warnings []string) {
	return preflight(users, descriptorLimit(), portRange())
}

func preflight(users, descriptors, ports int) (warnings []string) {
	if descriptors > 0 && users+spare > descriptors {
		warnings = append(warnings, fmt.Sprintf("%d users may need %d file descriptors, but this process may open %d: raise the limit, as in ulimit -n %d",
			users, users+spare, descriptors, round(users+spare)))
	}
	if ports > 0 && users > ports {
		warnings = append(warnings, fmt.Sprintf("%d users may need as many ports for outgoing connections, but there are %d to one address: widen them, as in sysctl -w net.ipv4.ip_local_port_range=\"1024 65535\", or use several addresses (options.http.localAddresses)",
			users, ports))
	}
	return warnings
}

// round is the next power of two.
func round(n int) int {
	p := 1024
	for p < n {
		p *= 2
	}
	return p
}
