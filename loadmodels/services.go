package loadmodels

import (
	"context"

	"runner/value"
)

// Services are what all users of a scenario share, such as throttles and coordinators. Whoever asks
// one waits for the answer, on its own goroutine.
type Services interface {
	// Ask asks the service of that name. When ctx is done, the wait is given up and the error is its cause.
	// A user that is told to stop while it waits ends there and then; the load model gets ErrEnded when
	// the scenario must end.
	Ask(ctx context.Context, service string, request value.Value) (value.Value, error)
}
