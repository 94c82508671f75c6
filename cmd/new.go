package cmd

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"runner/scaffold"
	"runner/verdict"
)

// newOptions are the flags of `runner new`.
type newOptions struct {
	set     []string
	noTypes bool
	list    bool
}

func newNew(s *streams) *cobra.Command {
	var o newOptions
	c := &cobra.Command{
		Use:   "new [TEMPLATE] [DIR]",
		Short: "Begin a project: a first test, or one of several templates",
		Long: `Write a new project into DIR, the working directory unless given. A file that is there is never overwritten: then
nothing is written at all.

TEMPLATE is one that ships ("` + strings.Join(scaffold.Shipped(), `", "`) + `"),
or a folder, a git checkout, a .zip or a .tar.gz of one's own. A template may have variables: they are given by
--set, or asked for on a terminal.`,
		Example: `  runner new
  runner new stress my-test
  runner new repository load-tests --set project=shop
  runner new ../our-templates/checkout my-test`,
		Args: cobra.MaximumNArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			if o.list {
				return listTemplates(s)
			}
			template, dir := scaffold.Default, "."
			if len(args) > 0 {
				template = args[0]
			}
			if len(args) > 1 {
				dir = args[1]
			}
			return newProject(s, template, dir, o)
		},
	}
	f := c.Flags()
	f.StringArrayVar(&o.set, "set", nil, "set a variable of the template, as name=value (repeatable)")
	f.BoolVar(&o.noTypes, "no-types", false, "leave out the types that an editor completes and checks by")
	f.BoolVar(&o.list, "list", false, "list the templates that ship, with their variables")
	return c
}

func listTemplates(s *streams) error {
	for _, name := range scaffold.Shipped() {
		t, err := scaffold.Find(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(s.out, "%-13s  %s\n", name, t.Description)
		for _, v := range t.Variables {
			fallback := ""
			if v.Default != nil {
				fallback = fmt.Sprintf(" (%s)", *v.Default)
			}
			fmt.Fprintf(s.out, "%-13s    %s: %s%s\n", "", v.Name, v.Description, fallback)
		}
	}
	return nil
}

func newProject(s *streams, template, dir string, o newOptions) error {
	given := map[string]string{}
	for _, text := range o.set {
		name, v, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return verdict.Wrap(verdict.Usage, fmt.Errorf("--set %q: it must be name=value", text))
		}
		given[name] = v
	}
	t, err := scaffold.Find(template)
	if err != nil {
		return verdict.Wrap(verdict.Config, err)
	}
	var ask func(scaffold.Variable) (string, error)
	if in, ok := s.in.(*os.File); ok && isatty.IsTerminal(in.Fd()) {
		ask = asker(s.in, s.err)
	}
	values, err := t.Values(given, ask)
	if err != nil {
		return verdict.Wrap(verdict.Config, err)
	}
	files, err := t.Render(values)
	if err != nil {
		return verdict.Wrap(verdict.Config, err)
	}
	if err := scaffold.Write(dir, files); err != nil {
		return verdict.Wrap(verdict.Config, err)
	}
	for _, f := range files {
		fmt.Fprintln(s.out, "wrote", filepath.Join(dir, f.Path))
	}
	if !o.noTypes {
		if err := writeTypes(s, dir, false); err != nil {
			return err
		}
	}
	if len(t.Try) > 0 {
		fmt.Fprintln(s.out, "\nTry it:")
		if dir != "." {
			fmt.Fprintln(s.out, "  cd", dir)
		}
		for _, command := range t.Try {
			fmt.Fprintln(s.out, " ", command)
		}
	}
	return nil
}

// asker asks for variables; a value that is wrong is asked for again.
func asker(in io.Reader, out io.Writer) func(scaffold.Variable) (string, error) {
	lines := bufio.NewReader(in)
	return func(v scaffold.Variable) (string, error) {
		for {
			fmt.Fprintf(out, "%s: %s", v.Name, v.Description)
			if v.Default != nil {
				fmt.Fprintf(out, " [%s]", *v.Default)
			}
			fmt.Fprint(out, ": ")
			line, err := lines.ReadString('\n')
			if err != nil && !(errors.Is(err, io.EOF) && line != "") {
				return "", fmt.Errorf("%s was not given", v.Name)
			}
			value := strings.TrimSpace(line)
			if value == "" && v.Default != nil {
				value = *v.Default
			}
			if err := v.Check(value); err != nil {
				fmt.Fprintln(out, err)
				continue
			}
			return value, nil
		}
	}
}
