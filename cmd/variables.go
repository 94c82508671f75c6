package cmd

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"runner/script"
	"runner/value"
)

// setHelp is what --set takes to show the variables instead of running anything.
const setHelp = "help"

func (f *scriptFlags) wantsHelp() bool { return slices.Contains(f.set, setHelp) }

// writeVariables shows the variables of some scripts with the values that hold.
func writeVariables(s *streams, paths []string, f scriptFlags) error {
	f.set = slices.DeleteFunc(slices.Clone(f.set), func(t string) bool { return t == setHelp })
	l, err := f.load(paths, f.options())
	if err != nil {
		return err
	}
	for _, sc := range l.scripts {
		if len(sc.Variables) == 0 {
			fmt.Fprintf(s.out, "%s declares no variables\n", sc.Program.Path())
			continue
		}
		w := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "VARIABLE\tVALUE\tFROM\tALLOWED\tDESCRIPTION")
		for _, v := range sc.Variables {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", v.Name, v.Shown(), v.Origin, allowed(v), v.Description)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func allowed(v script.Variable) string {
	var texts []string
	for _, a := range v.Allowed {
		b, err := value.JSON(a)
		if err == nil {
			texts = append(texts, string(b))
		}
	}
	return strings.Join(texts, " ")
}
