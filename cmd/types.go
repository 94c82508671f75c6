package cmd

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"runner/editor"
	"runner/modules"
	"runner/verdict"
)

func newTypes(s *streams) *cobra.Command {
	var typescript bool
	c := &cobra.Command{
		Use:   "types [DIR]",
		Short: "Write the types of the modules, so that an editor completes and checks scripts",
		Long: `Write the types of all modules, of what a script exports and of the globals into DIR/types/runner, and a
jsconfig.json (tsconfig.json where there is TypeScript) that leads an editor to them. DIR is the working directory
unless given.

A configuration that is there already stays as it is. Run it again after an update of runner.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := "."
			if len(args) == 1 {
				dir = args[0]
			}
			return writeTypes(s, dir, typescript)
		},
	}
	c.Flags().BoolVar(&typescript, "typescript", false, "write a tsconfig.json even where there is no TypeScript yet")
	return c
}

func writeTypes(s *streams, dir string, typescript bool) error {
	done, err := editor.Write(dir, modules.All(), typescript)
	if err != nil {
		return verdict.Wrap(verdict.Config, err)
	}
	for _, path := range done.Written {
		fmt.Fprintln(s.out, "wrote", path)
	}
	if len(done.Written) == 0 {
		fmt.Fprintln(s.out, "the types in", filepath.Join(dir, editor.Folder), "are up to date")
	}
	if done.Kept != "" {
		fmt.Fprintf(s.out, "%s was there and stays as it is: add %q to its \"include\", so that the types are found\n", done.Kept, editor.Folder+"/*.d.ts")
	}
	return nil
}
