// Command runner is a load-testing tool that is scripted in JavaScript.
package main

import (
	"os"

	"runner/cmd"
)

func main() { os.Exit(cmd.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
