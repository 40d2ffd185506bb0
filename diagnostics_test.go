package ropewalk

import (
	"bytes"
	"errors"
	"io"
	"math"
	"slices"
	"testing"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link/mem"
)

// diagnosed is a node of the diagnostics, and what another one uses to talk to it, by
// protocol; both hear of the end of the link.
func diagnosed(t *testing.T, cfg, other Config, to func(Info) string) (*Node, map[string]conversation) {
	t.Helper()
	cfg.Diagnostics = true
	n := started(t, cfg)
	var askers []Protocol
	wait := map[string]*asker{}
	for _, p := range diagnostics() {
		wait[p.Name] = newAsker()
		askers = append(askers, wait[p.Name].protocol(p.Name))
	}
	from := protocolled(t, other, askers...)
	if _, err := from.Connect(soon(t), to(n.Info())); err != nil {
		t.Fatal(err)
	}
	out := map[string]conversation{}
	for name, a := range wait {
		out[name] = a.wait(t)
	}
	return n, out
}

// Over every kind of link the diagnostics do what they say, up to the largest payload.
func TestDiagnostics(t *testing.T) {
	first := func(i Info) string { return i.LibP2P[0] }
	wire := mem.NewNetwork()
	for _, c := range []struct {
		name       string
		cfg, other Config
		to         func(Info) string
	}{
		{"rlpx", rlpxConfig(), rlpxConfig(), func(i Info) string { return i.Enode }},
		{"libp2p", libConfig(), libConfig(), first},
		{"mem", wired(wire, "a"), wired(wire, "b"), first},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, talk := diagnosed(t, c.cfg, c.other, c.to)
			echo, sink, flood := talk["echo"], talk["sink"], talk["flood"]
			for code := range uint64(diagnosticCodes) {
				echo.ask(t, code, "hello")
			}
			echo.ask(t, 0, "")
			large := string(bytes.Repeat([]byte("0123456789abcdef"), 1<<20)[:diagnosticBytes])
			echo.ask(t, 7, large)

			if err := SendItems(flood.rw, floodRequest, uint64(3), uint64(1000)); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				m, err := flood.rw.ReadMsg()
				if err != nil || m.Code != floodMessage || m.Size != 1000 {
					t.Fatal(m, err)
				}
			}
			if err := SendBytes(flood.rw, 5, []byte("means nothing")); err != nil {
				t.Fatal(err)
			}
			if err := SendItems(flood.rw, floodRequest, uint64(1), uint64(diagnosticBytes)); err != nil {
				t.Fatal(err)
			}
			if m, err := flood.rw.ReadMsg(); err != nil || m.Size != diagnosticBytes {
				t.Fatal(m, err)
			}

			// A sink that stalls, or panics, is nobody else's business, however much
			// it is sent.
			for range 3 {
				if err := SendBytes(sink.rw, 0, []byte(large)); err != nil {
					t.Fatal(err)
				}
			}
			if err := SendBytes(sink.rw, sinkStalls, nil); err != nil {
				t.Fatal(err)
			}
			if c.name != "libp2p" { // there the lane stops its sender
				for range 2000 {
					if err := SendBytes(sink.rw, 0, []byte("more than it will ever read")); err != nil {
						t.Fatal(err)
					}
				}
			}
			echo.ask(t, 1, "still there")
		})
	}
}

func TestSinkPanics(t *testing.T) {
	_, talk := diagnosed(t, rlpxConfig(), rlpxConfig(), func(i Info) string { return i.Enode })
	if err := SendBytes(talk["sink"].rw, sinkPanics, []byte("now")); err != nil {
		t.Fatal(err)
	}
	if err := SendBytes(talk["sink"].rw, 0, []byte("to nobody")); err != nil {
		t.Fatal(err)
	}
	talk["echo"].ask(t, 1, "still there")
}

// Without the flag a node speaks none of them.
func TestDiagnosticsAreOff(t *testing.T) {
	n := made(t, libConfig())
	for _, p := range n.machine.Protocols() {
		if slices.Contains([]string{"echo", "sink", "flood"}, p.Name) {
			t.Errorf("a node speaks %s unasked", p.Name)
		}
	}
}

// What a request of flood may ask for; beyond it the link ends.
func TestFloodBounds(t *testing.T) {
	for _, c := range []struct {
		ask  floodAsk
		fine bool
	}{
		{floodAsk{0, 0}, true},
		{floodAsk{floodCountMax, 0}, true},
		{floodAsk{floodCountMax + 1, 0}, false},
		{floodAsk{1, diagnosticBytes}, true},
		{floodAsk{1, diagnosticBytes + 1}, false},
		{floodAsk{floodBytesMax / 1024, 1024}, true},
		{floodAsk{floodBytesMax/1024 + 1, 1024}, false},
		{floodAsk{math.MaxUint64, math.MaxUint64}, false},
		{floodAsk{1 << 63, 2}, false},
	} {
		if err := c.ask.check(); (err == nil) != c.fine {
			t.Errorf("%+v: %v", c.ask, err)
		}
	}
	for _, payload := range [][]byte{{}, {0xc0}, {0xc1, 0x01}, {0xc3, 0x01, 0x02, 0x03}, {0x83, 'a', 'b', 'c'}, {0xc2, 0x01}} {
		ours, theirs := MsgPipe()
		done := make(chan error, 1)
		go func() { done <- runFlood(NewPeer(id.ID{}, "", nil), theirs) }()
		_ = SendBytes(ours, floodRequest, payload)
		if err := <-done; !errors.Is(err, ErrMalformed) {
			t.Errorf("% x: %v", payload, err)
		}
		ours.Close()
	}
	ours, theirs := MsgPipe()
	done := make(chan error, 1)
	go func() { done <- runFlood(NewPeer(id.ID{}, "", nil), theirs) }()
	if err := SendItems(ours, floodRequest, uint64(floodCountMax+1), uint64(1)); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, errFlood) {
		t.Error(err)
	}
	ours.Close()
}

// A flood cannot be compressed.
func TestFloodIsNoise(t *testing.T) {
	ours, theirs := MsgPipe()
	go func() { _ = pour(theirs, floodAsk{1, 4096}) }()
	m, err := ours.ReadMsg()
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(m.Payload)
	if err != nil {
		t.Fatal(err)
	}
	var seen [256]int
	for _, b := range raw {
		seen[b]++
	}
	if most := slices.Max(seen[:]); most > 64 {
		t.Errorf("of 4096 bytes %d are the same", most)
	}
	ours.Close()
}
