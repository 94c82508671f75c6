package cmd

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"runner/loadmodels"
	"runner/report"
	"runner/script"
)

func newInspect(s *streams) *cobra.Command {
	var f scriptFlags
	c := &cobra.Command{
		Use:   "inspect SCRIPT…",
		Short: "Show what a script exports and what is wrong with it, without sending anything",
		Args:  needScripts,
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.check(c); err != nil {
				return err
			}
			l, err := f.load(args, f.options())
			if err != nil {
				return err
			}
			for i, sc := range l.scripts {
				if i > 0 {
					fmt.Fprintln(s.out)
				}
				if err := report.WriteInspect(s.out, inspect(sc), s.reportOptions(s.out)); err != nil {
					return err
				}
			}
			return nil
		},
	}
	f.add(c)
	return c
}

func inspect(s *script.Script) report.InspectInfo {
	info := report.InspectInfo{
		File: s.Program.Path(), BundleSize: int64(s.Program.Bytes()), Inputs: s.Program.Inputs(), Modules: s.Program.Modules(),
	}
	for _, sc := range s.Scenarios {
		one := report.InspectScenario{Name: sc.Name, DependsOn: sc.DependsOn, Tags: sc.Tags, UserLoop: "a function of the script"}
		for _, e := range sc.Exports() {
			one.Exports = append(one.Exports, report.Export{Name: e.Name, Kind: e.Kind})
		}
		if sc.LoadModel != nil {
			one.LoadModel, one.Plan = loadmodels.Describe(sc.LoadModel), sc.LoadModel.Plan()
		} else {
			one.LoadModel = "a function of the script"
		}
		if sc.UserLoop != nil {
			one.UserLoop = loadmodels.Describe(sc.UserLoop)
		}
		for name, v := range sc.Options() {
			one.Options = append(one.Options, report.Setting{Name: name, Value: v})
		}
		slices.SortFunc(one.Options, func(a, b report.Setting) int { return strings.Compare(a.Name, b.Name) })
		info.Scenarios = append(info.Scenarios, one)
	}
	for _, v := range s.Variables {
		info.Variables = append(info.Variables, report.InspectVariable{Name: v.Name, Value: v.Shown(), Origin: v.Origin, Description: v.Description})
	}
	return info
}
