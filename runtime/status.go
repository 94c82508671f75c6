package runtime

import "fmt"

// Status is where a scenario is in its life. The list is the whole of it; changes lists what may
// follow what.
type Status string

const (
	Waiting     Status = "waiting"     // for the scenarios that it depends on
	Starting    Status = "starting"    // init runs on the nodes
	Running     Status = "running"     // the load model drives
	Stopping    Status = "stopping"    // users finish, the last results are judged
	Terminating Status = "terminating" // terminate runs on the nodes
	Ended       Status = "ended"
)

var changes = map[Status][]Status{
	Waiting:     {Starting, Ended},
	Starting:    {Running, Terminating},
	Running:     {Stopping},
	Stopping:    {Terminating},
	Terminating: {Ended},
}

func (s Status) mayBecome(next Status) bool {
	for _, c := range changes[s] {
		if c == next {
			return true
		}
	}
	return false
}

// StatusError is a command that came in the wrong status.
type StatusError struct {
	Command string
	Status  Status
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s: the scenario is %s, it must be %s", e.Command, e.Status, Running)
}
