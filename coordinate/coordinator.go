package coordinate

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"time"
)

// Join is somebody's joining.
type Join struct {
	Number int64 // the caller's, and unique
	// User tells users apart, by ==: one is at most once in a group, and when it joins again its place is
	// that of the later join. Nil is nobody else.
	User any
	// Waits says that the user waits for a group, that of the item Item.
	Waits bool
	Item  int
	// Payload is the caller's.
	Payload any
}

// Group is what the caller must do next: run the item's actions with the members, then let those go
// on that waited for it. It may be empty, except when it is complete.
type Group struct {
	Item    int
	Kind    Kind
	Members []Join // in the order in which they joined first
	Release []Join // those of Members whose wait is over
}

// Coordinator is the state machine. It belongs to one goroutine at a time. Groups are to be acted on in
// the order in which they are returned.
type Coordinator struct {
	plan     Plan
	rand     *rand.Rand
	items    []item
	waiting  map[int64]*entry // those that wait, by number
	armed    bool
	deadline time.Duration
	stopped  bool
}

// item is one item's open group.
type item struct {
	size    int // of the open group
	members []*entry
	left    int            // of members, those that have left
	users   map[any]*entry // of members, by their User
}

// entry is one join.
type entry struct {
	Join
	at []int // by item: its place in the open group, or none
}

const none = -1

// New makes a coordinator for a plan that is valid. Sizes are drawn from r.
func New(p Plan, r *rand.Rand) *Coordinator {
	c := &Coordinator{plan: p, rand: r, items: make([]item, len(p.Items)), waiting: map[int64]*entry{}}
	for i := range c.items {
		c.items[i] = newItem(p.Items[i], r)
	}
	return c
}

func newItem(s Size, r *rand.Rand) item { return item{size: s.draw(r), users: map[any]*entry{}} }

// ErrStopped is for whoever joins or resets a coordinator that was stopped.
var ErrStopped = errors.New("the coordinator was stopped")

// Join adds a user to the open groups of all items and returns those that are complete now, in the
// plan's order. It restarts the timeout.
func (c *Coordinator) Join(now time.Duration, j Join) ([]Group, error) {
	if c.stopped {
		return nil, ErrStopped
	}
	if j.Waits && (j.Item < 0 || j.Item >= len(c.items)) {
		return nil, fmt.Errorf("there is no item %d, the plan has the items 0 to %d", j.Item, len(c.items)-1)
	}
	for i := range c.items {
		if e := c.items[i].users[j.User]; e != nil && e.Waits && e.Item == i {
			return nil, fmt.Errorf("the user %v waits for a group already", j.User)
		}
	}
	c.armed = c.plan.Timeout != Forever
	c.deadline = now + c.plan.Timeout
	e := &entry{Join: j, at: make([]int, len(c.items))}
	if j.Waits {
		c.waiting[j.Number] = e
	}
	var groups []Group
	for i := range c.items {
		it := &c.items[i]
		it.add(i, e)
		if !c.plan.Items[i].All && len(it.members)-it.left == it.size {
			groups = append(groups, c.close(i, Coordinate))
		}
	}
	return groups, nil
}

// add adds a join to the open group of an item, the i-th.
func (it *item) add(i int, e *entry) {
	e.at[i] = len(it.members)
	if e.User != nil {
		if before := it.users[e.User]; before != nil {
			e.at[i], before.at[i] = before.at[i], none
			it.members[e.at[i]] = e
		}
		it.users[e.User] = e
	}
	if e.at[i] == len(it.members) {
		it.members = append(it.members, e)
	}
}

// close makes a group of an item's open one and opens the next.
func (c *Coordinator) close(i int, kind Kind) Group {
	it := &c.items[i]
	g := Group{Item: i, Kind: kind}
	for _, e := range it.members {
		if e == nil {
			continue // it has left
		}
		e.at[i] = none
		g.Members = append(g.Members, e.Join)
		if e.Waits && e.Item == i {
			g.Release = append(g.Release, e.Join)
			e.Waits = false
			delete(c.waiting, e.Number)
		}
	}
	*it = newItem(c.plan.Items[i], c.rand)
	return g
}

// Leave takes a user that waits, and has died, out of all open groups. It is false for one that does
// not wait: what it has joined stays.
func (c *Coordinator) Leave(number int64) bool {
	e := c.waiting[number]
	if e == nil {
		return false
	}
	delete(c.waiting, number)
	e.Waits = false
	for i := range c.items {
		if e.at[i] == none {
			continue
		}
		it := &c.items[i]
		it.members[e.at[i]] = nil
		e.at[i] = none
		if e.User != nil {
			delete(it.users, e.User)
		}
		it.left++
		if it.left > 16 && it.left > len(it.members)/2 {
			it.compact(i)
		}
	}
	return true
}

// compact forgets those that have left.
func (it *item) compact(i int) {
	kept := make([]*entry, 0, len(it.members)-it.left)
	for _, e := range it.members {
		if e != nil {
			e.at[i] = len(kept)
			kept = append(kept, e)
		}
	}
	it.members, it.left = kept, 0
}

// Deadline is when Expire is due, if it is.
func (c *Coordinator) Deadline() (time.Duration, bool) { return c.deadline, c.armed }

// Expire is the timeout, if it is due: every item's remainder becomes a group. It comes once until the
// next join.
func (c *Coordinator) Expire(now time.Duration) []Group {
	if !c.armed || now < c.deadline {
		return nil
	}
	return c.remainders(Timeout)
}

// Reset makes a group of every item's remainder and starts over; the timeout waits for the next join.
func (c *Coordinator) Reset() ([]Group, error) {
	if c.stopped {
		return nil, ErrStopped
	}
	return c.remainders(Reset), nil
}

// Stop makes a group of every item's remainder and ends the coordinator.
func (c *Coordinator) Stop() ([]Group, error) {
	if c.stopped {
		return nil, ErrStopped
	}
	c.stopped = true
	return c.remainders(Stop), nil
}

// Stopped says whether it was stopped.
func (c *Coordinator) Stopped() bool { return c.stopped }

// Waiting is how many users wait for a group.
func (c *Coordinator) Waiting() int { return len(c.waiting) }

// remainders closes all open groups, also empty ones: numeric items in the plan's order, then those of
// all.
func (c *Coordinator) remainders(kind Kind) []Group {
	c.armed = false
	groups := make([]Group, 0, len(c.items))
	for _, all := range []bool{false, true} {
		for i := range c.items {
			if c.plan.Items[i].All == all {
				groups = append(groups, c.close(i, kind))
			}
		}
	}
	return groups
}
