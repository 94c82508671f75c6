package coordinator

import (
	"errors"
	"math"
	"time"

	"runner/coordinate"
	"runner/value"
)

// definition is a coordinator's plan as it goes to the controller.
type definition struct {
	source value.Value // what it was made of, to tell definitions apart
	plan   coordinate.Plan
	items  []itemDefinition
	acts   bool // some item has actions
	first  int  // the item that a join waits for unless it says another
}

type itemDefinition struct{ actions int }

// itemValue is an item of a definition. Of an action there is its text, so that two plans with
// different actions are different.
func itemValue(s coordinate.Size, pass string, actions []value.Value) value.Value {
	return value.NewObject([]string{"min", "max", "all", "pass", "actions"},
		[]value.Value{float64(s.Min), float64(s.Max), s.All, pass, &value.Array{Items: actions}})
}

func definitionValue(timeout time.Duration, items []value.Value) value.Value {
	ns := float64(timeout)
	if timeout == coordinate.Forever {
		ns = math.Inf(1)
	}
	return value.NewObject([]string{"timeout", "items"}, []value.Value{ns, &value.Array{Items: items}})
}

var errDefinition = errors.New("the definition must be { timeout, items: [{ min, max, all, pass, actions }] }")

func definitionOf(v value.Value) (*definition, error) {
	o, ok := v.(*value.Object)
	if !ok {
		return nil, errDefinition
	}
	d := &definition{source: v, plan: coordinate.Plan{Timeout: coordinate.Forever}}
	timeout, _ := o.Get("timeout")
	if ns, ok := timeout.(float64); !ok || math.IsNaN(ns) {
		return nil, errDefinition
	} else if ns < math.MaxInt64 {
		d.plan.Timeout = time.Duration(ns)
	}
	list, _ := o.Get("items")
	items, ok := list.(*value.Array)
	if !ok {
		return nil, errDefinition
	}
	for _, v := range items.Items {
		item, ok := v.(*value.Object)
		if !ok {
			return nil, errDefinition
		}
		all, _ := item.Get("all")
		actions, _ := item.Get("actions")
		texts, ok := actions.(*value.Array)
		if !ok {
			return nil, errDefinition
		}
		size := coordinate.Size{Min: count(item, "min"), Max: count(item, "max"), All: all == true}
		d.plan.Items = append(d.plan.Items, size)
		d.items = append(d.items, itemDefinition{actions: len(texts.Items)})
		d.acts = d.acts || len(texts.Items) > 0
	}
	for i, s := range d.plan.Items {
		if !s.All {
			d.first = i
			break
		}
	}
	return d, d.plan.Validate()
}

// count reads a number of users; what is none is 0, which no plan has.
func count(o *value.Object, key string) int {
	v, _ := o.Get(key)
	n, ok := v.(float64)
	if !ok || n != math.Trunc(n) || n < 0 || n > coordinate.MaxUsers {
		return 0
	}
	return int(n)
}
