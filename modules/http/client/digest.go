package client

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"strings"
)

// challenge is a server's demand for digest credentials (RFC 7616), and how often its nonce was used.
type challenge struct {
	realm, nonce, opaque, algorithm string
	qop, userhash                   bool
	count                           int
}

var digestHashes = map[string]func() hash.Hash{
	"MD5": md5.New, "SHA-256": sha256.New, "SHA-512-256": sha512.New512_256,
}

// strength orders the algorithms that a server may offer side by side.
var strength = map[string]int{"MD5": 1, "SHA-256": 2, "SHA-512-256": 3}

// readChallenge takes the strongest digest challenge that we can answer; nil if there is none.
func readChallenge(values []string) *challenge {
	var best *challenge
	for _, v := range values {
		for _, params := range digestParams(v) {
			c := &challenge{realm: params["realm"], nonce: params["nonce"], opaque: params["opaque"], algorithm: params["algorithm"],
				userhash: strings.EqualFold(params["userhash"], "true")}
			if c.algorithm == "" {
				c.algorithm = "MD5"
			}
			base := strings.TrimSuffix(strings.ToUpper(c.algorithm), "-SESS")
			if digestHashes[base] == nil || c.nonce == "" {
				continue
			}
			if q, ok := params["qop"]; ok {
				for item := range strings.SplitSeq(q, ",") {
					c.qop = c.qop || strings.TrimSpace(strings.ToLower(item)) == "auth"
				}
				if !c.qop {
					continue // only auth-int, which hashes bodies
				}
			}
			if best == nil || strength[base] > strength[strings.TrimSuffix(strings.ToUpper(best.algorithm), "-SESS")] {
				best = c
			}
		}
	}
	return best
}

// digestParams finds the digest challenges in a WWW-Authenticate value, which may hold several schemes.
func digestParams(v string) (all []map[string]string) {
	var current map[string]string
	for v = strings.TrimSpace(v); v != ""; v = strings.TrimLeft(v, " \t,") {
		i := 0
		for i < len(v) && token[v[i]] {
			i++
		}
		if i == 0 { // the rest of another scheme's token68
			v = v[1:]
			continue
		}
		word := v[:i]
		rest := strings.TrimLeft(v[i:], " \t")
		if !strings.HasPrefix(rest, "=") || strings.HasPrefix(rest, "==") {
			current = nil
			if strings.EqualFold(word, "digest") {
				current = map[string]string{}
				all = append(all, current)
			}
			v = rest
			continue
		}
		rest = strings.TrimLeft(rest[1:], " \t")
		var value string
		if strings.HasPrefix(rest, `"`) {
			var b strings.Builder
			j := 1
			for ; j < len(rest) && rest[j] != '"'; j++ {
				if rest[j] == '\\' && j+1 < len(rest) {
					j++
				}
				b.WriteByte(rest[j])
			}
			value, v = b.String(), rest[min(len(rest), j+1):]
		} else {
			j := strings.IndexAny(rest, ", \t")
			if j < 0 {
				j = len(rest)
			}
			value, v = rest[:j], rest[j:]
		}
		if current != nil {
			current[strings.ToLower(word)] = value
		}
	}
	return all
}

// answer is the Authorization for one request under the challenge.
func (c *challenge) answer(method, uri, user, password, cnonce string) string {
	c.count++
	name := strings.ToUpper(c.algorithm)
	base := strings.TrimSuffix(name, "-SESS")
	h := func(parts ...string) string {
		d := digestHashes[base]()
		d.Write([]byte(strings.Join(parts, ":")))
		return hex.EncodeToString(d.Sum(nil))
	}
	ha1 := h(user, c.realm, password)
	if base != name {
		ha1 = h(ha1, c.nonce, cnonce)
	}
	ha2 := h(method, uri)
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace
	shown := user
	if c.userhash {
		shown = h(user, c.realm)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `Digest username="%s", realm="%s", nonce="%s", uri="%s", algorithm=%s`, quote(shown), quote(c.realm), quote(c.nonce), uri, c.algorithm)
	if c.qop {
		nc := fmt.Sprintf("%08x", c.count)
		fmt.Fprintf(&b, `, response="%s", qop=auth, nc=%s, cnonce="%s"`, h(ha1, c.nonce, nc, cnonce, "auth", ha2), nc, cnonce)
	} else {
		fmt.Fprintf(&b, `, response="%s"`, h(ha1, c.nonce, ha2))
	}
	if c.opaque != "" {
		fmt.Fprintf(&b, `, opaque="%s"`, quote(c.opaque))
	}
	if c.userhash {
		b.WriteString(", userhash=true")
	}
	return b.String()
}

func newNonce() string {
	var b [8]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

// digest gives the Authorization for the request if its server has challenged us before.
func (c *Client) digest(req *Request) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch := c.challenges[req.Target.key]
	if ch == nil {
		return ""
	}
	return ch.answer(req.Method, req.Target.Path, req.Auth.User, req.Auth.Password, newNonce())
}

// challenged takes the challenge of a 401, and says whether there is one to answer.
func (c *Client) challenged(req *Request, resp *Response) bool {
	ch := readChallenge(resp.Header("www-authenticate"))
	if ch == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.challenges == nil {
		c.challenges = map[string]*challenge{}
	}
	c.challenges[req.Target.key] = ch
	return true
}
