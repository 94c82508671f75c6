package coordinate

import (
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func source() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func drawPlan(t *rapid.T) Plan {
	size := rapid.Custom(func(t *rapid.T) Size {
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			return Size{All: true}
		case 1:
			least := rapid.IntRange(1, 6).Draw(t, "min")
			return Size{Min: least, Max: least + rapid.IntRange(1, 5).Draw(t, "more")}
		}
		return Exactly(rapid.IntRange(1, 7).Draw(t, "users"))
	})
	p := Plan{Items: rapid.SliceOfN(size, 1, 4).Draw(t, "plan"), Timeout: 10 * time.Second}
	if rapid.IntRange(0, 4).Draw(t, "endless") == 0 {
		p.Timeout = Forever
	}
	return p
}

// world is what the test knows of the users, without the coordinator's help.
type world struct {
	t       *rapid.T
	plan    Plan
	c       *Coordinator
	now     time.Duration
	joined  []int64          // all, in order
	user    map[int64]int    // who joined
	waits   map[int64]int    // which joins wait → for which item
	dead    map[int64]bool   // died while waiting
	open    []map[int]int64  // by item: who is in the open group → with which join
	grouped []map[int64]int  // by item: how often a join was in a group
	passed  []map[int64]bool // by item: joins whose user joined again before their group was complete
	armed   bool
	due     time.Duration
	sizes   [][]int // of complete groups, by item
}

// acts checks groups that came out against what is known, and keeps the books.
func (w *world) acts(kind Kind, groups []Group) {
	w.t.Helper()
	if kind != Coordinate {
		var order []int
		for i, s := range w.plan.Items {
			if !s.All {
				order = append(order, i)
			}
		}
		for i, s := range w.plan.Items {
			if s.All {
				order = append(order, i)
			}
		}
		var got []int
		for _, g := range groups {
			got = append(got, g.Item)
		}
		if !slices.Equal(got, order) {
			w.t.Fatalf("%v ran the items %v, want %v", kind, got, order)
		}
	}
	last := -1
	for _, g := range groups {
		if g.Kind != kind {
			w.t.Fatalf("a group of kind %v, want %v", g.Kind, kind)
		}
		size := w.plan.Items[g.Item]
		if kind == Coordinate {
			if g.Item <= last {
				w.t.Fatalf("item %d came after item %d", g.Item, last)
			}
			last = g.Item
			if size.All || len(g.Members) < size.Min || len(g.Members) > size.Max {
				w.t.Fatalf("a group of %d for %v users", len(g.Members), size)
			}
			w.sizes[g.Item] = append(w.sizes[g.Item], len(g.Members))
		} else if !size.All && len(g.Members) >= size.Max {
			w.t.Fatalf("%d were left for %v users: their group was complete before", len(g.Members), size)
		}
		if len(g.Members) != len(w.open[g.Item]) {
			w.t.Fatalf("%d members, %d were in the open group", len(g.Members), len(w.open[g.Item]))
		}
		var release []int64
		for _, m := range numbers(g.Members) {
			if w.open[g.Item][w.user[m]] != m || w.dead[m] {
				w.t.Fatalf("join %d is in a group of item %d, dead: %v", m, g.Item, w.dead[m])
			}
			w.grouped[g.Item][m]++
			if want, ok := w.waits[m]; ok && want == g.Item {
				release = append(release, m)
				delete(w.waits, m)
			}
		}
		if !slices.Equal(numbers(g.Release), release) {
			w.t.Fatalf("item %d releases %v, want %v", g.Item, numbers(g.Release), release)
		}
		w.open[g.Item] = map[int]int64{}
	}
	if w.c.Waiting() != len(w.waits) {
		w.t.Fatalf("%d wait, want %d", w.c.Waiting(), len(w.waits))
	}
}

func numbers(joins []Join) (list []int64) {
	for _, j := range joins {
		list = append(list, j.Number)
	}
	return list
}

