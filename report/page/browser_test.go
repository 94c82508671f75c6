package page

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// browser starts Chromium, or skips the test where there is none.
func browser(t *testing.T) context.Context {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("there is no Chromium to look at pages with")
	}
	allocator, cancelAllocator := chromedp.NewExecAllocator(t.Context(), append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU)...)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(func() { cancel(); cancelAllocator() })
	if _, err := chromedp.Run(ctx, chromedp.Title()); err != nil {
		t.Skipf("Chromium does not start here: %v", err)
	}
	ctx, cancelTime := context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(cancelTime)
	return ctx
}

func TestInABrowser(t *testing.T) {
	ctx := browser(t)
	pages := map[string]Input{"day": theDay().input(), "hostile": hostileRun()}
	texts := map[string][]byte{}
	for name, in := range pages {
		var b bytes.Buffer
		if err := Write(&b, in); err != nil {
			t.Fatal(err)
		}
		texts["/"+name] = b.Bytes()
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if _, err := w.Write(texts[r.URL.Path]); err != nil {
			t.Error(err)
		}
	}))
	defer server.Close()

	// What the browser complains of (a style or script that the policy forbids among it), and what it asks
	// for beside the page.
	var heard hearing
	if err := chromedp.Listen(ctx, heard.event); err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := chromedp.Call(ctx, log.Enable, cdp.Empty{})
	must(err)
	_, err = chromedp.Call(ctx, network.Enable, network.EnableParams{})
	must(err)
	for name := range pages {
		for _, theme := range []string{"light", "dark"} {
			for _, width := range []int64{360, 1200} {
				heard.clear()
				_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
					Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}}})
				must(err)
				must(chromedp.Do(ctx, chromedp.EmulateViewport(width, 800), chromedp.Navigate(server.URL+"/"+name)))
				overflow, err := chromedp.Run(ctx, chromedp.Evaluate[float64](`document.documentElement.scrollWidth - innerWidth`))
				must(err)
				charts, err := chromedp.Run(ctx, chromedp.Evaluate[float64](`[...document.querySelectorAll("figure .draw")].filter(e => e.getBoundingClientRect().width > 100).length`))
				must(err)
				background, err := chromedp.Run(ctx, chromedp.Evaluate[string](`getComputedStyle(document.body).backgroundColor`))
				must(err)
				at, err := chromedp.Run(ctx, chromedp.Evaluate[[]float64](`(e => {
					e.scrollIntoView({ block: "center", behavior: "instant" });
					const r = e.getBoundingClientRect();
					return [r.x + r.width / 2, r.y + r.height / 2];
				})(document.querySelector("figure .hits i:nth-child(2)"))`))
				must(err)
				must(chromedp.Do(ctx, chromedp.MouseEvent(chromedp.MouseMoved, at[0], at[1])))
				readout, err := chromedp.Run(ctx, chromedp.Evaluate[string](`[...document.querySelectorAll(".hits b")].filter(e => getComputedStyle(e).display != "none").map(e => e.textContent).join("|")`))
				must(err)
				complaints, requests := heard.take()
				where := name + ", " + theme
				if width < 500 {
					where += ", on a phone"
				}
				if len(complaints) > 0 {
					t.Errorf("%s: the browser complains: %q", where, complaints)
				}
				if len(requests) != 1 {
					t.Errorf("%s: the browser asks for %q, want the page alone", where, requests)
				}
				if overflow > 0 {
					t.Errorf("%s: the page is %v pixels wider than the screen", where, overflow)
				}
				if charts < 6 {
					t.Errorf("%s: %v charts are to be seen", where, charts)
				}
				if !strings.Contains(readout, "running") || strings.Contains(readout, "|") {
					t.Errorf("%s: pointing at a step shows %q", where, readout)
				}
				if dark := background == "rgb(20, 23, 28)"; dark != (theme == "dark") {
					t.Errorf("%s: the page is %s", where, background)
				}
			}
		}
	}
}

// hearing notes what the browser says; events come on a goroutine of its own.
type hearing struct {
	mu                   sync.Mutex
	complaints, requests []string
}

func (h *hearing) clear() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.complaints, h.requests = nil, nil
}

func (h *hearing) take() (complaints, requests []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.complaints, h.requests
}

func (h *hearing) event(e any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch e := e.(type) {
	case *log.EventEntryAdded:
		if !strings.Contains(e.Entry.URL, "favicon") {
			h.complaints = append(h.complaints, e.Entry.Text)
		}
	case *runtime.EventExceptionThrown:
		h.complaints = append(h.complaints, e.ExceptionDetails.Text)
	case *network.EventRequestWillBeSent:
		if !strings.HasSuffix(e.Request.URL, "favicon.ico") {
			h.requests = append(h.requests, e.Request.URL)
		}
	}
}
