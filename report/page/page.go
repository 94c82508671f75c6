// Package page writes a run as one page of HTML that needs nothing else: no script, no server, no
// file beside it. Its policy forbids the browser to run or load anything, and all that comes from
// scripts and servers is escaped by html/template.
package page

import (
	"bufio"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"

	"runner/events"
	"runner/report/timeline"
)

// Input is what a page is made of.
type Input struct {
	State    *events.State
	Timeline *timeline.Timeline
	Sources  []Source
	// Samples are the first failed exchanges of each sort.
	Samples []events.Sample
	// Warning is shown at the top, as of a recording that is incomplete; may be empty.
	Warning string
}

// Source is the text of a script.
type Source struct{ Path, Text string }

//go:embed page.html
var pageHTML string

//go:embed page.css
var pageCSS string

// styleHash lets the policy allow this one style sheet and no other.
var styleHash = func() string {
	sum := sha256.Sum256([]byte(pageCSS))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}()

var pageTemplate = template.Must(template.New("page").Parse(pageHTML))

// shell is what every page has around its content.
type shell struct {
	Policy string
	Style  template.CSS
}

func newShell() shell {
	return shell{
		Policy: "default-src 'none'; style-src '" + styleHash + "'; base-uri 'none'; form-action 'none'",
		Style:  template.CSS(pageCSS),
	}
}

// Write writes the page.
func Write(w io.Writer, in Input) error {
	out := bufio.NewWriterSize(w, 64<<10)
	if err := pageTemplate.ExecuteTemplate(out, "page", newView(in)); err != nil {
		return err
	}
	return out.Flush()
}
