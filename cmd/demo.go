package cmd

import (
	"fmt"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"runner/demo"
	"runner/verdict"
)

func newDemo(s *streams) *cobra.Command {
	o := demo.DefaultOptions()
	c := &cobra.Command{
		Use:   "demo",
		Short: "Serve the demo API: a server that breaks where you tell it to",
		Long: `Serve the demo API on loopback, until Ctrl-C.

  POST /users       {"name", "age", "email"} creates a user: 201 {"id", "email"}; a duplicate email: 400
  GET  /users/ID    200 {"id", "email", …}; unknown: 404
  GET  /work        one piece of work in the queue
  GET  /health      200 at once, outside the queue
  GET  /stats       what the server has counted

/users and /work wait for one of --workers, who takes --service-time for each: above
workers ÷ service time requests a second the queue grows, and past --queue the answer is 503.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := o.Validate(); err != nil {
				return verdict.Wrap(verdict.Usage, err)
			}
			ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			server, err := demo.Start(o)
			if err != nil {
				return verdict.Wrap(verdict.Config, err)
			}
			defer server.Close()
			fmt.Fprintf(s.out, "demo API on %s\n%s\n", server.URL(), o.Describe())
			<-ctx.Done()
			return nil
		},
	}
	f := c.Flags()
	f.StringVar(&o.Addr, "addr", o.Addr, "host:port to listen on; port 0 takes a free one")
	f.IntVar(&o.Workers, "workers", o.Workers, "requests served at the same time")
	f.DurationVar(&o.ServiceTime, "service-time", o.ServiceTime, "how long each takes")
	f.IntVar(&o.Queue, "queue", o.Queue, "requests that may wait; one more is answered 503")
	f.Float64Var(&o.Jitter, "jitter", o.Jitter, "spread of the service time, 0 to 1")
	f.Float64Var(&o.FailureRate, "failure-rate", o.FailureRate, "share of requests that are answered 500, 0 to 1")
	f.Uint64Var(&o.Seed, "seed", o.Seed, "makes jitter and failures repeat")
	f.IntVar(&o.MaxUsers, "max-users", o.MaxUsers, "users that are kept; the oldest is forgotten")
	return c
}
