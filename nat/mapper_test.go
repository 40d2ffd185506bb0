package nat

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/ropewalk/ropewalk/trace"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var (
	errAway = errors.New("no answer")
	tcp     = Port{TCP, 30303}
	udp     = Port{UDP, 30304}
)

// fake is a gateway whose answers the test decides.
type fake struct {
	begun    time.Time
	mu       sync.Mutex // of what follows, while Run runs
	away     bool
	ip       string
	restart  bool
	give     uint16        // the external port, whatever is asked for; 0: what is asked for
	grant    time.Duration // 0: what is asked for
	refuse   Proto         // is not mapped
	hang     bool          // calls last as long as their context
	finds    []time.Duration
	adds     []string
	removes  []string
	reported []string
}

func (f *fake) since() time.Duration { return time.Since(f.begun).Round(time.Second) }

func (f *fake) find(context.Context, Mode) (gateway, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.finds = append(f.finds, f.since())
	if f.away {
		return nil, ErrNoGateway
	}
	return f, nil
}

func (f *fake) name() string { return "fake" }

// wait begins a call; unless it fails the fake is locked.
func (f *fake) wait(ctx context.Context) error {
	f.mu.Lock()
	switch {
	case f.hang:
		f.mu.Unlock()
		<-ctx.Done()
		return ctx.Err()
	case f.away:
		f.mu.Unlock()
		return errAway
	}
	return nil
}

// set changes the gateway while Run runs.
func (f *fake) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fake) external(ctx context.Context) (netip.Addr, bool, error) {
	if err := f.wait(ctx); err != nil {
		return netip.Addr{}, false, err
	}
	defer f.mu.Unlock()
	restarted := f.restart
	f.restart = false
	return netip.MustParseAddr(f.ip), restarted, nil
}

func (f *fake) add(ctx context.Context, p Port, want uint16, life time.Duration) (uint16, time.Duration, error) {
	if err := f.wait(ctx); err != nil {
		return 0, 0, err
	}
	defer f.mu.Unlock()
	f.adds = append(f.adds, fmt.Sprintf("%s %s %d→%d", f.since(), p.Proto, want, p.Num))
	if p.Proto == f.refuse {
		return 0, 0, errors.New("refused")
	}
	if f.give != 0 {
		want = f.give
	}
	if f.grant != 0 {
		life = f.grant
	}
	return want, life, nil
}

func (f *fake) remove(ctx context.Context, p Port, external uint16) error {
	if err := f.wait(ctx); err != nil {
		return err
	}
	defer f.mu.Unlock()
	f.removes = append(f.removes, fmt.Sprintf("%s %d", p.Proto, external))
	return nil
}

func (f *fake) changed(all []Mapping) {
	line := f.since().String()
	for _, m := range all {
		line += fmt.Sprintf(" %d=%s", m.Num, m.External)
	}
	f.reported = append(f.reported, line)
}

// play runs a mapper in virtual time: script sleeps and changes the gateway.
func play(t *testing.T, f *fake, ports []Port, script func(f *fake)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f.begun = time.Now()
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			Run(ctx, Config{Mode: Mode{Kind: Any}, Ports: ports, Changed: f.changed, find: f.find, Trace: func(time.Time, trace.Event) {}})
			close(done)
		}()
		synctest.Wait()
		script(f)
		synctest.Wait()
		cancel()
		<-done
	})
}

// sleep lets virtual time go by.
func sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// A mapping is renewed after 8 of its 10 minutes, under the same port, and deleted
// only at the end.
func TestRenewal(t *testing.T) {
	f := &fake{ip: "8.8.8.8"}
	play(t, f, []Port{tcp}, func(f *fake) {
		sleep(25 * time.Minute)
		if len(f.removes) > 0 {
			t.Errorf("removed before the end: %q", f.removes)
		}
	})
	same(t, "asked", f.adds, []string{"0s tcp 30303→30303", "8m0s tcp 30303→30303", "16m0s tcp 30303→30303", "24m0s tcp 30303→30303"})
	same(t, "reported", f.reported, []string{"0s 30303=8.8.8.8:30303"})
	same(t, "removed", f.removes, []string{"tcp 30303"})
}

// Another external port is reported, and asked for from then on.
func TestOtherPort(t *testing.T) {
	f := &fake{ip: "8.8.8.8", give: 4321}
	play(t, f, []Port{tcp}, func(f *fake) {
		sleep(time.Minute)
		f.set(func() { f.give = 0 }) // the router is content with any wish now
		sleep(8 * time.Minute)
	})
	same(t, "asked", f.adds, []string{"0s tcp 30303→30303", "8m0s tcp 4321→30303"})
	same(t, "reported", f.reported, []string{"0s 30303=8.8.8.8:4321"})
	same(t, "removed", f.removes, []string{"tcp 4321"})
}

