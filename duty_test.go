package ropewalk

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/link/linktest"
	"github.com/ropewalk/ropewalk/link/mem"
)

// memAddr is where a node of memConfig is.
func memAddr(name string) string {
	return "/mem/" + name + "/p2p/" + linktest.Key(name).Public().PeerID().String()
}

// A trusted peer is let in where others are not, is shown as such, and loses its place
// to a ban alone.
func TestTrust(t *testing.T) {
	wire := mem.NewNetwork()
	cfg := memConfig(wire, "home")
	cfg.Session.Inbound = 1
	cfg.Session.Trusted = []string{memAddr("friend")}
	home := started(t, cfg)
	events := home.Events(t.Context(), "session")
	for _, name := range []string{"friend", "first"} {
		join(t, started(t, memConfig(wire, name)), home)
	}
	late := started(t, memConfig(wire, "late"))
	_, _ = late.Connect(soon(t), memAddr("home")) // up at its end, then told
	until(t, "the third is refused", func() bool { return peers(t, late) == 0 })
	for e := range events.C() {
		if e.Kind == "refused" {
			if e.Peer != late.Info().ID.String() || e.Err != "too many peers: inbound" {
				t.Errorf("refused %+v", e)
			}
			break
		}
	}
	if err := home.Trust(t.Context(), late.Info().PeerID); err != nil {
		t.Fatal(err)
	}
	join(t, late, home)
	until(t, "three peers", func() bool { return peers(t, home) == 3 })
	list, _ := home.Sessions(t.Context())
	for _, s := range list {
		if want := s.ID != linktest.Key("first").ID(); s.Trusted != want {
			t.Errorf("%s is shown as trusted: %v", s.ID, s.Trusted)
		}
	}
	if err := home.Untrust(t.Context(), late.Info().ID.String()); err != nil || peers(t, home) != 3 {
		t.Errorf("untrust: %v, %d peers", err, peers(t, home))
	}
	if err := home.Untrust(t.Context(), late.Info().ID.String()); !errors.Is(err, ErrNoSuchPeer) {
		t.Errorf("untrust again: %v", err)
	}
	for _, target := range []string{"nobody", "/ip4/127.0.0.1/tcp/1", home.Info().ID.String()} {
		if err := home.Trust(t.Context(), target); !errors.Is(err, ErrBadTarget) {
			t.Errorf("trust %q: %v", target, err)
		}
	}
	if err := home.Ban(t.Context(), memAddr("friend"), 0); err != nil {
		t.Fatal(err)
	}
	until(t, "the ban ends the link", func() bool { return peers(t, home) == 2 })
}

// A kept peer is dialled again by itself when the link is lost, until it is forgotten;
// that it cannot be reached at first is told.
func TestKeep(t *testing.T) {
	wire := mem.NewNetwork()
	home, there := started(t, memConfig(wire, "home")), started(t, memConfig(wire, "there"))
	k, err := home.Keep(soon(t), memAddr("there"))
	if err != nil || !k.Kept || !k.Connected || k.ID != there.Info().ID || k.Why != "" {
		t.Fatalf("%+v, %v", k, err)
	}
	until(t, "the link is up there, too", func() bool { return peers(t, there) == 1 })
	if err := there.Disconnect(t.Context(), home.Info().ID); err != nil {
		t.Fatal(err)
	}
	until(t, "the link is gone", func() bool { return peers(t, there) == 0 })
	until(t, "it is back", func() bool { return peers(t, there) == 1 })
	if err := home.Forget(t.Context(), there.Info().ID); err != nil {
		t.Fatal(err)
	}
	until(t, "it is gone", func() bool { return peers(t, home) == 0 })
	slots, _ := home.Slots(t.Context())
	if slices.ContainsFunc(slots, func(s Slot) bool { return s.Role == "manual" }) {
		t.Errorf("slots %+v", slots)
	}
	until(t, "nobody is left to forget", func() bool { return errors.Is(home.Forget(t.Context(), there.Info().ID), ErrNoSuchPeer) })

	k, err = home.Keep(soon(t), memAddr("nowhere"))
	if err != nil || !k.Kept || k.Connected || k.Why == "" {
		t.Errorf("%+v, %v", k, err)
	}
	for target, want := range map[string]error{"x": ErrBadTarget, "/mem/there": ErrBadTarget, memAddr("home"): ErrRefused} {
		if k, err := home.Keep(soon(t), target); !errors.Is(err, want) || k.Kept {
			t.Errorf("keep %q: %+v, %v", target, k, err)
		}
	}
}

// A node that keeps to a network is not there for others, and they are not for it.
func TestNetRestrict(t *testing.T) {
	open := started(t, bothConfig())
	cfg := bothConfig()
	cfg.Session.NetRestrict = []string{"10.0.0.0/8"}
	shut := started(t, cfg)
	for _, at := range []string{open.Info().LibP2P[0], open.Info().Enode} {
		if _, err := shut.Connect(soon(t), at); !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "outside") {
			t.Errorf("dialled outside: %v", err)
		}
		if _, err := shut.Keep(soon(t), at); !errors.Is(err, ErrRefused) {
			t.Errorf("keeps outside: %v", err)
		}
		byName := strings.NewReplacer("/ip4/127.0.0.1/", "/dns4/localhost/", "@127.0.0.1:", "@localhost:").Replace(at)
		if _, err := shut.Connect(soon(t), byName); byName == at || !errors.Is(err, ErrRefused) || !strings.Contains(err.Error(), "shut out") {
			t.Errorf("dialled by name %s: %v", byName, err)
		}
	}
	for _, at := range []string{shut.Info().LibP2P[0], shut.Info().Enode} {
		if _, err := open.Connect(soon(t), at); err == nil {
			t.Errorf("was let in from outside at %s", at)
		}
	}
	cfg = libConfig()
	cfg.Session.NetRestrict = []string{"10.0.0.0/8", "127.0.0.0/8"}
	join(t, started(t, cfg), open)
}

// The record's number goes on from that of the run before, which is in the data folder.
func TestRecordOutlivesTheRun(t *testing.T) {
	dir := t.TempDir()
	var last uint64
	for range 3 {
		cfg := libConfig() // another port each time
		cfg.DataDir = dir
		n, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		r, err := enr.Parse(n.Record())
		if err != nil {
			t.Fatal(err)
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
		saved, err := os.ReadFile(filepath.Join(dir, "record"))
		if err != nil || strings.TrimSpace(string(saved)) != r.String() {
			t.Errorf("the folder holds %q, %v", saved, err)
		}
		if r.Seq() <= last {
			t.Errorf("number %d after %d", r.Seq(), last)
		}
		last = r.Seq()
	}
}
