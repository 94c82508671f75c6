package http

import (
	"slices"
	"sort"
	"strconv"

	"github.com/dop251/goja"

	"runner/value"
)

// jsonDoc is what the objects and arrays of one body have in common.
type jsonDoc struct {
	s       *state
	changed bool // the script has written to one of them
}

// jsonObject is a JSON object that becomes JavaScript member by member, as the script reads it. The
// script may change it like any other: it is its own.
type jsonObject struct {
	doc   *jsonDoc
	text  []byte
	ready bool // the members were found
	keys  []string
	vals  []jsonMember
	index map[string]int // of objects with many keys
}

// jsonMember is a value, or the text of one that was not read yet.
type jsonMember struct {
	value goja.Value
	text  []byte
}

const jsonIndexFrom = 12

func (m *jsonMember) get(doc *jsonDoc) goja.Value {
	if m.value == nil {
		v, err := doc.value(m.text)
		if err != nil {
			v = goja.Undefined() // cannot be: the text was checked
		}
		m.value, m.text = v, nil
	}
	return m.value
}

// open finds the members; of two with one key the last counts, in the place of the first.
func (o *jsonObject) open() {
	if o.ready {
		return
	}
	o.ready = true
	p := jsonParser{doc: o.doc, b: o.text, i: 1}
	var order []int
	for first := true; ; first = false {
		more, err := p.nextKey(first)
		if err != nil || !more {
			break
		}
		key, _ := p.text()
		p.colon()
		p.space()
		start := p.i
		p.leap()
		member := jsonMember{text: p.b[start:p.i]}
		if i := o.find(key); i >= 0 {
			o.vals[i] = member
			continue
		}
		o.add(key, member)
		if _, ok := arrayIndex(key); ok {
			order = append(order, len(o.keys)-1)
		}
	}
	if order != nil {
		o.sort()
	}
}

// arrayIndex says whether a key is one that JavaScript orders by its number.
func arrayIndex(key string) (uint32, bool) {
	if key == "" || len(key) > 10 || key[0] < '0' || key[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseUint(key, 10, 32)
	return uint32(n), err == nil && n < 1<<32-1 && strconv.FormatUint(n, 10) == key
}

// sort puts integer keys first, in order.
func (o *jsonObject) sort() {
	at := make([]int, len(o.keys))
	for i := range at {
		at[i] = i
	}
	sort.SliceStable(at, func(a, b int) bool {
		n, isN := arrayIndex(o.keys[at[a]])
		m, isM := arrayIndex(o.keys[at[b]])
		return isN && (!isM || n < m)
	})
	keys, vals := o.keys, o.vals
	o.keys, o.vals = make([]string, 0, len(keys)), make([]jsonMember, 0, len(keys))
	o.index = nil
	for _, i := range at {
		o.add(keys[i], vals[i])
	}
}

func (o *jsonObject) add(key string, m jsonMember) {
	o.keys = append(o.keys, key)
	o.vals = append(o.vals, m)
	if o.index != nil {
		o.index[key] = len(o.keys) - 1
	} else if len(o.keys) >= jsonIndexFrom {
		o.index = make(map[string]int, 2*jsonIndexFrom)
		for i, k := range o.keys {
			o.index[k] = i
		}
	}
}

func (o *jsonObject) find(key string) int {
	if o.index != nil {
		if i, ok := o.index[key]; ok {
			return i
		}
		return -1
	}
	return slices.Index(o.keys, key)
}

func (o *jsonObject) Get(key string) goja.Value {
	o.open()
	if i := o.find(key); i >= 0 {
		return o.vals[i].get(o.doc)
	}
	return nil
}

func (o *jsonObject) Has(key string) bool {
	o.open()
	return o.find(key) >= 0
}

func (o *jsonObject) Set(key string, v goja.Value) bool {
	o.open()
	o.doc.changed = true
	if i := o.find(key); i >= 0 {
		o.vals[i] = jsonMember{value: v}
		return true
	}
	o.add(key, jsonMember{value: v})
	if _, ok := arrayIndex(key); ok {
		o.sort()
	}
	return true
}

func (o *jsonObject) Delete(key string) bool {
	o.open()
	if i := o.find(key); i >= 0 {
		o.doc.changed = true
		o.keys, o.vals = slices.Delete(slices.Clone(o.keys), i, i+1), slices.Delete(o.vals, i, i+1)
		if o.index != nil {
			clear(o.index)
			for i, k := range o.keys {
				o.index[k] = i
			}
		}
	}
	return true
}

// Keys gives a slice that later changes leave alone: goja goes over it while the script may write.
func (o *jsonObject) Keys() []string {
	o.open()
	return o.keys[:len(o.keys):len(o.keys)]
}

// CloneValue is the object as a Value.
func (o *jsonObject) CloneValue() (value.Value, error) {
	if !o.ready || !o.doc.changed {
		return value.FromJSON(o.text)
	}
	rt := o.doc.s.vm.Runtime()
	plain := rt.NewObject()
	for i, key := range o.keys {
		setOwn(rt, plain, key, o.vals[i].get(o.doc))
	}
	return o.doc.s.vm.Take(plain, "json")
}

// jsonArray is a JSON array that becomes JavaScript item by item.
type jsonArray struct {
	doc   *jsonDoc
	text  []byte
	ready bool
	items []jsonMember
}

func (a *jsonArray) open() {
	if a.ready {
		return
	}
	a.ready = true
	p := jsonParser{doc: a.doc, b: a.text, i: 1}
	for first := true; ; first = false {
		more, err := p.nextItem(first)
		if err != nil || !more {
			break
		}
		p.space()
		start := p.i
		p.leap()
		a.items = append(a.items, jsonMember{text: p.b[start:p.i]})
	}
}

func (a *jsonArray) Len() int {
	a.open()
	return len(a.items)
}

func (a *jsonArray) Get(i int) goja.Value {
	a.open()
	if i < 0 || i >= len(a.items) {
		return nil
	}
	return a.items[i].get(a.doc)
}

// maxJSONArray is how long a script may make an array that came as JSON: every place in it exists.
const maxJSONArray = 50_000_000

func (a *jsonArray) Set(i int, v goja.Value) bool {
	a.open()
	if i < 0 || i >= maxJSONArray {
		return false
	}
	a.doc.changed = true
	if i >= len(a.items) {
		a.SetLen(i + 1)
	}
	a.items[i] = jsonMember{value: v}
	return true
}

func (a *jsonArray) SetLen(n int) bool {
	a.open()
	if n < 0 || n > maxJSONArray {
		return false
	}
	a.doc.changed = true
	if n < len(a.items) {
		clear(a.items[n:])
		a.items = a.items[:n]
	}
	for len(a.items) < n {
		a.items = append(a.items, jsonMember{value: goja.Undefined()})
	}
	return true
}

// CloneValue is the array as a Value.
func (a *jsonArray) CloneValue() (value.Value, error) {
	if !a.ready || !a.doc.changed {
		return value.FromJSON(a.text)
	}
	values := make([]any, len(a.items))
	for i := range a.items {
		values[i] = a.items[i].get(a.doc)
	}
	return a.doc.s.vm.Take(a.doc.s.vm.Runtime().NewArray(values...), "json")
}
