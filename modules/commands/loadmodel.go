package commands

import (
	"math"
	"time"

	"github.com/dop251/goja"

	"runner/js"
	"runner/loadmodels"
)

func (c *commands) scaleUsers(call goja.FunctionCall) goja.Value {
	n := c.count(call.Argument(0), "scaleUsers: the number of users", loadmodels.MaxUsers)
	c.must(c.model().ScaleUsers(n))
	return goja.Undefined()
}

func (c *commands) startUsers(call goja.FunctionCall) goja.Value {
	n := c.count(call.Argument(0), "startUsers: the number of users", loadmodels.MaxUsers)
	o, err := c.vm.Options(call.Argument(1), "the options of startUsers")
	c.must(err)
	start := loadmodels.StartOptions{
		Interarrival: c.milliseconds(o, "interarrivalMs", 0),
		Node:         o.String("node", ""),
	}
	c.must(o.Done())
	c.must(c.model().StartUsers(n, start))
	return goja.Undefined()
}

func (c *commands) stopUsers(call goja.FunctionCall) goja.Value {
	n := c.count(call.Argument(0), "stopUsers: the number of users", loadmodels.MaxUsers)
	o, err := c.vm.Options(call.Argument(1), "the options of stopUsers")
	c.must(err)
	stop := loadmodels.StopOptions{Force: o.Bool("force", false)}
	c.must(o.Done())
	told, err := c.model().StopUsers(n, stop)
	c.must(err)
	return c.value(told)
}

func (c *commands) addWork(call goja.FunctionCall) goja.Value {
	n := c.count(call.Argument(0), "addWork: the number of units", loadmodels.MaxCount)
	c.must(c.model().AddWork(n))
	return goja.Undefined()
}

func (c *commands) sendUserEvents(call goja.FunctionCall) goja.Value {
	kind := c.text(call.Argument(0), "sendUserEvents: the kind of event")
	payload, err := c.vm.Take(call.Argument(1), "payload")
	c.must(err)
	c.must(c.model().SendUserEvents(kind, payload))
	return goja.Undefined()
}

func (c *commands) getLatestResults(call goja.FunctionCall) goja.Value {
	o, err := c.vm.Options(call.Argument(0), "the options of getLatestResults")
	c.must(err)
	read := loadmodels.ResultOptions{
		Timeout: c.milliseconds(o, "timeoutMs", 1000),
		Max:     int(o.Int("maxResults", 500, 1, loadmodels.MaxCount)),
	}
	c.must(o.Done())
	results, err := c.model().LatestResults(read)
	c.must(err)
	return ResultsToJS(c.vm, results)
}

func (c *commands) aggregateResults(call goja.FunctionCall) goja.Value {
	results, err := ResultsFromJS(c.vm, call.Argument(0), "aggregateResults: the results")
	c.must(err)
	aggregate, err := c.model().AggregateResults(results)
	c.must(err)
	return c.vm.Give(aggregate)
}

func (c *commands) verifyResults(call goja.FunctionCall) goja.Value {
	results, err := ResultsFromJS(c.vm, call.Argument(0), "verifyResults: the results")
	c.must(err)
	wrong, err := c.model().VerifyResults(results, loadmodels.VerifyOptions{Keep: true})
	c.must(err)
	return c.strings(wrong)
}

func (c *commands) setArrivalRate(call goja.FunctionCall) goja.Value {
	v := call.Argument(0)
	rate := math.NaN()
	if goja.IsNumber(v) {
		rate = v.ToFloat()
	}
	if !(rate >= 0 && rate <= loadmodels.MaxRate) {
		c.vm.Throw(js.RangeErrorf("setArrivalRate: the rate must be a number from 0 to %g a second, not %s", loadmodels.MaxRate, v))
	}
	o, err := c.vm.Options(call.Argument(1), "the options of setArrivalRate")
	c.must(err)
	users := int(o.Int("users", 0, 0, loadmodels.MaxUsers))
	maxUsers := int(o.Int("maxUsers", 0, 1, loadmodels.MaxUsers))
	c.must(o.Done())
	if maxUsers > 0 && users > maxUsers {
		c.vm.Throw(js.RangeErrorf("the options of setArrivalRate: users (%d) must not be more than maxUsers (%d)", users, maxUsers))
	}
	var schedule loadmodels.Arrivals
	if rate > 0 {
		schedule = loadmodels.Arrivals{{Duration: loadmodels.Forever, From: rate, To: rate}}
	}
	c.must(c.model().SetArrivals(schedule, schedule.Pool(users, maxUsers)))
	return goja.Undefined()
}