// No user is lost or doubled, whatever order joins, deaths, timeouts and resets come in.
func TestNoUserIsLostOrDoubled(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := &world{t: t, plan: drawPlan(t), user: map[int64]int{}, waits: map[int64]int{}, dead: map[int64]bool{}}
		if err := w.plan.Validate(); err != nil {
			t.Fatal(err)
		}
		n := len(w.plan.Items)
		for range n {
			w.open = append(w.open, map[int]int64{})
			w.grouped = append(w.grouped, map[int64]int{})
			w.passed = append(w.passed, map[int64]bool{})
		}
		w.sizes = make([][]int, n)
		w.c = New(w.plan, rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0)))
		t.Repeat(map[string]func(*rapid.T){
			"join": func(t *rapid.T) {
				w.t = t
				for range rapid.IntRange(1, 5).Draw(t, "joins") {
					who := rapid.IntRange(1, 30).Draw(t, "who")
					j := Join{Number: int64(len(w.joined) + 1), User: who, Waits: rapid.Bool().Draw(t, "waits")}
					j.Item = rapid.IntRange(0, n-1).Draw(t, "item")
					for number := range w.waits {
						if w.user[number] == who { // a user that waits cannot join
							if _, err := w.c.Join(w.now, j); err == nil {
								t.Fatal("a user that waits could join again")
							}
							j.User = nil
						}
					}
					if j.User == nil {
						continue
					}
					w.joined = append(w.joined, j.Number)
					w.user[j.Number] = who
					if j.Waits {
						w.waits[j.Number] = j.Item
					}
					for i := range w.open {
						if before, ok := w.open[i][who]; ok {
							w.passed[i][before] = true
						}
						w.open[i][who] = j.Number
					}
					w.armed, w.due = w.plan.Timeout != Forever, w.now+w.plan.Timeout
					groups, err := w.c.Join(w.now, j)
					if err != nil {
						t.Fatal(err)
					}
					w.acts(Coordinate, groups)
				}
			},
			"die": func(t *rapid.T) {
				w.t = t
				if len(w.joined) == 0 {
					t.Skip("nobody has joined")
				}
				who := rapid.SampledFrom(w.joined).Draw(t, "who")
				_, waited := w.waits[who]
				if got := w.c.Leave(who); got != waited {
					t.Fatalf("leave of %d: %v, want %v", who, got, waited)
				}
				if waited {
					delete(w.waits, who)
					w.dead[who] = true
					for i := range w.open {
						if w.open[i][w.user[who]] == who {
							delete(w.open[i], w.user[who])
						}
					}
				}
			},
			"time passes": func(t *rapid.T) {
				w.t = t
				w.now += time.Duration(rapid.Int64Range(0, int64(15*time.Second)).Draw(t, "time"))
				if at, armed := w.c.Deadline(); armed != w.armed || armed && at != w.due {
					t.Fatalf("the deadline is %v (%v), want %v (%v)", at, armed, w.due, w.armed)
				}
				groups := w.c.Expire(w.now)
				if due := w.armed && w.now >= w.due; due {
					w.armed = false
					w.acts(Timeout, groups)
					if again := w.c.Expire(w.now + time.Hour); again != nil {
						t.Fatal("the timeout came twice")
					}
				} else if groups != nil {
					t.Fatalf("a timeout that was not due: %v", groups)
				}
			},
			"reset": func(t *rapid.T) {
				w.t = t
				groups, err := w.c.Reset()
				if err != nil {
					t.Fatal(err)
				}
				w.armed = false
				w.acts(Reset, groups)
			},
		})
		groups, err := w.c.Stop()
		if err != nil {
			t.Fatal(err)
		}
		w.t = t
		w.acts(Stop, groups)
		for i := range w.grouped {
			for _, who := range w.joined {
				want := 1
				if w.dead[who] && w.grouped[i][who] == 0 || w.passed[i][who] {
					want = 0 // it died, or joined again, before its group came together
				}
				if w.grouped[i][who] != want {
					t.Fatalf("join %d was in %d groups of item %d, want %d", who, w.grouped[i][who], i, want)
				}
			}
		}
		if len(w.waits) != 0 {
			t.Fatalf("%v still wait after the stop", w.waits)
		}
		if _, err := w.c.Join(w.now, Join{Number: -1}); !errors.Is(err, ErrStopped) {
			t.Fatalf("a join after the stop: %v", err)
		}
		if _, err := w.c.Reset(); !errors.Is(err, ErrStopped) {
			t.Fatalf("a reset after the stop: %v", err)
		}
		if _, err := w.c.Stop(); !errors.Is(err, ErrStopped) {
			t.Fatalf("a second stop: %v", err)
		}
	})
}

func TestBothEndsOfARangeAreDrawn(t *testing.T) {
	c := New(Plan{Items: []Size{{Min: 2, Max: 5}}, Timeout: time.Second}, source())
	drawn := map[int]int{}
	for i := range int64(4000) {
		groups, err := c.Join(0, Join{Number: i})
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range groups {
			drawn[len(g.Members)]++
		}
	}
	if len(drawn) != 4 {
		t.Errorf("drew the sizes %v, want each of 2 to 5", drawn)
	}
	for size, n := range drawn {
		if n < 200 || n > 400 {
			t.Errorf("%d groups of %d of %v: the draw is not even", n, size, drawn)
		}
	}
}

