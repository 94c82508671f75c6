package client

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// Target is a parsed URL whose path and query go on the wire as they were written: nothing is
// decoded, collapsed or re-encoded. Only what a request line cannot hold (spaces, control
// characters, bytes above 0x7E) is percent-encoded. A Target does not change once it was made.
type Target struct {
	Scheme    string // "http" or "https"
	Host      string // lower case ASCII, without brackets
	Port      string // never empty
	Authority string // for the Host header: without the scheme's own port
	Path      string // path and query, from "/"
	User      *url.Userinfo
	key       string   // names the connections that can serve it
	std       *url.URL // for the cookie jar
}

const forms = `want "http://host/path" or "https://host/path"`

// ParseTarget reads an absolute http or https URL. A fragment is dropped.
func ParseTarget(raw string) (*Target, error) {
	s := strings.Trim(raw, " \t\r\n\f")
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok {
		return nil, fmt.Errorf("url %q is not absolute: %s", raw, forms)
	}
	t := &Target{Scheme: strings.ToLower(scheme)}
	if t.Scheme != "http" && t.Scheme != "https" {
		return nil, fmt.Errorf("url %q has the scheme %q: %s", raw, scheme, forms)
	}
	end := strings.IndexAny(rest, "/?#")
	authority, path := rest, ""
	if end >= 0 {
		authority, path = rest[:end], rest[end:]
	}
	if at := strings.LastIndexByte(authority, '@'); at >= 0 {
		user, err := parseUser(authority[:at])
		if err != nil {
			return nil, fmt.Errorf("url %q: %w", raw, err)
		}
		t.User, authority = user, authority[at+1:]
	}
	if err := t.setAuthority(authority); err != nil {
		return nil, fmt.Errorf("url %q: %w", raw, err)
	}
	t.setPath(path)
	t.finish()
	return t, nil
}

func parseUser(s string) (*url.Userinfo, error) {
	name, password, has := strings.Cut(s, ":")
	name, err := url.PathUnescape(name)
	if err != nil {
		return nil, fmt.Errorf("bad user name: %w", err)
	}
	if !has {
		return url.User(name), nil
	}
	if password, err = url.PathUnescape(password); err != nil {
		return nil, fmt.Errorf("bad password: %w", err)
	}
	return url.UserPassword(name, password), nil
}

func (t *Target) setAuthority(s string) error {
	host, port := s, ""
	if strings.HasPrefix(s, "[") {
		i := strings.IndexByte(s, ']')
		if i < 0 {
			return fmt.Errorf("the IPv6 address %q has no closing bracket", s)
		}
		host, port = s[1:i], s[i+1:]
		if port != "" && port[0] != ':' {
			return fmt.Errorf("%q follows the IPv6 address, want a port", port)
		}
		port = strings.TrimPrefix(port, ":")
		host = strings.Replace(host, "%25", "%", 1)
		addr, err := netip.ParseAddr(host)
		if err != nil || !addr.Is6() {
			return fmt.Errorf("%q is no IPv6 address", host)
		}
		t.Host = strings.ToLower(host)
	} else {
		if i := strings.LastIndexByte(s, ':'); i >= 0 {
			host, port = s[:i], s[i+1:]
		}
		name, err := asciiHost(host)
		if err != nil {
			return err
		}
		t.Host = name
	}
	t.Port = port
	if port == "" {
		t.Port = defaultPort(t.Scheme)
	} else if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("%q is no port: want 1 to 65535", port)
	}
	return nil
}

func defaultPort(scheme string) string {
	if scheme == "https" {
		return "443"
	}
	return "80"
}

// asciiHost gives a host name as DNS knows it.
func asciiHost(host string) (string, error) {
	if host == "" {
		return "", fmt.Errorf("there is no host: %s", forms)
	}
	if strings.IndexByte(host, '%') >= 0 {
		decoded, err := url.PathUnescape(host)
		if err != nil {
			return "", fmt.Errorf("%q is no host name", host)
		}
		host = decoded
	}
	for i := 0; i < len(host); i++ {
		if host[i] >= 0x80 {
			name, err := idna.Lookup.ToASCII(host)
			if err != nil {
				return "", fmt.Errorf("%q is no host name: %w", host, err)
			}
			host = name
			break
		}
	}
	for i := 0; i < len(host); i++ {
		if c := host[i]; c <= ' ' || c == 0x7f || strings.IndexByte(`"#%/:<>?@[\]^|{}`+"`", c) >= 0 {
			return "", fmt.Errorf("%q is no host name: it has %q in it", host, c)
		}
	}
	return strings.ToLower(host), nil
}

func (t *Target) setPath(s string) {
	if i := strings.IndexByte(s, '#'); i >= 0 {
		s = s[:i]
	}
	if s == "" || s[0] != '/' {
		s = "/" + s
	}
	t.Path = escapeTarget(s)
}

func escapeTarget(s string) string {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c >= 0x7f {
			var b strings.Builder
			for j := 0; j < len(s); j++ {
				if c := s[j]; c <= ' ' || c >= 0x7f {
					fmt.Fprintf(&b, "%%%02X", c)
				} else {
					b.WriteByte(c)
				}
			}
			return b.String()
		}
	}
	return s
}

