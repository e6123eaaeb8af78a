package serving

import (
	"bytes"
	"os"
	"runtime/debug"
	"strconv"

	"bench/protocol"
)

// setCollector makes a setting of the workload that of the runtime, before anything is loaded.
func setCollector(name string) error {
	switch name {
	case "", "default", "traced":
	case "off":
		debug.SetGCPercent(-1)
	case "50", "400":
		percent, err := strconv.Atoi(name)
		if err != nil {
			return err
		}
		debug.SetGCPercent(percent)
	case "limit":
		limit, ok := memoryLimit()
		if !ok {
			return protocol.Unsupported("collector 'limit' needs a memory limit of the control group")
		}
		debug.SetMemoryLimit(limit / 4 * 3)
	default:
		return protocol.Unsupported("no collector %q here; there are default, 50, 400, off, limit, traced", name)
	}
	return nil
}

// memoryLimit is that of the control group, of either version of Linux's; false where there is none.
func memoryLimit() (int64, bool) {
	for _, path := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, err := os.ReadFile(path)
		if err != nil {
			continue
		}
		limit, err := strconv.ParseInt(string(bytes.TrimSpace(text)), 10, 64)
		return limit, err == nil && limit < 1<<50 // version 1 writes nearly the largest number for none
	}
	return 0, false
}
