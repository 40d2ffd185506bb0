package nat

import (
	"context"
	"net/netip"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/trace"
)

// Strand names the events of this package.
const Strand = "nat"

// Config says which ports to map and whom to tell.
type Config struct {
	Mode  Mode
	Ports []Port
	// Changed is called with all mappings in force whenever they have changed. It must
	// return soon.
	Changed func([]Mapping)
	// Trace receives gateway {Topic name}, mapped {Topic gateway, Addr external, N
	// port}, unmapped {Addr, N}, address {Addr} and failed {Err}.
	Trace trace.Func

	find func(context.Context, Mode) (gateway, error) // nil: find
}

// Mapping is a port that a router forwards to us.
type Mapping struct {
	Port
	External netip.AddrPort
}

// mapper is the state of a Run.
type mapper struct {
	Config
	gate  gateway // nil: none
	look  time.Time
	ip    netip.Addr
	poll  time.Time // when the address is asked for
	lost  int       // times in a row it was not answered
	holds []hold    // in the order of Ports
	told  []Mapping
}

// hold is what we have of a port.
type hold struct {
	Port
	external uint16    // port; kept as a wish when the mapping is gone
	until    time.Time // the mapping was granted so long; zero: there is none
	refresh  time.Time // when it is asked for (again)
	by       gateway   // who granted it
}

// Run maps the ports until the context ends, and then takes the mappings back. It
// returns at once when the mode asks nobody.
func Run(ctx context.Context, cfg Config) {
	if !cfg.Mode.Asks() || len(cfg.Ports) == 0 {
		return
	}
	if cfg.find == nil {
		cfg.find = find
	}
	m := &mapper{Config: cfg}
	now := time.Now()
	m.look = now
	for _, p := range cfg.Ports {
		m.holds = append(m.holds, hold{Port: p, external: p.Num, refresh: now})
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			m.leave()
			return
		}
		m.step(ctx)
		timer.Reset(max(0, time.Until(m.deadline())))
	}
}

// step does what is due.
func (m *mapper) step(ctx context.Context) {
	if m.gate == nil && !time.Now().Before(m.look) {
		m.search(ctx)
	}
	if m.gate != nil && !time.Now().Before(m.poll) {
		m.ask(ctx)
	}
	if m.gate != nil && !m.renew(ctx) && ctx.Err() == nil {
		// Once more with whoever is the gateway now.
		m.search(ctx)
		if m.gate != nil {
			m.ask(ctx)
		}
		if m.gate != nil && !m.renew(ctx) {
			m.giveUp()
		}
	}
	m.tell()
}

// deadline is when the next thing is due.
func (m *mapper) deadline() (at time.Time) {
	sooner := func(t time.Time) {
		if at.IsZero() || t.Before(at) {
			at = t
		}
	}
	if m.gate == nil {
		sooner(m.look)
	} else {
		sooner(m.poll)
	}
	for _, h := range m.holds {
		if m.gate != nil {
			sooner(h.refresh)
		}
		if !h.until.IsZero() {
			sooner(h.until)
		}
	}
	return at
}

// search looks for a gateway.
func (m *mapper) search(ctx context.Context) {
	m.look = time.Now().Add(retryEvery)
	g, err := m.find(ctx, m.Mode)
	if err != nil {
		m.gate = nil
		m.failed(err)
		return
	}
	m.look = time.Now().Add(retryEvery)
	m.gate, m.lost, m.poll = g, 0, time.Now()
	for i := range m.holds {
		m.holds[i].refresh = time.Now()
	}
	m.event(trace.Event{Kind: "gateway", Topic: g.name()})
}

// giveUp forgets the gateway until the next look.
func (m *mapper) giveUp() {
	m.gate = nil
	m.look = time.Now().Add(retryEvery)
}

// ask learns our external address.
func (m *mapper) ask(ctx context.Context) {
	within, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	ip, restarted, err := m.gate.external(within)
	m.poll = time.Now().Add(pollEvery)
	if err != nil {
		m.failed(err)
		if m.lost++; m.lost >= pollsLost {
			m.gate, m.look = nil, time.Now()
		}
		return
	}
	m.lost = 0
	if ip = ip.Unmap(); ip != m.ip {
		m.ip = ip
		m.event(trace.Event{Kind: "address", Addr: ip.String()})
	}
	for i := range m.holds {
		if restarted {
			m.holds[i].refresh = time.Now()
		}
	}
}

// renew maps every port whose time has come. False: the gateway refused one.
func (m *mapper) renew(ctx context.Context) bool {
	for i := range m.holds {
		if h := &m.holds[i]; !time.Now().Before(h.refresh) && !m.add(ctx, h) {
			return false
		}
	}
	return true
}

func (m *mapper) add(ctx context.Context, h *hold) bool {
	within, cancel := context.WithTimeout(ctx, callWithin)
	defer cancel()
	got, granted, err := m.gate.add(within, h.Port, h.external, mapFor)
	now := time.Now()
	h.refresh = now.Add(retryEvery)
	if err != nil {
		m.failed(err)
		return false
	}
	granted = min(max(granted, grantMin), mapFor)
	h.external, h.until, h.by = got, now.Add(granted), m.gate
	h.refresh = h.until.Add(-granted / refreshPart)
	return true
}

// tell reports the mappings in force when they have changed.
func (m *mapper) tell() {
	var all []Mapping
	now := time.Now()
	for i := range m.holds {
		h := &m.holds[i]
		if !h.until.IsZero() && !now.Before(h.until) {
			h.until = time.Time{}
		}
		if !h.until.IsZero() && m.ip.IsValid() {
			x := Mapping{h.Port, netip.AddrPortFrom(m.ip, h.external)}
			if all = append(all, x); !slices.Contains(m.told, x) {
				m.event(trace.Event{Kind: "mapped", Topic: h.by.name(), Addr: x.External.String(), N: int64(x.Num)})
			}
		}
	}
	if slices.Equal(all, m.told) {
		return
	}
	for _, x := range m.told {
		if !slices.Contains(all, x) {
			m.event(trace.Event{Kind: "unmapped", Addr: x.External.String(), N: int64(x.Num)})
		}
	}
	m.told = all
	if m.Changed != nil {
		m.Changed(slices.Clone(all))
	}
}

// leave takes every mapping back, in bounded time.
func (m *mapper) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), exitWithin)
	defer cancel()
	for _, h := range m.holds {
		if h.until.IsZero() || ctx.Err() != nil {
			continue
		}
		if err := h.by.remove(ctx, h.Port, h.external); err != nil {
			m.failed(err)
		}
	}
}

func (m *mapper) failed(err error) { m.event(trace.Event{Kind: "failed", Err: err.Error()}) }

func (m *mapper) event(e trace.Event) {
	e.Strand = Strand
	m.Trace.Emit(time.Now(), e)
}
