//go:build !linux

package http

func benchServer() {}