func TestTheSameSeedDrawsTheSameSizes(t *testing.T) {
	sizes := func() (list []int) {
		c := New(Plan{Items: []Size{{Min: 1, Max: 50}}, Timeout: time.Second}, source())
		for i := range int64(500) {
			groups, _ := c.Join(0, Join{Number: i})
			for _, g := range groups {
				list = append(list, len(g.Members))
			}
		}
		return list
	}
	if d := cmp.Diff(sizes(), sizes()); d != "" {
		t.Error(d)
	}
}

func TestTenThousandUsersInPairs(t *testing.T) {
	c := New(Plan{Items: []Size{Exactly(2)}, Timeout: time.Minute}, source())
	for round := range 3 {
		met := map[any]int{}
		for _, who := range rand.Perm(10_000) {
			groups, err := c.Join(0, Join{Number: int64(round*10_000 + who), User: who, Waits: true})
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range groups {
				if len(g.Members) != 2 || !reflect.DeepEqual(g.Members, g.Release) {
					t.Fatalf("group %+v", g)
				}
				for _, m := range g.Members {
					met[m.User]++
				}
			}
		}
		for who, n := range met {
			if n != 1 {
				t.Errorf("user %v was in %d pairs of round %d", who, n, round)
			}
		}
		if len(met) != 10_000 {
			t.Errorf("%d users met in round %d", len(met), round)
		}
	}
	if c.Waiting() != 0 {
		t.Errorf("%d still wait", c.Waiting())
	}
}

// The example of the documentation, step by step.
func TestEachItemCountsForItself(t *testing.T) {
	c := New(Plan{Items: []Size{{All: true}, Exactly(2), Exactly(3)}, Timeout: 30 * time.Second}, source())
	var got []Group
	for i := range int64(5) {
		groups, err := c.Join(time.Duration(i)*time.Second, Join{Number: i + 1})
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, groups...)
	}
	if groups := c.Expire(33 * time.Second); groups != nil {
		t.Errorf("the timeout came %v after the last join: %v", 29*time.Second, groups)
	}
	got = append(got, c.Expire(34*time.Second)...)
	joins := func(numbers ...int64) (list []Join) {
		for _, n := range numbers {
			list = append(list, Join{Number: n})
		}
		return list
	}
	want := []Group{
		{Item: 1, Members: joins(1, 2)},
		{Item: 2, Members: joins(1, 2, 3)},
		{Item: 1, Members: joins(3, 4)},
		{Item: 1, Kind: Timeout, Members: joins(5)},
		{Item: 2, Kind: Timeout, Members: joins(4, 5)},
		{Item: 0, Kind: Timeout, Members: joins(1, 2, 3, 4, 5)},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestManyWhoDieLeaveNothingBehind(t *testing.T) {
	c := New(Plan{Items: []Size{Exactly(10), {All: true}}, Timeout: Forever}, source())
	for i := range int64(100_000) {
		if _, err := c.Join(0, Join{Number: i, User: i, Waits: true, Item: 1}); err != nil {
			t.Fatal(err)
		}
		c.Leave(i)
	}
	for i := range c.items {
		if n := len(c.items[i].members); n > 100 || len(c.items[i].users) > 0 {
			t.Errorf("item %d still holds %d of those who died, and knows %d", i, n, len(c.items[i].users))
		}
	}
}

func TestPlansThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		plan Plan
		says string
	}{
		{Plan{Timeout: 1}, "the plan is empty"},
		{Plan{Items: []Size{Exactly(0)}, Timeout: 1}, "plan[0].users is 0, it must be"},
		{Plan{Items: []Size{{All: true}, {Min: 5, Max: 2}}, Timeout: 1}, "plan[1].users is [5, 2]"},
		{Plan{Items: []Size{Exactly(MaxUsers + 1)}, Timeout: 1}, "from 1 to 10000000"},
		{Plan{Items: []Size{Exactly(2)}}, "the timeout must be longer than 0, not 0s"},
	} {
		if err := c.plan.Validate(); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v, want %q", c.plan, err, c.says)
		}
	}
	c := New(Plan{Items: []Size{Exactly(2)}, Timeout: 1}, source())
	if _, err := c.Join(0, Join{Waits: true, Item: 1}); err == nil || err.Error() != "there is no item 1, the plan has the items 0 to 0" {
		t.Errorf("an item that is not there: %v", err)
	}
}

func BenchmarkJoin(b *testing.B) {
	c := New(Plan{Items: []Size{Exactly(2)}, Timeout: time.Minute}, source())
	b.ReportAllocs()
	var i int64
	for b.Loop() {
		i++
		c.Join(0, Join{Number: i, User: i, Waits: true})
	}
}
