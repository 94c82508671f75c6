package http

import (
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"runner/metrics"
	"runner/modules/http/client"
	"runner/value"
)

// Section is the key of this module in the script's options and in js.Env.Settings.
const Section = "http"

// Settings are a script's options.http, decoded. They do not change and are shared by all users.
type Settings struct {
	Config        *client.Config
	Base          *client.Target // nil without a baseURL
	Header        []client.Field
	Drop          []string // default headers that are not sent
	Redirects     int
	Cookies       string // "keep", "iteration" or "off"
	NewConnection string // "", "iteration" or "request"
	Throws        bool
	Expect        *statuses // nil: 100 to 399
	Discard       bool
	Compression   string // Accept-Encoding, empty: not asked for
	Type          responseType
	Auth          *client.Auth
	Tags          []metrics.Tag
	Socket        string
	Route         func(*client.Target) *client.Proxy // nil: what the environment says
	NoProxy       bool
	Version       string
	pool          *pool // of http.shared()
	Insecure      bool  // certificates are not verified: figures and verdict come from whoever answered
}

var defaults = &Settings{Config: client.Defaults(), Redirects: client.DefaultMaxRedirects, Cookies: "keep", pool: new(pool)}

// DecodeOptions makes *Settings of a script's options.http; undefined gives the defaults.
func DecodeOptions(v value.Value) (any, error) {
	s := *defaults
	s.Config, s.pool = client.Defaults(), new(pool)
	if v == nil || v == value.Undefined {
		return &s, nil
	}
	d := &decoder{what: "options.http"}
	d.object(v, s.keys())
	if d.err != nil {
		return nil, d.err
	}
	return &s, nil
}

// SetBaseURL gives the same settings with another base URL; settings is nil or what DecodeOptions made.
func SetBaseURL(settings any, base string) (any, error) {
	s := *defaults
	if given, ok := settings.(*Settings); ok && given != nil {
		s = *given
	}
	t, err := client.ParseTarget(base)
	if err != nil {
		return nil, fmt.Errorf("base URL: %w", err)
	}
	s.Base = t
	return &s, nil
}

// keys are all options of options.http.
func (s *Settings) keys() map[string]func(*decoder, value.Value) {
	cfg := s.Config
	return map[string]func(*decoder, value.Value){
		"baseURL": func(d *decoder, v value.Value) {
			t, err := client.ParseTarget(d.string(v))
			if err != nil {
				d.fail("%s", err)
			}
			s.Base = t
		},
		"headers":        func(d *decoder, v value.Value) { s.Header = d.fields(v, &s.Drop) },
		"timeout":        func(d *decoder, v value.Value) { cfg.Timeout = d.positive(v) },
		"connectTimeout": func(d *decoder, v value.Value) { cfg.ConnectTimeout = d.positive(v) },
		"idleTimeout":    func(d *decoder, v value.Value) { cfg.IdleTimeout = d.duration(v, true) },
		"redirects":      func(d *decoder, v value.Value) { s.Redirects = d.redirects(v) },
		"cookies":        func(d *decoder, v value.Value) { s.Cookies = d.oneOf(v, "keep", "iteration", "off") },
		"newConnection":  func(d *decoder, v value.Value) { s.NewConnection = d.oneOf(v, "iteration", "request") },
		"throws":         func(d *decoder, v value.Value) { s.Throws = d.bool(v) },
		"expect":         func(d *decoder, v value.Value) { s.Expect = d.statuses(v) },
		"discardBodies":  func(d *decoder, v value.Value) { s.Discard = d.bool(v) },
		"maxBodySize":    func(d *decoder, v value.Value) { cfg.MaxBody = d.size(v) },
		"responseType": func(d *decoder, v value.Value) {
			s.Type = typeOf(d.oneOf(v, "text", "binary", "none"))
		},
		"compression": func(d *decoder, v value.Value) {
			text, ok := v.(string)
			if b, is := v.(bool); is && b {
				text, ok = client.AllCodings, true
			} else if is {
				return
			}
			if err := client.CheckField("Accept-Encoding", text); !ok || err != nil || text == "" {
				d.fail(`want true, or codings as in "gzip, br", not %s`, show(v))
				return
			}
			s.Compression = text
		},
		"auth":      func(d *decoder, v value.Value) { s.Auth = d.auth(v) },
		"tags":      func(d *decoder, v value.Value) { s.Tags = d.tags(v) },
		"socket":    func(d *decoder, v value.Value) { s.Socket = d.string(v) },
		"retry":     func(d *decoder, v value.Value) { cfg.NoRetry = !d.bool(v) },
		"hosts":     func(d *decoder, v value.Value) { cfg.Hosts = d.hosts(v) },
		"dnsTTL":    func(d *decoder, v value.Value) { cfg.DNSTTL = d.duration(v, true) },
		"dnsServer": func(d *decoder, v value.Value) { cfg.DNSServer = d.dnsServer(v) },
		"localAddresses": func(d *decoder, v value.Value) {
			for _, text := range d.strings(v) {
				d.addresses(text, &cfg.LocalAddrs)
			}
		},
		"version": func(d *decoder, v value.Value) { s.Version = versionOf(d.oneOf(v, versions...)) },
		"proxy":   func(d *decoder, v value.Value) { s.Route, s.NoProxy = d.proxy(v) },
		"tls":     func(d *decoder, v value.Value) { cfg.TLS = d.tls(v, &s.Insecure) },
	}
}

var versions = []string{"auto", "1.1", "2"}

func versionOf(word string) string {
	if word == "auto" {
		return client.VersionAuto
	}
	return word
}