// A gateway that goes away is looked for every five minutes; what it granted counts
// to its end, and is there again soon after it has returned.
func TestGatewayReturns(t *testing.T) {
	f := &fake{ip: "8.8.8.8"}
	play(t, f, []Port{tcp}, func(f *fake) {
		sleep(3 * time.Minute)
		f.set(func() { f.away = true })
		sleep(18 * time.Minute)
		f.set(func() { f.away = false })
		sleep(10 * time.Minute)
	})
	want := []string{"0s 30303=8.8.8.8:30303", "10m0s", "23m0s 30303=8.8.8.8:30303"}
	same(t, "reported", f.reported, want)
	if got, want := f.finds, []time.Duration{0, 8 * time.Minute, 13 * time.Minute, 18 * time.Minute, 23 * time.Minute}; !slices.Equal(got, want) {
		t.Errorf("looked for at %v, want %v", got, want)
	}
}

// A gateway that refuses to renew is looked for again at once: after a restart it may
// have another control address.
func TestRenewalElsewhere(t *testing.T) {
	f := &fake{ip: "8.8.8.8"}
	other := &fake{ip: "8.8.8.8"}
	finds := 0
	synctest.Test(t, func(t *testing.T) {
		f.begun, other.begun = time.Now(), time.Now()
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			Run(ctx, Config{Mode: Mode{Kind: Any}, Ports: []Port{tcp}, Changed: f.changed, find: func(context.Context, Mode) (gateway, error) {
				if finds++; finds == 1 {
					return f, nil
				}
				return other, nil
			}})
			close(done)
		}()
		sleep(7 * time.Minute)
		f.set(func() { f.away = true })
		sleep(8 * time.Minute)
		cancel()
		<-done
	})
	same(t, "reported", f.reported, []string{"0s 30303=8.8.8.8:30303"})
	same(t, "asked of the other", other.adds, []string{"8m0s tcp 30303→30303"})
	same(t, "removed there", other.removes, []string{"tcp 30303"})
}

// A new external address is noticed within two minutes.
func TestAddressChanges(t *testing.T) {
	f := &fake{ip: "8.8.8.8"}
	play(t, f, []Port{tcp, udp}, func(f *fake) {
		sleep(3 * time.Minute)
		f.set(func() { f.ip = "8.8.4.4" })
		sleep(time.Minute)
	})
	same(t, "reported", f.reported, []string{"0s 30303=8.8.8.8:30303 30304=8.8.8.8:30304", "4m0s 30303=8.8.4.4:30303 30304=8.8.4.4:30304"})
}

// A gateway that says it has forgotten everything is told again.
func TestGatewayRestarted(t *testing.T) {
	f := &fake{ip: "8.8.8.8"}
	play(t, f, []Port{tcp}, func(f *fake) {
		sleep(time.Minute)
		f.set(func() { f.restart = true })
		sleep(2 * time.Minute)
	})
	same(t, "asked", f.adds, []string{"0s tcp 30303→30303", "2m0s tcp 30303→30303"})
	same(t, "reported", f.reported, []string{"0s 30303=8.8.8.8:30303"})
}

// Nobody there: one look every five minutes, and nothing to take back.
func TestNoGateway(t *testing.T) {
	f := &fake{away: true}
	play(t, f, []Port{tcp}, func(*fake) { sleep(time.Hour) })
	if n := len(f.finds); n != 13 {
		t.Errorf("looked for %d times in an hour, want 13", n)
	}
	same(t, "reported", f.reported, nil)
}

// A port that the gateway refuses keeps no other from being mapped, nor us busy.
func TestOnePortRefused(t *testing.T) {
	f := &fake{ip: "8.8.8.8", refuse: UDP}
	play(t, f, []Port{tcp, udp}, func(*fake) { sleep(time.Hour) })
	same(t, "reported", f.reported, []string{"0s 30303=8.8.8.8:30303"})
	same(t, "removed", f.removes, []string{"tcp 30303"})
	if n := len(f.adds); n > 4*13 {
		t.Errorf("%d requests in an hour", n)
	}
}

// A router that grants a second is not asked every second.
func TestShortGrant(t *testing.T) {
	f := &fake{ip: "8.8.8.8", grant: time.Second}
	play(t, f, []Port{tcp}, func(*fake) { sleep(10 * time.Minute) })
	if n := len(f.adds); n > 14 {
		t.Errorf("%d requests in ten minutes", n)
	}
}

// A gateway that does not answer keeps the end waiting for three seconds at most.
func TestEndIsBounded(t *testing.T) {
	f := &fake{ip: "8.8.8.8"}
	var ended time.Duration
	synctest.Test(t, func(t *testing.T) {
		f.begun = time.Now()
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			Run(ctx, Config{Mode: Mode{Kind: Any}, Ports: []Port{tcp, udp}, find: f.find})
			close(done)
		}()
		sleep(time.Minute)
		f.set(func() { f.hang = true })
		at := time.Now()
		cancel()
		<-done
		ended = time.Since(at)
	})
	if ended > exitWithin {
		t.Errorf("the end took %v", ended)
	}
}

// Without anybody to ask, or anything to ask for, Run is over at once.
func TestNothingToMap(t *testing.T) {
	for _, kind := range []Kind{None, ExtIP} {
		Run(t.Context(), Config{Mode: Mode{Kind: kind}, Ports: []Port{tcp}})
	}
	Run(t.Context(), Config{Mode: Mode{Kind: Any}})
}
