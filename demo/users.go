package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// user is one as GET /users/{id} shows it.
type user struct {
	ID    int64   `json:"id"`
	Email string  `json:"email"`
	Name  string  `json:"name"`
	Age   float64 `json:"age"`
}

// users keeps the latest max users. Ids count from 1 and are never given twice.
type users struct {
	max int

	mu     sync.Mutex
	last   int64
	ring   []user // the user with an id stands at (id − 1) mod max
	emails map[string]struct{}
}

var errDuplicate = errors.New("a user with this email exists")

// create adds a user and returns it with its id, and with an email of its own if it came without.
func (u *users) create(n user) (user, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	n.ID = u.last + 1
	if n.Email == "" {
		n.Email = u.freeEmail(n.ID)
	}
	if _, taken := u.emails[n.Email]; taken {
		return user{}, errDuplicate
	}
	u.last = n.ID
	if u.emails == nil {
		u.emails = map[string]struct{}{}
	}
	u.emails[n.Email] = struct{}{}
	if len(u.ring) < u.max {
		u.ring = append(u.ring, n)
		return n, nil
	}
	at := u.place(n.ID)
	delete(u.emails, u.ring[at].Email)
	u.ring[at] = n
	return n, nil
}

// freeEmail makes an email that nobody has, with u.mu held.
func (u *users) freeEmail(id int64) string {
	email := fmt.Sprintf("user%d@example.com", id)
	for i := 2; ; i++ {
		if _, taken := u.emails[email]; !taken {
			return email
		}
		email = fmt.Sprintf("user%d-%d@example.com", id, i)
	}
}

func (u *users) place(id int64) int { return int((id - 1) % int64(u.max)) }

// get finds a user by id; false if there never was one or it is forgotten.
func (u *users) get(id int64) (user, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if id < 1 || id > u.last {
		return user{}, false
	}
	found := u.ring[u.place(id)]
	return found, found.ID == id
}

// len is how many users are kept.
func (u *users) len() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.ring)
}

// parseUser reads the body of POST /users.
func parseUser(body []byte) (user, error) {
	var in struct {
		Name  *string
		Age   *float64
		Email *string
	}
	if err := json.Unmarshal(body, &in); err != nil {
		var kind *json.UnmarshalTypeError
		switch {
		case errors.As(err, &kind) && kind.Field == "":
			return user{}, errors.New("the body must be a JSON object")
		case errors.As(err, &kind):
			return user{}, fmt.Errorf("%s must be a %s, not a %s", strings.ToLower(kind.Field), want(kind.Field), kind.Value)
		}
		return user{}, errors.New("the body must be JSON")
	}
	switch {
	case in.Name == nil || *in.Name == "":
		return user{}, errors.New("name must be given")
	case in.Age == nil:
		return user{}, errors.New("age must be given")
	case *in.Age < 0:
		return user{}, fmt.Errorf("age must be 0 or more, not %g", *in.Age)
	case in.Email != nil && !strings.Contains(*in.Email, "@"):
		return user{}, fmt.Errorf("email must contain @, not %q", *in.Email)
	}
	n := user{Name: *in.Name, Age: *in.Age}
	if in.Email != nil {
		n.Email = *in.Email
	}
	return n, nil
}

// want is a field's type in JSON's words.
func want(field string) string {
	if strings.EqualFold(field, "age") {
		return "number"
	}
	return "string"
}
