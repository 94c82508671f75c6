package docs

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	const page = "# Title\n\n```js\na\n\nb\n```\n\n<!-- from docs/snippets/x.js -->\n<!-- exit 99 -->\n```ts\nc\n```\n" +
		"```sh\nd\n```\n\n```text\ne\n```\n```sh\nf\n```\nand so\n```text\ng\n```\n" +
		"<!-- output -->\n```text\nh\n```\n"
	got, err := parse("p.md", page)
	if err != nil {
		t.Fatal(err)
	}
	want := []block{
		{page: "p.md", line: 3, lang: "js", text: "a\n\nb\n"},
		{page: "p.md", line: 11, lang: "ts", text: "c\n", from: "docs/snippets/x.js", exit: 99},
		{page: "p.md", line: 14, lang: "sh", text: "d\n", output: "e\n"},
		{page: "p.md", line: 18, lang: "text", text: "e\n"},
		{page: "p.md", line: 21, lang: "sh", text: "f\n", output: "h\n"},
		{page: "p.md", line: 25, lang: "text", text: "g\n"},
		{page: "p.md", line: 29, lang: "text", text: "h\n"},
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(block{})); d != "" {
		t.Error(d)
	}
	for _, broken := range []string{"```js\nno end\n", "<!-- exit 1 -->\ntext\n", "<!-- exit one -->\n", "<!-- output -->\n```text\na\n```\n"} {
		if got, err := parse("p.md", broken); err == nil {
			t.Errorf("%q: no error, but %v", broken, got)
		}
	}
}

func TestShape(t *testing.T) {
	for _, test := range []struct{ line, want string }{
		{"  p99   12.3 ms\n", "p# #"},
		{"1,234 requests at 10:04:43", "# requests at #"},
		{"▁▂▅ 3", "▁ #"},
	} {
		if got := shape(test.line); got != test.want {
			t.Errorf("%q: %q, want %q", test.line, got, test.want)
		}
	}
}
