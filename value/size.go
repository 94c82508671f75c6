package value

// Size is about how many bytes a Value holds in memory. It is for bounds, not for accounts.
func Size(v Value) int {
	const word = 16
	switch v := v.(type) {
	case string:
		return word + len(v)
	case *Array:
		n := word
		for _, item := range v.Items {
			n += Size(item)
		}
		return n
	case *Object:
		n := word
		for i, key := range v.keys {
			n += word + len(key) + Size(v.values[i])
		}
		return n
	case *Map:
		n := word
		for _, e := range v.Entries {
			n += Size(e[0]) + Size(e[1])
		}
		return n
	case *Set:
		n := word
		for _, item := range v.Items {
			n += Size(item)
		}
		return n
	case *Bytes:
		return word + len(v.Data)
	case *Error:
		return word + len(v.Name) + len(v.Message) + len(v.Stack) + Size(v.Cause)
	}
	return word
}