// stop ends the scenario in a load model, the user in a user.
func (c *commands) stop(call goja.FunctionCall) goja.Value {
	if u := c.user(); u != nil {
		u.Stop()
		return goja.Undefined()
	}
	reason, err := c.vm.Take(call.Argument(0), "reason")
	c.must(err)
	c.must(c.model().Stop(reason))
	return goja.Undefined()
}

func (c *commands) fail(call goja.FunctionCall) goja.Value {
	reason, err := c.vm.Take(call.Argument(0), "reason")
	c.must(err)
	c.must(c.model().Fail(reason))
	return goja.Undefined()
}

// sleep is false in a user that was told to stop meanwhile.
func (c *commands) sleep(call goja.FunctionCall) goja.Value {
	d, err := c.vm.Seconds(call.Argument(0), "sleep: the time")
	c.must(err)
	if u := c.user(); u != nil {
		return c.value(c.userSleep(u, d))
	}
	c.must(c.model().Sleep(d))
	return goja.Undefined()
}

func (c *commands) reportProgress(call goja.FunctionCall) goja.Value {
	o, err := c.vm.Options(call.Argument(0), "the progress")
	c.must(err)
	p := loadmodels.Progress{
		Phase:     o.String("phase", ""),
		Fraction:  o.Number("fraction", -1),
		Remaining: -1,
		Rate:      o.Number("rate", 0),
	}
	if o.Has("remainingMs") {
		p.Remaining = c.milliseconds(o, "remainingMs", 0)
	}
	if p.Fraction > 1 || p.Fraction < 0 && o.Has("fraction") {
		o.Fail(js.RangeErrorf("the progress: fraction must be from 0 to 1, not %v", p.Fraction))
	}
	if p.Rate < 0 {
		o.Fail(js.RangeErrorf("the progress: rate must not be negative, but is %v", p.Rate))
	}
	c.must(o.Done())
	c.model().Report(p)
	return goja.Undefined()
}

func (c *commands) note(call goja.FunctionCall) goja.Value {
	c.model().Note(c.text(call.Argument(0), "note: the message"))
	return goja.Undefined()
}

func (c *commands) users() goja.Value            { return c.value(c.model().Users()) }
func (c *commands) startingUsers() goja.Value    { return c.value(c.model().StartingUsers()) }
func (c *commands) targetUsers() goja.Value      { return c.value(c.model().TargetUsers()) }
func (c *commands) workLeft() goja.Value         { return c.value(c.model().WorkLeft()) }
func (c *commands) aggregate() goja.Value        { return c.vm.Give(c.model().Aggregate()) }
func (c *commands) errors() goja.Value           { return c.strings(c.model().Errors()) }
func (c *commands) resultsCollected() goja.Value { return c.value(c.model().ResultsCollected()) }

func (c *commands) counts() goja.Value {
	n := c.model().Counts()
	o := c.vm.Runtime().NewObject()
	for _, part := range []struct {
		name  string
		count int64
	}{
		{"started", n.Started}, {"succeeded", n.Succeeded}, {"failed", n.Failed},
		{"aborted", n.Aborted}, {"dropped", n.Dropped},
	} {
		c.must(o.Set(part.name, part.count))
	}
	return o
}

// elapsed is the time since the load model was called, or the user started, in milliseconds.
func (c *commands) elapsed() goja.Value {
	if u := c.user(); u != nil {
		return c.value(inMilliseconds(u.Elapsed()))
	}
	return c.value(inMilliseconds(c.model().Elapsed()))
}

func inMilliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// strings makes a list of strings that the script may change.
func (c *commands) strings(list []string) goja.Value {
	items := make([]any, len(list))
	for i, s := range list {
		items[i] = s
	}
	return c.vm.Runtime().NewArray(items...)
}

// maxWaitMs is the longest wait that a number of milliseconds can ask for: a hundred years.
const maxWaitMs = 100 * 365 * 24 * 3600 * 1000

// milliseconds reads an option whose name carries the unit. A longer wait than any is the longest.
func (c *commands) milliseconds(o *js.Options, name string, fallback float64) time.Duration {
	v := o.Value(name)
	if v != nil && goja.IsInfinity(v) && v.ToFloat() > 0 {
		return loadmodels.Forever
	}
	ms := o.Number(name, fallback)
	if ms < 0 {
		o.Fail(js.RangeErrorf("%s must not be negative, but is %v", name, ms))
		return 0
	}
	return time.Duration(min(ms, maxWaitMs) * float64(time.Millisecond))
}
