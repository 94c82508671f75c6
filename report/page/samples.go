package page

import (
	"fmt"
	"strings"
	"time"

	"runner/events"
	"runner/report"
)

// samplesOf shows the failed exchanges of a scenario as they went over the wire.
func samplesOf(list []events.Sample, scenario string) (views []sampleView) {
	for _, s := range list {
		if s.Scenario != scenario {
			continue
		}
		v := sampleView{
			At: report.Clock(time.Duration(s.AtMs * 1e6)), Title: s.Endpoint, Error: s.Error,
			Request: halfText(s.Request),
		}
		if s.Message != "" {
			v.Error += ": " + s.Message
		}
		if s.Response != nil {
			v.Response = halfText(*s.Response)
		}
		if s.User > 0 {
			v.User = fmt.Sprintf("user %d, iteration %d, after %s", s.User, s.Iteration, report.Millis(s.DurationMs))
		}
		views = append(views, v)
	}
	return views
}

func halfText(h events.SampleHalf) string {
	var b strings.Builder
	b.WriteString(h.Line + "\n")
	for _, kv := range h.Headers {
		fmt.Fprintf(&b, "%s: %s\n", kv[0], kv[1])
	}
	if h.BodyBytes > 0 {
		b.WriteString("\n" + h.Body)
		switch {
		case h.Base64:
			fmt.Fprintf(&b, "\n(base64; %s in all)", report.ByteSize(float64(h.BodyBytes)))
		case int64(len(h.Body)) < h.BodyBytes:
			fmt.Fprintf(&b, "\n… (%s in all)", report.ByteSize(float64(h.BodyBytes)))
		}
	}
	return b.String()
}
