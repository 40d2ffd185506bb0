package config

import (
	"errors"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

var errSize = errors.New("config: not a size")

// sizeUnits are looked for in this order, so the longer suffix comes first.
var sizeUnits = []struct {
	suffix string
	bytes  uint64
}{
	{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"TiB", 1 << 40},
	{"kB", 1e3}, {"KB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"TB", 1e12},
	{"B", 1}, {"", 1},
}

// ParseSize reads "64MiB", "10 GB" or a plain number of bytes.
func ParseSize(s string) (int64, error) {
	for _, u := range sizeUnits {
		num, ok := strings.CutSuffix(s, u.suffix)
		if !ok {
			continue
		}
		n, err := strconv.ParseUint(strings.TrimSpace(num), 10, 63)
		if err != nil {
			return 0, errSize
		}
		hi, lo := bits.Mul64(n, u.bytes)
		if hi != 0 || lo > 1<<63-1 {
			return 0, errSize
		}
		return int64(lo), nil
	}
	return 0, errSize
}

// FormatSize is the shortest exact form in binary units.
func FormatSize(n int64) string {
	for i := 3; i >= 0; i-- {
		if u := sizeUnits[i]; n != 0 && n%int64(u.bytes) == 0 {
			return strconv.FormatInt(n/int64(u.bytes), 10) + u.suffix
		}
	}
	return strconv.FormatInt(n, 10) + "B"
}

// FormatDuration is d.String() without zero minutes and seconds: "5m", not "5m0s".
func FormatDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}
