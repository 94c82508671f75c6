package http

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math"
	"net"
	"net/netip"
	"os"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"runner/js"
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

// decoder reads a Value key by key and keeps the first thing that is wrong.
type decoder struct {
	what string
	err  error
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = js.TypeErrorf("%s: %s", d.what, fmt.Sprintf(format, args...))
	}
}

// object reads a plain object; each key must be one of keys.
func (d *decoder) object(v value.Value, keys map[string]func(*decoder, value.Value)) {
	o, ok := v.(*value.Object)
	if !ok {
		d.fail("want an object, not %s", show(v))
		return
	}
	for i := range o.Len() {
		key, val := o.At(i)
		read := keys[key]
		if read == nil {
			d.fail("%s", unknown(key, keys))
			return
		}
		if val == value.Undefined {
			continue
		}
		inner := &decoder{what: d.what + "." + key}
		read(inner, val)
		if inner.err != nil && d.err == nil {
			d.err = inner.err
		}
	}
}

// unknown says that there is no such key, and which is meant or accepted.
func unknown[V any](key string, known map[string]V) string {
	names := make([]string, 0, len(known))
	for k := range known {
		names = append(names, k)
	}
	sort.Strings(names)
	if near := js.Nearest(key, names); near != "" {
		return fmt.Sprintf("there is no option %q; did you mean %q?", key, near)
	}
	return fmt.Sprintf("there is no option %q (there are %s)", key, strings.Join(names, ", "))
}

func show(v value.Value) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool, float64:
		return fmt.Sprint(v)
	case string:
		return strconv.Quote(v)
	case *value.Array:
		return "a list"
	case *value.Object:
		return "an object"
	}
	if v == value.Undefined {
		return "undefined"
	}
	return fmt.Sprintf("%T", v)
}

func (d *decoder) duration(v value.Value, infinite bool) time.Duration {
	const accepted = `want a duration with a unit, as in "250ms", "5s" or "2m"`
	if f, ok := v.(float64); ok && math.IsInf(f, 1) && infinite {
		return math.MaxInt64 / 4
	}
	s, ok := v.(string)
	if !ok {
		d.fail("%s, not %s", accepted, show(v))
		return 0
	}
	if s == "Infinity" && infinite {
		return math.MaxInt64 / 4
	}
	t, err := time.ParseDuration(strings.TrimSpace(s))
	if err != nil || t < 0 {
		d.fail("%s, not %s", accepted, show(v))
		return 0
	}
	return t
}

func (d *decoder) bool(v value.Value) bool {
	b, ok := v.(bool)
	if !ok {
		d.fail("want true or false, not %s", show(v))
	}
	return b
}

func (d *decoder) string(v value.Value) string {
	s, ok := v.(string)
	if !ok {
		d.fail("want a string, not %s", show(v))
	}
	return s
}

func (d *decoder) oneOf(v value.Value, words ...string) string {
	s := d.string(v)
	if d.err == nil && !slices.Contains(words, s) {
		d.fail("want one of %s, not %q", strings.Join(words, ", "), s)
	}
	return s
}

func (d *decoder) int(v value.Value, least, most int64) int64 {
	f, ok := v.(float64)
	if !ok || f != math.Trunc(f) || f < float64(least) || f > float64(most) {
		d.fail("want an integer from %d to %d, not %s", least, most, show(v))
		return 0
	}
	return int64(f)
}

// strings reads one string or a list of them.
func (d *decoder) strings(v value.Value) []string {
	if s, ok := v.(string); ok {
		return []string{s}
	}
	a, ok := v.(*value.Array)
	if !ok {
		d.fail("want a list of strings, not %s", show(v))
		return nil
	}
	out := make([]string, len(a.Items))
	for i, item := range a.Items {
		out[i] = d.string(item)
	}
	return out
}

// size reads a number of bytes, or text such as "64MB".
func (d *decoder) size(v value.Value) int64 {
	switch v := v.(type) {
	case float64:
		if v >= 0 && v == math.Trunc(v) && v < 1<<53 {
			return int64(v)
		}
		if math.IsInf(v, 1) {
			return math.MaxInt64 / 2
		}
	case string:
		if n, err := parseSize(v); err == nil {
			return n
		}
	}
	d.fail(`want a number of bytes, or text as in "64MB", not %s`, show(v))
	return 0
}

func parseSize(s string) (int64, error) {
	number := strings.TrimRight(strings.TrimSpace(s), "BbKkMmGgi ")
	unit := strings.ToUpper(strings.TrimSpace(strings.TrimSpace(s)[len(number):]))
	scale := map[string]float64{"": 1, "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KIB": 1 << 10, "MIB": 1 << 20, "GIB": 1 << 30}[unit]
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || scale == 0 || n < 0 || n*scale > 1<<53 {
		return 0, fmt.Errorf("no size")
	}
	return int64(n * scale), nil
}

