package loadmodels

import "runner/loadmodels"

func whileHasWork(a *arguments) any {
	o := a.options(0)
	l := loadmodels.WhileHasWork{PollingTimeout: positive(o, "pollingTimeout", 0)}
	a.done(o)
	return l
}

func whileAlive(*arguments) any { return loadmodels.WhileAlive{} }

func iterationsPerSecondLimited(a *arguments) any {
	return loadmodels.IterationsPerSecondLimited{PerSecond: a.number(0, "limit")}
}

func paced(a *arguments) any { return loadmodels.Paced{Period: a.duration(0, "period")} }

func repeatAfter(a *arguments) any {
	l := loadmodels.RepeatAfter{Pause: a.duration(0, "pause")}
	o := a.options(1)
	l.Times = int(o.Int("times", 0, 1, loadmodels.MaxCount))
	a.done(o)
	return l
}
