package timeline

import (
	"net/url"
	"strings"
)

// Origin is what all names of endpoints begin with, if that is a scheme and a host; else it is empty.
func Origin(names []string) string {
	common := ""
	for i, name := range names {
		u, err := url.Parse(name)
		if err != nil || u.Scheme == "" || u.Host == "" || len(u.Path) == 0 {
			return ""
		}
		this := u.Scheme + "://" + u.Host
		if i > 0 && this != common || !strings.HasPrefix(name, this) {
			return ""
		}
		common = this
	}
	return common
}
