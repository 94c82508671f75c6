package js

import (
	"math"
	"testing"
	"time"

	"github.com/dop251/goja"
)

func TestParseDuration(t *testing.T) {
	const unit = `timeout must be a string with a unit, as in "250ms", "5s", "2m" or "1h30m"`
	vm, _ := script(t, "export const x = 1")
	tests := []struct {
		expression string
		want       time.Duration
		wantErr    string
	}{
		{`"250ms"`, 250 * time.Millisecond, ""},
		{`"1h30m"`, 90 * time.Minute, ""},
		{`"1.5s"`, 1500 * time.Millisecond, ""},
		{`" 2m "`, 2 * time.Minute, ""},
		{`"0s"`, 0, ""},
		{`Infinity`, math.MaxInt64, ""},
		{`"Infinity"`, math.MaxInt64, ""},
		{`5`, 0, unit + `: the bare number 5 has none`},
		{`"5"`, 0, unit + `: "5" has no unit`},
		{`"-5s"`, 0, `timeout must not be negative, but is "-5s"`},
		{`"5 s"`, 0, unit + `, not "5 s"`},
		{`"+5s"`, 0, unit + `, not "+5s"`},
		{`"soon"`, 0, unit + `, not "soon"`},
		{`""`, 0, unit + `, not ""`},
		{`undefined`, 0, unit + `, not undefined`},
		{`null`, 0, unit + `, not null`},
		{`NaN`, 0, unit + `, not NaN`},
		{`-Infinity`, 0, unit + `: the bare number -Infinity has none`},
		{`[]`, 0, unit + `, not an array`},
		{`"9999999h"`, 0, unit + `, not "9999999h"`},
	}
	for _, tt := range tests {
		v, err := vm.rt.RunString("(" + tt.expression + ")")
		if err != nil {
			t.Fatal(err)
		}
		d, err := vm.ParseDuration(v, "timeout")
		if tt.wantErr != "" {
			if err == nil || err.Error() != tt.wantErr {
				t.Errorf("%s: error is %v, want %s", tt.expression, err, tt.wantErr)
			}
		} else if err != nil || time.Duration(d) != tt.want {
			t.Errorf("%s: %v, %v, want %v", tt.expression, time.Duration(d), err, tt.want)
		}
	}
}

func TestOptions(t *testing.T) {
	vm, _ := script(t, "export const x = 1")
	read := func(o *Options) []any {
		headers := o.Object("headers")
		got := []any{o.String("name", "none"), o.Bool("quiet", true), o.Number("rate", 0.5), o.Int("users", 1, 0, 100), o.Duration("timeout", time.Second),
			o.OneOf("mode", "fast", "fast", "slow"), len(o.Strings("tags")), o.Func("check") != nil, o.Has("rate"), headers.String("accept", "")}
		if err := headers.Done(); err != nil {
			o.Fail(err)
		}
		return got
	}
	tests := []struct {
		expression string
		want       string // inspected, if wantErr is empty
		wantErr    string
	}{
		{"undefined", "[ 'none', true, 0.5, 1, 1000, 'fast', 0, false, false, '' ]", ""},
		{"({})", "[ 'none', true, 0.5, 1, 1000, 'fast', 0, false, false, '' ]", ""},
		{"({ name: 'n', quiet: false, rate: 2, users: 7, timeout: '2s', mode: 'slow', tags: ['a', 'b'], check() {}, headers: { accept: 'x' } })", "[ 'n', false, 2, 7, 2000, 'slow', 2, true, true, 'x' ]", ""},
		{"({ name: undefined, headers: undefined })", "[ 'none', true, 0.5, 1, 1000, 'fast', 0, false, false, '' ]", ""},
		{"null", "", "options must be an object, not null"},
		{"5", "", "options must be an object, not 5"},
		{"[]", "", "options must be an object, not an array"},
		{"(() => 1)", "", "options must be an object, not a function"},
		{"({ user: 1 })", "", `options has no option "user"; did you mean "users"?`},
		{"({ zzzzzzz: 1 })", "", `options has no option "zzzzzzz" (it has headers, name, quiet, rate, users, timeout, mode, tags, check)`},
		{"({ name: 5 })", "", "options: name must be a string, not 5"},
		{"({ quiet: 'yes' })", "", `options: quiet must be true or false, not "yes"`},
		{"({ rate: NaN })", "", "options: rate must be a number, not NaN"},
		{"({ rate: '5' })", "", `options: rate must be a number, not "5"`},
		{"({ users: 1.5 })", "", "options: users must be an integer from 0 to 100, not 1.5"},
		{"({ users: -1 })", "", "options: users must be an integer from 0 to 100, not -1"},
		{"({ users: 1e300 })", "", "options: users must be an integer from 0 to 100, not 1e+300"},
		{"({ users: '3' })", "", `options: users must be an integer from 0 to 100, not "3"`},
		{"({ timeout: 5 })", "", `options: timeout must be a string with a unit, as in "250ms", "5s", "2m" or "1h30m": the bare number 5 has none`},
		{"({ timeout: Infinity })", "", "options: timeout must be finite"},
		{"({ mode: 'slwo' })", "", `options: mode must be one of fast, slow, not "slwo"; did you mean "slow"?`},
		{"({ tags: 'a' })", "", `options: tags must be a list of strings, not "a"`},
		{"({ tags: ['a', 5] })", "", "options: tags[1] must be a string, not 5"},
		{"({ check: 5 })", "", "options: check must be a function, not 5"},
		{"({ headers: 5 })", "", "options.headers must be an object, not 5"},
		{"({ headers: { acept: 1 } })", "", `options.headers has no option "acept"; did you mean "accept"?`},
		{"({ get name() { throw new Error('got') } })", "", "Error: got"},
	}
	for _, tt := range tests {
		v, err := vm.rt.RunString(tt.expression)
		if err != nil {
			t.Fatal(err)
		}
		o, err := vm.Options(v, "options")
		var got []any
		if err == nil {
			got = read(o)
			err = o.Done()
		}
		if tt.wantErr != "" {
			if ex, ok := err.(*goja.Exception); ok {
				err = vm.exception(ex)
			}
			if err == nil || err.Error() != tt.wantErr {
				t.Errorf("%s: error is %v, want %s", tt.expression, err, tt.wantErr)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tt.expression, err)
			continue
		}
		got[4] = got[4].(time.Duration).Milliseconds()
		if shown := vm.inspect(vm.rt.NewArray(got...)); shown != tt.want {
			t.Errorf("%s: %s, want %s", tt.expression, shown, tt.want)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"runner/http", "runner/timing", "runner/checks", "get", "post"}
	for word, want := range map[string]string{
		"runner/htpp": "runner/http", "runner/check": "runner/checks", "Get": "get", "gte": "get", "psot": "post", "zzz": "", "": "", "runner/loadmodels": "",
	} {
		if got := nearest(word, known); got != want {
			t.Errorf("nearest to %q is %q, want %q", word, got, want)
		}
	}
}
