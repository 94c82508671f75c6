package metrics_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/dop251/goja"
	"github.com/google/go-cmp/cmp"

	"runner/js"
	"runner/metrics"
	metricsmodule "runner/modules/metrics"
	"runner/modules/modulestest"
)

// recorded is what a test leaves, a series a line.
var recorded = map[string][]string{
	"testFourKinds": {
		"above_30_ms (rate, 1): 4 values, sum 2",
		"in-line.time (trend, ms): 1 values, sum 10",
		"in-line.time shop=a (trend, ms): 1 values, sum 20",
		"orders (counter, orders): 2 values, sum 3",
		"orders floor=2 open=true shop=a (counter, orders): 1 values, sum 0.5",
		"stock (gauge, 1): 2 values, sum 4, last -3",
	},
	"testTheSameMetricTwice": {"orders (counter, 1): 2 values, sum 2"},
}

func figures(d *metrics.Delta) []string {
	var lines []string
	d.Each(func(m metrics.Metric, tags []metrics.Tag, s metrics.Stats) {
		line := m.Name
		for _, tag := range tags {
			line += " " + tag.Key + "=" + tag.Value
		}
		line += fmt.Sprintf(" (%v, %s): %d values, sum %v", m.Kind, m.Unit, s.Count, s.Sum)
		if m.Kind == metrics.Gauge {
			line += fmt.Sprintf(", last %v", s.Last)
		}
		lines = append(lines, line)
	})
	return lines
}

func TestMetrics(t *testing.T) {
	env := func(t *testing.T, name string) *js.Env {
		registry := metrics.NewRegistry()
		t.Cleanup(func() {
			if d := cmp.Diff(recorded[name], figures(registry.Drain())); d != "" {
				t.Errorf("recorded (-want +got):\n%s", d)
			}
		})
		return &js.Env{Side: js.SideUser, Recorder: registry.Recorder(1)}
	}
	modulestest.Run(t, "metrics_test.js", env, metricsmodule.Module())
}

const shop = `import { Trend } from "runner/metrics";
const t = new Trend("t");
export function start() {
  t.add(5);
}
`

func TestTheGroupIsATag(t *testing.T) {
	registry := metrics.NewRegistry()
	env := &js.Env{Side: js.SideUser, Recorder: registry.Recorder(1)}
	vm, err := modulestest.Script(t, shop, env, metricsmodule.Module())
	if err != nil {
		t.Fatal(err)
	}
	for _, group := range []string{"", "cart", "cart", ""} {
		env.Group = group
		if _, err := modulestest.Call(vm, "start"); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{"t (trend, 1): 2 values, sum 10", "t group=cart (trend, 1): 2 values, sum 10"}
	if d := cmp.Diff(want, figures(registry.Drain())); d != "" {
		t.Errorf("recorded (-want +got):\n%s", d)
	}
}

func TestUsersShareAMetric(t *testing.T) {
	registry := metrics.NewRegistry()
	for id := range 3 {
		vm, err := modulestest.Script(t, shop, &js.Env{Side: js.SideUser, Recorder: registry.Recorder(int64(id))}, metricsmodule.Module())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := modulestest.Call(vm, "start"); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff([]string{"t (trend, 1): 3 values, sum 15"}, figures(registry.Drain())); d != "" {
		t.Errorf("recorded (-want +got):\n%s", d)
	}
}

func TestAScriptIsOnlyInspected(t *testing.T) {
	if _, err := modulestest.Script(t, shop, &js.Env{}, metricsmodule.Module()); err != nil {
		t.Error(err)
	}
	_, err := modulestest.Script(t, `import { Trend } from "runner/metrics"; new Trend("a b");`, &js.Env{}, metricsmodule.Module())
	if err == nil || !strings.Contains(err.Error(), "takes a name") {
		t.Errorf("got %v", err)
	}
}

func BenchmarkAdd(b *testing.B) {
	registry := metrics.NewRegistry()
	env := &js.Env{Side: js.SideUser, Recorder: registry.Recorder(1)}
	vm, err := modulestest.Script(b, shop, env, metricsmodule.Module())
	if err != nil {
		b.Fatal(err)
	}
	fn, _ := goja.AssertFunction(vm.Exports().Get("start"))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := vm.Call(fn); err != nil {
			b.Fatal(err)
		}
	}
}