// proxy reads a proxy's URL, or { url, except }; false is none at all, also not the environment's.
func (d *decoder) proxy(v value.Value) (func(*client.Target) *client.Proxy, bool) {
	if b, ok := v.(bool); ok && !b {
		return nil, true
	}
	var url string
	var except []string
	if _, ok := v.(*value.Object); ok {
		d.object(v, map[string]func(*decoder, value.Value){
			"url":    func(d *decoder, v value.Value) { url = d.string(v) },
			"except": func(d *decoder, v value.Value) { except = d.strings(v) },
		})
	} else {
		url = d.string(v)
	}
	if d.err != nil {
		return nil, false
	}
	p, err := client.ParseProxy(url)
	if err != nil {
		d.fail("%s", err)
		return nil, false
	}
	return client.Through(p, except), false
}

// route is the rule by which requests find their proxy, nil if there is none.
func (s *Settings) route() func(*client.Target) *client.Proxy {
	if s.Route != nil || s.NoProxy {
		return s.Route
	}
	return client.ProxyFromEnvironment()
}

func (d *decoder) positive(v value.Value) time.Duration {
	t := d.duration(v, true)
	if t == 0 {
		d.fail("want more than no time at all")
	}
	return t
}

func (d *decoder) redirects(v value.Value) int {
	if b, ok := v.(bool); ok && !b {
		return 0
	}
	return int(d.int(v, 0, 100))
}

// statuses are those that a script expects.
type statuses struct{ ok [1000]bool }

func (s *statuses) has(status int) bool {
	if s == nil {
		return status >= 100 && status < 400
	}
	return status >= 0 && status < len(s.ok) && s.ok[status]
}

// add takes 200, "2xx" or "200-299".
func (s *statuses) add(text string) bool {
	from, to, dashed := strings.Cut(text, "-")
	if !dashed {
		to = from
	}
	if len(text) == 3 && strings.EqualFold(text[1:], "xx") {
		from, to = text[:1]+"00", text[:1]+"99"
	}
	a, err1 := strconv.Atoi(strings.TrimSpace(from))
	b, err2 := strconv.Atoi(strings.TrimSpace(to))
	if err1 != nil || err2 != nil || a < 100 || b > 999 || a > b {
		return false
	}
	for i := a; i <= b; i++ {
		s.ok[i] = true
	}
	return true
}

const acceptedStatuses = `want a status or a list of them, as in 200, "2xx" or "200-299"`

func (d *decoder) statuses(v value.Value) *statuses {
	items := []value.Value{v}
	if a, ok := v.(*value.Array); ok {
		items = a.Items
	}
	s := new(statuses)
	for _, item := range items {
		text, _ := item.(string)
		if f, ok := item.(float64); ok {
			text = strconv.FormatFloat(f, 'f', -1, 64)
		}
		if !s.add(text) {
			d.fail("%s, not %s", acceptedStatuses, show(item))
		}
	}
	return s
}

func (d *decoder) auth(v value.Value) *client.Auth {
	a := new(client.Auth)
	d.object(v, map[string]func(*decoder, value.Value){
		"type":     func(d *decoder, v value.Value) { a.Scheme = d.oneOf(v, "basic", "bearer", "digest") },
		"username": func(d *decoder, v value.Value) { a.User = d.string(v) },
		"password": func(d *decoder, v value.Value) { a.Password = d.string(v) },
		"token":    func(d *decoder, v value.Value) { a.Token = d.string(v) },
	})
	if d.err == nil {
		if err := checkAuth(a); err != nil {
			d.fail("%s", err)
		}
	}
	return a
}

// checkAuth fills in the type that the other keys imply.
func checkAuth(a *client.Auth) error {
	if a.Scheme == "" {
		a.Scheme = "basic"
		if a.Token != "" {
			a.Scheme = "bearer"
		}
	}
	if a.Scheme == "bearer" && (a.Token == "" || a.User != "" || a.Password != "") {
		return fmt.Errorf("a bearer has a token and no username or password")
	}
	if a.Scheme != "bearer" && (a.User == "" || a.Token != "") {
		return fmt.Errorf("%s has a username and a password and no token", a.Scheme)
	}
	return client.CheckField("Authorization", a.Token)
}

func (d *decoder) hosts(v value.Value) map[string]string {
	o, ok := v.(*value.Object)
	if !ok {
		d.fail("want an object of host names and addresses, not %s", show(v))
		return nil
	}
	hosts := make(map[string]string, o.Len())
	for i := range o.Len() {
		name, val := o.At(i)
		hosts[strings.ToLower(name)] = d.string(val)
	}
	return hosts
}

func (d *decoder) dnsServer(v value.Value) string {
	s := d.string(v)
	if d.err != nil {
		return ""
	}
	if a, err := netip.ParseAddr(s); err == nil {
		return net.JoinHostPort(a.String(), "53")
	}
	if _, err := netip.ParseAddrPort(s); err != nil {
		d.fail(`want an address, as in "10.0.0.2" or "10.0.0.2:5353", not %q`, s)
	}
	return s
}

// addresses reads one address or a prefix, of which each host address is one.
func (d *decoder) addresses(text string, to *[]netip.Addr) {
	if a, err := netip.ParseAddr(text); err == nil {
		*to = append(*to, a)
		return
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		d.fail(`want addresses or prefixes, as in "10.0.0.5" or "10.0.0.0/28", not %q`, text)
		return
	}
	const most = 1 << 16
	for a, n := p.Masked().Addr(), 0; p.Contains(a) && n < most; a, n = a.Next(), n+1 {
		*to = append(*to, a)
	}
}
