package cmd

import (
	"fmt"

	"github.com/spf13/cobra"

	"runner/report"
)

func newPlan(s *streams) *cobra.Command {
	var f scriptFlags
	c := &cobra.Command{
		Use:   "plan SCRIPT…",
		Short: "Draw a script's users and rates over time, without sending anything",
		Args:  needScripts,
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.check(c); err != nil {
				return err
			}
			l, err := f.load(args, f.options())
			if err != nil {
				return err
			}
			o := s.reportOptions(s.out)
			for i, sc := range l.order {
				if i > 0 {
					fmt.Fprintln(s.out)
				}
				m := l.scenarios[sc.Name].LoadModel
				if m == nil {
					fmt.Fprintf(s.out, "%s: its load model is a function of the script, what it does shows when it runs\n", sc.Name)
					continue
				}
				if err := report.WritePlan(s.out, sc.Name, m.Plan(), o); err != nil {
					return err
				}
			}
			return nil
		},
	}
	f.add(c)
	return c
}
