// Command truth plays servers whose behaviour is known beforehand and compares their own log with what
// runner says of them. Counts must be equal: requests, statuses, errors by kind, connections, bytes.
// Times must agree within 1 ms or 2 %, which they do on a quiet machine only.
//
//	go run ./bench/truth               all of it, some minutes
//	go run ./bench/truth -short        a small part of each, half a minute
//	go run ./bench/truth -runs 100     again and again, each with another seed
//	go run ./bench/truth -strict       times that are off are failures too
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	code, err := run(ctx, os.Args[1:], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "truth:", err)
	}
	os.Exit(code)
}

func run(ctx context.Context, args []string, out io.Writer) (code int, err error) {
	f := flag.NewFlagSet("truth", flag.ContinueOnError)
	isShort := f.Bool("short", false, "a small part of each")
	runs := f.Int("runs", 1, "how often")
	seed := f.Uint64("seed", uint64(time.Now().UnixNano()), "decides which requests fail; rises by one a run")
	strict := f.Bool("strict", false, "times that are off are failures too")
	if err := f.Parse(args); err != nil {
		return 2, err
	}
	root, err := moduleRoot()
	if err != nil {
		return 1, err
	}
	l, err := newLab(root)
	if err != nil {
		return 1, err
	}
	defer l.close()
	z := full
	if *isShort {
		z = short
	}
	wrong, off := 0, 0
	for i := range *runs {
		if *runs > 1 {
			fmt.Fprintf(out, "run %d of %d, seed %d\n", i+1, *runs, *seed+uint64(i))
		}
		err := l.all(ctx, z, *seed+uint64(i), func(r report) {
			fmt.Fprintf(out, "%s\n", r.name)
			for _, f := range r.findings {
				mark := "✓"
				switch {
				case f.ok:
				case f.exact:
					mark = "✗"
					wrong++
				default:
					mark = "≠"
					off++
				}
				fmt.Fprintf(out, "  %s %-44s %s", mark, f.what, f.got)
				if !f.ok || !f.exact {
					fmt.Fprintf(out, "  (true: %s)", f.want)
				}
				fmt.Fprintln(out)
			}
		})
		if err != nil {
			return 1, err
		}
	}
	fmt.Fprintf(out, "%d counts are wrong, %d times are off\n", wrong, off)
	if wrong > 0 || *strict && off > 0 {
		return 1, nil
	}
	return 0, nil
}
