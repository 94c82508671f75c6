package report

import "testing"

func TestLongFractionsAreRoundedForTheEye(t *testing.T) {
	for _, test := range []struct{ name, json, want string }{
		{"a long one", `{"meanMs": 61.59023246000005}`, `{"meanMs":61.59}`},
		{"a negative one", `[-0.123456]`, `[-0.123]`},
		{"short ones stay", `[1.5, 100, 0.125]`, `[1.5,100,0.125]`},
		{"text stays", `"at 61.59023246000005 \"1.23456\" ms"`, `"at 61.59023246000005 \"1.23456\" ms"`},
		{"exponents stay", `1e-9`, `1e-9`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := compactJSON([]byte(test.json)); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}
