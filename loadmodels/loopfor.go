package loadmodels

// LoopFor is the user loop of a scenario that names none: WhileAlive where the load model only says
// how many users there are and never adds work, so that they would wait for it for ever, else
// WhileHasWork.
func LoopFor(m Model) UserLoop {
	if onlyUsers(m) {
		return WhileAlive{}
	}
	return WhileHasWork{}
}

func onlyUsers(m Model) bool {
	switch m := m.(type) {
	case ConstantUsers, RampUsers, RampUsersToThreshold:
		return true
	case Stages:
		return allOnlyUsers(m.Models)
	case Sequence:
		return allOnlyUsers(m.Models)
	}
	return false
}

func allOnlyUsers(models []Model) bool {
	for _, m := range models {
		if !onlyUsers(m) {
			return false
		}
	}
	return len(models) > 0
}
