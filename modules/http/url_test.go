package http

import (
	"testing"

	"runner/metrics"
)

func TestTemplatesKeepIDsOutOfNames(t *testing.T) {
	s := newServer(t, echo)
	u := newUser(t, s.URL, "", "export function start() {\n"+
		"	const told = [];\n"+
		"	for (const id of [1, 2, 3]) told.push(http.get(http.url`${base}/users/${id}/posts?page=${id}`).text().trim());\n"+
		"	http.post(http.url`${base}/users/${4}`, { json: {}, tags: { step: 1 } });\n"+
		"	http.get(http.url`${base}/users/${5}`, { tags: { name: 'user' } });\n"+
		"	http.batch([http.url`${base}/b/${6}`, { url: http.url`${base}/b/${7}` }]);\n"+
		"	return told.join() + ' ' + http.url`/a/${'x y'}` + ' ' + http.url`/a/${1}/${2}`.name;\n"+
		"}")
	u.want("GET /users/1/posts?page=1,GET /users/2/posts?page=2,GET /users/3/posts?page=3 /a/x y /a/{}/{}")
	for name, want := range map[string]float64{s.URL + "/users/{}/posts": 3, s.URL + "/users/{}": 1, "user": 1, s.URL + "/b/{}": 2} {
		u.named(name, want)
	}
	u.tallied(s)
}

// named wants so many requests under a name.
func (u *user) named(name string, want float64) {
	u.t.Helper()
	if n := u.sum(metrics.HTTPRequests, map[string]string{"name": name}).Sum; n != want {
		u.t.Errorf("%v requests are called %s, want %v", n, name, want)
	}
}

func TestTemplatesAreTags(t *testing.T) {
	u := newUser(t, "", "", "export function start() { return http.url('/users/1'); }")
	u.wantError("http.url: it is the tag of a template, as in http.url`/users/${id}`")
}

func TestRequestsHaveTheirGroup(t *testing.T) {
	s := newServer(t, echo)
	u := newUser(t, s.URL, "", "export function start() { return http.get(base + '/a').text().trim(); }")
	for _, group := range []string{"", "login", "login/form", "login"} {
		u.vm.Env().Group = group
		u.want("GET /a")
	}
	for group, want := range map[string]float64{"login": 2, "login/form": 1} {
		if n := u.sum(metrics.HTTPResponseTime, map[string]string{"group": group}).Count; float64(n) != want {
			t.Errorf("%d requests in group %s, want %v", n, group, want)
		}
	}
	if n := u.sum(metrics.HTTPRequests, nil).Sum; n != 4 {
		t.Errorf("%v requests in all", n)
	}
}
