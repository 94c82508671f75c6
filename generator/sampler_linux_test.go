package generator

import (
	"os"
	"path/filepath"
	"testing"
)

func TestControlGroupsLimitProcessors(t *testing.T) {
	for _, test := range []struct {
		says  string
		files map[string]string
		want  float64
	}{
		{"no limit", map[string]string{"cpu.max": "max 100000\n"}, 0},
		{"half a processor", map[string]string{"cpu.max": "50000 100000\n"}, 0.5},
		{"the lowest of nested groups", map[string]string{"cpu.max": "400000 100000\n", "a/b/cpu.max": "150000 100000\n"}, 1.5},
		{"the older kind", map[string]string{"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2},
		{"the older kind without a limit", map[string]string{"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 0},
		{"no groups at all", nil, 0},
	} {
		root := t.TempDir()
		for name, text := range test.files {
			path := filepath.Join(root, name)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		self := filepath.Join(root, "self")
		if err := os.WriteFile(self, []byte("1:name=x:/y\n0::/a/b\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := cgroupProcessors(root, self); got != test.want {
			t.Errorf("%s: %v processors, want %v", test.says, got, test.want)
		}
	}
}
