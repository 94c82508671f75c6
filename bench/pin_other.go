//go:build !linux

package main

import "os/exec"

// startOn starts a process. Only Linux lets us say where.
func startOn(cmd *exec.Cmd, _ int) error { return cmd.Start() }
