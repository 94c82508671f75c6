//go:build deps

// Package deps holds the modules in go.mod while the packages that import them are being written.
package deps

import (
	_ "charm.land/bubbletea/v2"
	_ "github.com/DataDog/sketches-go/ddsketch"
	_ "github.com/DataDog/sketches-go/ddsketch/mapping"
	_ "github.com/DataDog/sketches-go/ddsketch/store"
	_ "github.com/dlclark/regexp2/v2"
	_ "github.com/dop251/goja"
	_ "github.com/evanw/esbuild/pkg/api"
	_ "github.com/fatih/color"
	_ "github.com/go-sourcemap/sourcemap"
	_ "github.com/google/go-cmp/cmp"
	_ "github.com/guptarohit/asciigraph"
	_ "github.com/klauspost/compress/zstd"
	_ "github.com/mattn/go-isatty"
	_ "github.com/mccutchen/go-httpbin/v2/httpbin"
	_ "github.com/nlnwa/whatwg-url/url"
	_ "github.com/quic-go/quic-go/http3"
	_ "github.com/rogpeppe/go-internal/testscript"
	_ "github.com/spf13/cobra"
	_ "github.com/valyala/fasthttp"
	_ "go.uber.org/goleak"
	_ "golang.org/x/net/http2"
	_ "golang.org/x/net/proxy"
	_ "golang.org/x/net/publicsuffix"
	_ "golang.org/x/sync/errgroup"
	_ "golang.org/x/sys/unix"
	_ "golang.org/x/term"
	_ "golang.org/x/text/unicode/norm"
	_ "pgregory.net/rapid"
)
