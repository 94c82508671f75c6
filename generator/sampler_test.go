package generator

import (
	"os"
	"runtime"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestSamplerReadsThisProcess(t *testing.T) {
	defer goleak.VerifyNone(t)
	s := NewSampler()
	defer s.Close()
	for begin := time.Now(); time.Since(begin) < 50*time.Millisecond; {
	}
	runtime.GC()
	g := s.Sample()
	if g.Goroutines < 2 || g.HeapBytes <= 0 {
		t.Errorf("the runtime's figures are missing: %+v", g)
	}
	if runtime.GOOS != "linux" {
		return
	}
	if g.CPU <= 0 || g.CPU > 1 || g.Descriptors < 3 || g.DescriptorLimit < g.Descriptors || g.PortLimit <= 0 {
		t.Errorf("the system's figures are missing: %+v", g)
	}
	f, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if again := s.Sample(); again.Descriptors != g.Descriptors+1 {
		t.Errorf("%d descriptors are open, after one more %d", g.Descriptors, again.Descriptors)
	}
}
