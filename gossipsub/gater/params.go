package gater

import (
	"fmt"
	"math"
	"time"
)

// Config of a Gater. Zero fields take the default in brackets, those of the
// reference implementation.
type Config struct {
	Threshold  float64       // messages turned away ÷ messages checked, from which it is on [0.33]
	Quiet      time.Duration // without a message turned away, until it is off [60 s]
	GlobalFade time.Duration // until a count of one is nothing, all addresses [2 min]
	SourceFade time.Duration // the same of one address [1 h]
	Retain     time.Duration // counts outlive the last connection by this [6 h]

	// What a message that brought nothing weighs against one delivered.
	DuplicateWeight float64 // [0.125]
	IgnoreWeight    float64 // [1]
	RejectWeight    float64 // [16]
}

// From the reference implementation.
const (
	defaultThreshold  = 0.33
	defaultQuiet      = time.Minute
	defaultGlobalFade = 2 * time.Minute
	defaultSourceFade = time.Hour
	defaultRetain     = 6 * time.Hour

	defaultDuplicateWeight = 0.125
	defaultIgnoreWeight    = 1
	defaultRejectWeight    = 16

	fadeEvery = time.Second
	fadedAt   = 0.01 // counts below are zero
)

// Our choice.
const (
	retainedMax = 8192 // addresses remembered without a connection; the oldest go first
	expiresMax  = 256  // of them forgotten in one Advance
	weightMax   = 1e6  // of a message
	timeMax     = 30 * 24 * time.Hour
)

// fill sets defaults and refuses what cannot work.
func (c *Config) fill() error {
	for _, f := range []struct {
		name string
		v    *float64
		std  float64
	}{
		{"Threshold", &c.Threshold, defaultThreshold},
		{"DuplicateWeight", &c.DuplicateWeight, defaultDuplicateWeight},
		{"IgnoreWeight", &c.IgnoreWeight, defaultIgnoreWeight},
		{"RejectWeight", &c.RejectWeight, defaultRejectWeight},
	} {
		if *f.v == 0 {
			*f.v = f.std
		}
		if !(*f.v > 0 && *f.v <= weightMax) {
			return fmt.Errorf("gater: %s: %v is not between 0 and %v", f.name, *f.v, float64(weightMax))
		}
	}
	for _, f := range []struct {
		name string
		v    *time.Duration
		std  time.Duration
	}{
		{"Quiet", &c.Quiet, defaultQuiet},
		{"GlobalFade", &c.GlobalFade, defaultGlobalFade},
		{"SourceFade", &c.SourceFade, defaultSourceFade},
		{"Retain", &c.Retain, defaultRetain},
	} {
		if *f.v == 0 {
			*f.v = f.std
		}
		if *f.v < fadeEvery || *f.v > timeMax {
			return fmt.Errorf("gater: %s: %v is not between %v and %v", f.name, *f.v, fadeEvery, timeMax)
		}
	}
	return nil
}

// factor is what brings a count of one to nothing in d, applied every fadeEvery.
func factor(d time.Duration) float64 {
	return math.Pow(fadedAt, float64(fadeEvery)/float64(d))
}

// fade is a count after n applications of a factor.
func fade(v, factor float64, n int64) float64 {
	if v == 0 || n <= 0 {
		return v
	}
	if v *= math.Pow(factor, float64(n)); v < fadedAt {
		return 0
	}
	return v
}
