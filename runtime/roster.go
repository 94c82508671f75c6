package runtime

import "fmt"

// roster is the controller's list of the users that are wanted: told to start, not told to stop, not
// gone. It gives ids, which are never used twice.
type roster struct {
	nodes  []Node
	lastID int64
	wanted map[int64]int // id → index of its node
	order  []int64       // ids as they were given, those no longer wanted among them
	load   []int         // wanted users by node
}

func newRoster(nodes []Node) *roster {
	return &roster{nodes: nodes, wanted: map[int64]int{}, load: make([]int, len(nodes))}
}

func (r *roster) len() int { return len(r.wanted) }

// add takes n new ids and spreads them evenly, each to the node with the fewest users, or all to one.
func (r *roster) add(n int, nodeName string) ([][]int64, error) {
	only := -1
	if nodeName != "" {
		for i, node := range r.nodes {
			if node.Name() == nodeName {
				only = i
			}
		}
		if only < 0 {
			names := make([]string, len(r.nodes))
			for i, node := range r.nodes {
				names[i] = node.Name()
			}
			return nil, fmt.Errorf("there is no node %q, there are %q", nodeName, names)
		}
	}
	parts := make([][]int64, len(r.nodes))
	for range n {
		at := only
		if at < 0 {
			at = r.emptiest()
		}
		id := r.nextID()
		r.want(id, at)
		parts[at] = append(parts[at], id)
	}
	return parts, nil
}

func (r *roster) nextID() int64 {
	r.lastID++
	return r.lastID
}

func (r *roster) want(id int64, node int) {
	r.wanted[id] = node
	r.load[node]++
	r.order = append(r.order, id)
}

func (r *roster) emptiest() int {
	best := 0
	for i := range r.load {
		if r.load[i] < r.load[best] {
			best = i
		}
	}
	return best
}

// remove takes the n newest users off the list and says which they are, by node.
func (r *roster) remove(n int) (parts [][]int64, removed int) {
	parts = make([][]int64, len(r.nodes))
	for removed < n && len(r.order) > 0 {
		id := r.order[len(r.order)-1]
		r.order = r.order[:len(r.order)-1]
		if node, ok := r.wanted[id]; ok {
			r.forget(id)
			parts[node] = append(parts[node], id)
			removed++
		}
	}
	return parts, removed
}

// forget takes a user off the list that has gone by itself.
func (r *roster) forget(id int64) {
	node, ok := r.wanted[id]
	if !ok {
		return
	}
	delete(r.wanted, id)
	r.load[node]--
	if len(r.order) > 64 && len(r.order) > 2*len(r.wanted) {
		kept := r.order[:0]
		for _, id := range r.order {
			if _, ok := r.wanted[id]; ok {
				kept = append(kept, id)
			}
		}
		r.order = kept
	}
}