func (t *Target) finish() {
	host := t.Host
	if strings.IndexByte(host, ':') >= 0 {
		zoneless, _, _ := strings.Cut(host, "%")
		host = "[" + zoneless + "]"
	}
	t.Authority = host
	if t.Port != defaultPort(t.Scheme) {
		t.Authority = host + ":" + t.Port
	}
	t.key = t.Scheme + " " + t.Address()
}

// Address is host and port, to dial and to name in errors.
func (t *Target) Address() string {
	if strings.IndexByte(t.Host, ':') >= 0 {
		return "[" + t.Host + "]:" + t.Port
	}
	return t.Host + ":" + t.Port
}

// String is the URL, without user and password.
func (t *Target) String() string { return t.Scheme + "://" + t.Authority + t.Path }

// Name is the URL without its query: what a request is called in metrics unless the script names it.
func (t *Target) Name() string {
	path, _, _ := strings.Cut(t.Path, "?")
	return t.Scheme + "://" + t.Authority + path
}

// WithQuery gives the same target with more query; q is already encoded.
func (t *Target) WithQuery(q string) *Target {
	if q == "" {
		return t
	}
	c := *t
	c.std = nil
	switch {
	case strings.HasSuffix(t.Path, "?"), strings.HasSuffix(t.Path, "&") && strings.Contains(t.Path, "?"):
		c.Path += q
	case strings.Contains(t.Path, "?"):
		c.Path += "&" + q
	default:
		c.Path += "?" + q
	}
	return &c
}

// Join gives the target of a path under a base URL: the two are put together as they are written, with
// one slash between.
func (t *Target) Join(ref string) (*Target, error) {
	c := *t
	c.std = nil
	if strings.HasPrefix(ref, "//") {
		return nil, fmt.Errorf("url %q is not absolute and no path: %s, or a path under the base URL", ref, forms)
	}
	path, query, _ := strings.Cut(t.Path, "?")
	if query != "" {
		return nil, fmt.Errorf("the base URL %s has a query; nothing can be put behind it", t)
	}
	path = strings.TrimSuffix(path, "/")
	if ref != "" && ref[0] != '/' && ref[0] != '?' && ref[0] != '#' {
		path += "/"
	}
	c.setPath(path + ref)
	return &c, nil
}

// jarURL is what the cookie jar is asked with.
func (t *Target) jarURL() *url.URL {
	if t.std != nil {
		return t.std
	}
	path, _, _ := strings.Cut(t.Path, "?")
	if p, err := url.PathUnescape(path); err == nil {
		path = p
	}
	return &url.URL{Scheme: t.Scheme, Host: t.Authority, Path: path}
}

// Resolve gives the target that a Location (or a relative URL under a base) stands for. As in
// browsers, dot segments are resolved here; empty segments and escapes stay as they are.
func (t *Target) Resolve(ref string) (*Target, error) {
	ref = strings.Trim(ref, " \t")
	if i := strings.IndexAny(ref, ":/?#"); i > 0 && ref[i] == ':' && isScheme(ref[:i]) {
		next, err := ParseTarget(ref)
		if err != nil {
			return nil, err
		}
		next.Path = removeDots(next.Path)
		return next, nil
	}
	if strings.HasPrefix(ref, "//") {
		next, err := ParseTarget(t.Scheme + ":" + ref)
		if err != nil {
			return nil, err
		}
		next.Path = removeDots(next.Path)
		return next, nil
	}
	c := *t
	c.std, c.User = nil, t.User
	if i := strings.IndexByte(ref, '#'); i >= 0 {
		ref = ref[:i]
	}
	path, _, _ := strings.Cut(t.Path, "?")
	switch {
	case ref == "":
		return &c, nil
	case ref[0] == '?':
		c.Path = escapeTarget(path + ref)
	case ref[0] == '/':
		c.Path = removeDots(escapeTarget(ref))
	default:
		c.Path = removeDots(escapeTarget(path[:strings.LastIndexByte(path, '/')+1] + ref))
	}
	return &c, nil
}

func isScheme(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i] | 0x20
		if (c < 'a' || c > 'z') && (i == 0 || (s[i] < '0' || s[i] > '9') && s[i] != '+' && s[i] != '-' && s[i] != '.') {
			return false
		}
	}
	return s != ""
}

// removeDots is RFC 3986 §5.2.4 for the path of a path and query.
func removeDots(s string) string {
	path, query, has := strings.Cut(s, "?")
	if !strings.Contains(path, "/.") {
		return s
	}
	parts := strings.Split(path[1:], "/")
	out := parts[:0:0]
	for i, p := range parts {
		last := i == len(parts)-1
		switch p {
		case ".":
			if last {
				out = append(out, "")
			}
		case "..":
			if len(out) > 0 {
				out = out[:len(out)-1]
			}
			if last {
				out = append(out, "")
			}
		default:
			out = append(out, p)
		}
	}
	path = "/" + strings.Join(out, "/")
	if has {
		return path + "?" + query
	}
	return path
}