// fields reads headers: a value may be a string, a number, a list of them, or null, which takes a
// default header away.
func (d *decoder) fields(v value.Value, drop *[]string) (fields []client.Field) {
	o, ok := v.(*value.Object)
	if !ok {
		d.fail("want an object of names and values, not %s", show(v))
		return nil
	}
	for i := range o.Len() {
		name, val := o.At(i)
		values := []value.Value{val}
		switch val := val.(type) {
		case nil:
			*drop = append(*drop, strings.ToLower(name))
			continue
		case *value.Array:
			values = val.Items
		}
		for _, val := range values {
			var text string
			switch val := val.(type) {
			case string:
				text = val
			case float64:
				text = strconv.FormatFloat(val, 'f', -1, 64)
			case bool:
				text = strconv.FormatBool(val)
			default:
				d.fail("the value of %q must be a string, not %s", name, show(val))
				return nil
			}
			if err := client.CheckField(name, text); err != nil {
				d.fail("%s", err)
				return nil
			}
			fields = append(fields, client.Field{Name: name, Value: text})
		}
	}
	return fields
}

func (d *decoder) tags(v value.Value) (tags []metrics.Tag) {
	o, ok := v.(*value.Object)
	if !ok {
		d.fail("want an object of names and values, not %s", show(v))
		return nil
	}
	for i := range o.Len() {
		name, val := o.At(i)
		switch val := val.(type) {
		case string:
			tags = append(tags, metrics.Tag{Key: name, Value: val})
		case float64, bool:
			tags = append(tags, metrics.Tag{Key: name, Value: fmt.Sprint(val)})
		default:
			d.fail("the tag %q must be a string, not %s", name, show(val))
		}
	}
	return tags
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

var tlsVersions = map[string]uint16{"1.0": tls.VersionTLS10, "1.1": tls.VersionTLS11, "1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}

func (d *decoder) tls(v value.Value, insecure *bool) *tls.Config {
	cfg := &tls.Config{}
	var cert, key string
	version := func(d *decoder, v value.Value) uint16 {
		return tlsVersions[d.oneOf(v, "1.0", "1.1", "1.2", "1.3")]
	}
	d.object(v, map[string]func(*decoder, value.Value){
		"ca": func(d *decoder, v value.Value) {
			pool, err := x509.SystemCertPool()
			if err != nil {
				pool = x509.NewCertPool()
			}
			for _, item := range d.strings(v) {
				pem, err := readPEM(item)
				if err != nil {
					d.fail("%s", err)
				} else if !pool.AppendCertsFromPEM(pem) {
					d.fail("there is no certificate in %s", name(item))
				}
			}
			cfg.RootCAs = pool
		},
		"cert":       func(d *decoder, v value.Value) { cert = d.string(v) },
		"key":        func(d *decoder, v value.Value) { key = d.string(v) },
		"serverName": func(d *decoder, v value.Value) { cfg.ServerName = d.string(v) },
		"minVersion": func(d *decoder, v value.Value) { cfg.MinVersion = version(d, v) },
		"maxVersion": func(d *decoder, v value.Value) { cfg.MaxVersion = version(d, v) },
		"ciphers": func(d *decoder, v value.Value) {
			for _, text := range d.strings(v) {
				id, ok := cipher(text)
				if !ok {
					d.fail("there is no cipher suite %q (there are %s)", text, strings.Join(cipherNames(), ", "))
				}
				cfg.CipherSuites = append(cfg.CipherSuites, id)
			}
		},
		"insecure": func(d *decoder, v value.Value) {
			*insecure = d.bool(v)
			cfg.InsecureSkipVerify = *insecure
		},
		"resumption": func(d *decoder, v value.Value) { cfg.SessionTicketsDisabled = !d.bool(v) },
	})
	if d.err != nil {
		return nil
	}
	if cfg.MaxVersion != 0 && cfg.MinVersion > cfg.MaxVersion {
		d.fail("minVersion is above maxVersion")
	}
	if (cert == "") != (key == "") {
		d.fail("cert and key come together")
	}
	if cert != "" && d.err == nil {
		c, err := readPEM(cert)
		var k []byte
		if err == nil {
			k, err = readPEM(key)
		}
		var pair tls.Certificate
		if err == nil {
			pair, err = tls.X509KeyPair(c, k)
		}
		if err != nil {
			d.fail("the client certificate: %s", err)
			return nil
		}
		cfg.Certificates = []tls.Certificate{pair}
	}
	return cfg
}

// readPEM takes PEM text as it is, and anything else as the name of a file.
func readPEM(s string) ([]byte, error) {
	if strings.Contains(s, "-----BEGIN") {
		return []byte(s), nil
	}
	return os.ReadFile(s)
}

func name(pem string) string {
	if strings.Contains(pem, "-----BEGIN") {
		return "the PEM text"
	}
	return pem
}

func cipher(name string) (uint16, bool) {
	for _, list := range [][]*tls.CipherSuite{tls.CipherSuites(), tls.InsecureCipherSuites()} {
		for _, c := range list {
			if c.Name == name {
				return c.ID, true
			}
		}
	}
	return 0, false
}

func cipherNames() (names []string) {
	for _, c := range tls.CipherSuites() {
		names = append(names, c.Name)
	}
	return names
}
