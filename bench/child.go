package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime/pprof"
	"strconv"
	"time"
)

// pair is one repetition.
type pair struct{ ours, theirs values }

// measureWithin bounds one measurement.
const measureWithin = 6 * time.Minute

// alternate measures a workload reps times on each side, in turn. Who goes first
// changes with every repetition. One that is always the same is measured once.
func alternate(w workload, reps int, profiles string, say func(string, ...any)) ([]pair, error) {
	var out []pair
	if w.once {
		reps = 1
	}
	for i := range reps {
		var p pair
		sides := []side{ours, rival}
		if i%2 == 1 {
			sides = []side{rival, ours}
		}
		for _, s := range sides {
			start := time.Now()
			v, err := inChild(w, s, uint64(i+1), profiles)
			if err != nil {
				return nil, fmt.Errorf("%s of %s: %w", w.name, s, err)
			}
			say("%s %d/%d %s (%.1f s)", w.name, i+1, reps, s, time.Since(start).Seconds())
			if s == ours {
				p.ours = v
			} else {
				p.theirs = v
			}
		}
		out = append(out, p)
	}
	return out, nil
}

// withoutCgo is this program built with CGO_ENABLED=0; empty when there is none.
var withoutCgo string

// program is what measures a workload: this one, or the one without cgo.
func (w workload) program() (string, error) {
	switch {
	case !w.pure:
		return os.Executable()
	case withoutCgo == "":
		return "", errors.New("wants -pure PROGRAM, this one built with CGO_ENABLED=0")
	}
	return withoutCgo, nil
}

// inChild runs one measurement in a process of its own.
func inChild(w workload, s side, seed uint64, profiles string) (values, error) {
	self, err := w.program()
	if err != nil {
		return nil, err
	}
	args := []string{"-child", w.name, "-side", string(s), "-seed", strconv.FormatUint(seed, 10)}
	if profiles != "" {
		args = append(args, "-profiles", profiles)
	}
	cmd := exec.Command(self, args...)
	cmd.Stderr = os.Stderr
	cmd.WaitDelay = time.Second
	kill := time.AfterFunc(measureWithin, func() { _ = cmd.Process.Kill() })
	defer kill.Stop()
	text, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var v values
	return v, json.Unmarshal(text, &v)
}

// profileTo is where this process writes the CPU profile of its measured phase;
// empty for none.
var profileTo string

// child is the process that measures.
func child(name string, s side, seed uint64, profiles string) error {
	w, err := workloadNamed(name)
	if err != nil {
		return err
	}
	if profiles != "" {
		profileTo = fmt.Sprintf("%s/%s-%s.pprof", profiles, name, s)
	}
	v, err := w.run(s, seed)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(v)
}

// profile starts a CPU profile, when one is wanted, and returns what ends it.
func profile() func() {
	if profileTo == "" {
		return func() {}
	}
	f, err := os.Create(profileTo)
	if err == nil {
		err = pprof.StartCPUProfile(f)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: no profile:", err)
		return func() {}
	}
	return func() {
		pprof.StopCPUProfile()
		_ = f.Close()
	}
}
