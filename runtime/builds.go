package runtime

import (
	goruntime "runtime"
	"sync"
)

// builds are the users whose scripts are to be built. A few goroutines build them one after another:
// a hundred thousand users that all built theirs at once would each need a large stack for it and fight
// for the same few cores.
type builds struct {
	mu      sync.Mutex
	queue   []*user
	workers int
}

// maxBuilders is how many scripts are built at the same time. It is more than there are cores, since a
// script's top level may wait.
func maxBuilders() int { return 4 * goruntime.GOMAXPROCS(0) }

// build has a user's script built and then starts its goroutine.
func (n *node) build(u *user) {
	b := &n.builds
	b.mu.Lock()
	defer b.mu.Unlock()
	b.queue = append(b.queue, u)
	if b.workers < maxBuilders() {
		b.workers++
		n.task(n.buildAll)
	}
}

func (n *node) buildAll() {
	b := &n.builds
	for {
		b.mu.Lock()
		if len(b.queue) == 0 {
			b.queue = nil
			b.workers--
			b.mu.Unlock()
			return
		}
		u := b.queue[0]
		b.queue[0] = nil
		b.queue = b.queue[1:]
		b.mu.Unlock()
		go u.live(u.build())
	}
}
