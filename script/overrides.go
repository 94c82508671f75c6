package script

import (
	"errors"
	"time"

	"runner/loadmodels"
)

// Overrides are the command line's wishes, which replace a script's load model. Zero fields are not
// given.
type Overrides struct {
	Users      int
	Iterations int
	Duration   time.Duration
	Rate       float64 // arrivals a second
}

func (o Overrides) given() bool {
	return o.Users != 0 || o.Iterations != 0 || o.Duration != 0 || o.Rate != 0
}

// apply replaces the scenario's load model, and its user loop where it would not fit.
func (o Overrides) apply(s *Scenario) error {
	if !o.given() {
		return nil
	}
	users := o.Users
	if users == 0 {
		users = 1
	}
	work := loadmodels.WhileHasWork{}
	var m interface {
		loadmodels.Model
		Validate() error
	}
	switch {
	case o.Rate != 0:
		if o.Iterations != 0 {
			return errors.New("--rate and --iterations do not go together: --rate needs --duration")
		}
		if o.Duration == 0 {
			return errors.New("--rate needs --duration")
		}
		m = loadmodels.ConstantArrivalRate{Rate: o.Rate, Duration: o.Duration, MaxUsers: o.Users}
		s.loop(work)
	case o.Iterations != 0:
		timeout := loadmodels.Forever
		if o.Duration != 0 {
			timeout = o.Duration
		}
		m = loadmodels.NIterations{Iterations: o.Iterations, Users: users, Timeout: timeout}
		s.loop(work)
	case o.Duration != 0:
		m = loadmodels.ConstantUsers{Users: users, Duration: o.Duration}
		if _, waits := s.UserLoop.(loadmodels.WhileHasWork); waits || !s.def.has["userLoop"] {
			s.loop(loadmodels.WhileAlive{})
		}
	default: // as many iterations as users, one each
		m = loadmodels.NIterations{Iterations: users, Users: users, Timeout: loadmodels.Forever}
		s.loop(work)
	}
	if err := m.Validate(); err != nil {
		return err
	}
	s.LoadModel, s.overridden = m, true
	return nil
}

// loop replaces the user loop.
func (s *Scenario) loop(l loadmodels.UserLoop) { s.UserLoop, s.looped = l, true }
