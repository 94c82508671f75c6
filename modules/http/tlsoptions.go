package http

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"strings"

	"runner/value"
)

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
