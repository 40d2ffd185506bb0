package session

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/ropewalk/ropewalk/hosts"
	"github.com/ropewalk/ropewalk/link"
)

// TestScripts plays the dialogues of testdata: what the node knew, what failed, and
// which dials follow at which virtual second.
//
//	hosts ip …            others, numbered from n0
//	node [outbound=2] [inbound=9] [total=9] [seeds=(0)] [peers=(1)] [trusted=(2)] [refine=15s] [restrict=8.1.0.0/16] [localnet]
//	hear N …              their records come into the book
//	mode N TEXT           N fails dials with the text; "hole" never answers; "ok" answers
//	knows N (M …)         N tells of others when asked;  mute N says nothing
//	start, stop, run D    the events of the node come out
//	dialin N              N dials us
//	cut N                 the link with N breaks
//	connect N             the user wants N
//	keep N, forget N      the user wants N for ever, or no more
//	trust N, untrust N    N is exempt from the limits, or no more
//	ban N                 N is banned
//	links                 who is connected, and why
//	outbound COUNT        the number of slots changes
//	slots, book           what they show
func TestScripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		s := &script{w: newNetwork(t)}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			return s.run(t, d)
		})
	})
}

type script struct {
	w    *network
	me   *member
	shut int // log lines shown already
}

func (s *script) run(t *testing.T, d *datadriven.TestData) string {
	var out strings.Builder
	for _, line := range append([]string{strings.TrimSpace(d.Cmd + " " + args(d))}, strings.Split(d.Input, "\n")...) {
		if line = strings.TrimSpace(line); line != "" {
			out.WriteString(s.do(t, strings.Fields(line)))
		}
	}
	return out.String()
}

func args(d *datadriven.TestData) string {
	var out []string
	for _, a := range d.CmdArgs {
		out = append(out, a.String())
	}
	return strings.Join(out, " ")
}

func (s *script) do(t *testing.T, f []string) string {
	w := s.w
	pick := func(x string) *member {
		n, err := strconv.Atoi(strings.Trim(x, "n(),"))
		if err != nil || n >= len(w.members) {
			t.Fatalf("no host %q", x)
		}
		return w.members[n]
	}
	rest := f[1:]
	switch f[0] {
	case "hosts":
		for _, ip := range rest {
			w.stranger(ip)
		}
	case "node":
		s.me = w.join("8.200.1.1", config(t, rest, pick))
	case "hear":
		for _, x := range rest {
			if err := s.me.book.Hear(w.now, "", pick(x).rec); err != nil {
				return err.Error() + "\n"
			}
		}
	case "mode":
		m := pick(rest[0])
		if m.mode = strings.Join(rest[1:], " "); m.mode == "ok" {
			m.mode = ""
		}
	case "knows":
		for _, x := range rest[1:] {
			pick(rest[0]).knows = append(pick(rest[0]).knows, pick(x))
		}
	case "mute":
		pick(rest[0]).mute = true
	case "start":
		s.me.start()
	case "stop":
		s.me.stop()
		return s.shown()
	case "run":
		d, err := time.ParseDuration(rest[0])
		if err != nil {
			t.Fatal(err)
		}
		w.run(d)
		return s.shown()
	case "dialin":
		m := pick(rest[0])
		if err := m.k.Connect(w.now, m.k.tickets.Next(), s.me.addr); err != nil {
			return err.Error() + "\n"
		}
	case "cut":
		x := s.me.links[pick(rest[0]).key.ID()]
		if x == nil {
			return "no link\n"
		}
		w.cut(x, "connection reset")
	case "connect":
		if err := s.me.k.Connect(w.now, s.me.k.tickets.Next(), pick(rest[0]).addr); err != nil {
			return err.Error() + "\n"
		}
	case "keep":
		if err := s.me.k.AddPeer(w.now, pick(rest[0]).addr); err != nil {
			return err.Error() + "\n"
		}
	case "forget":
		return fmt.Sprintln(s.me.k.Forget(w.now, pick(rest[0]).key.ID()))
	case "trust":
		if err := s.me.k.Trust(w.now, pick(rest[0]).key.ID()); err != nil {
			return err.Error() + "\n"
		}
	case "untrust":
		return fmt.Sprintln(s.me.k.Untrust(w.now, pick(rest[0]).key.ID()))
	case "ban":
		_ = s.me.book.Ban(w.now, hosts.OfID(pick(rest[0]).key.ID()), time.Hour)
	case "links":
		return s.links()
	case "outbound":
		n, _ := strconv.Atoi(rest[0])
		s.me.k.SetOutbound(w.now, n)
	case "slots":
		return s.slots()
	case "book":
		c := s.me.book.Counts()
		return fmt.Sprintf("grey %d white %d gold %d\n", c.Grey, c.White, c.Gold)
	default:
		t.Fatalf("no command %q", f[0])
	}
	return ""
}

func config(t *testing.T, words []string, pick func(string) *member) Config {
	cfg := Config{RefineEvery: -1}
	into, trusted := &cfg.Seeds, false
	for _, word := range words {
		key, val, named := strings.Cut(word, "=")
		trusted = trusted && !named
		n, _ := strconv.Atoi(val)
		switch key {
		case "outbound":
			cfg.Outbound = n
		case "inbound":
			cfg.Inbound = n
		case "total":
			cfg.Total = n
		case "restrict":
			cfg.Restrict, _ = link.ParseRestriction([]string{val})
		case "trusted":
			trusted = true
			for _, x := range strings.Split(strings.Trim(val, "()"), ",") {
				cfg.Trusted = append(cfg.Trusted, pick(strings.TrimSpace(x)).key.ID())
			}
		case "localnet":
			cfg.Localnet = true
		case "refine":
			cfg.RefineEvery, _ = time.ParseDuration(val)
		case "seeds", "peers":
			if into = &cfg.Seeds; key == "peers" {
				into = &cfg.Peers
			}
			for _, x := range strings.Split(strings.Trim(val, "()"), ",") {
				*into = append(*into, pick(strings.TrimSpace(x)).addr)
			}
		default: // datadriven prints (1, 2) with a blank
			if trusted {
				cfg.Trusted = append(cfg.Trusted, pick(word).key.ID())
				continue
			}
			*into = append(*into, pick(word).addr)
		}
	}
	return cfg
}

// shown is the node's events since the last time.
func (s *script) shown() string {
	out := strings.Join(s.me.log[s.shut:], "\n")
	s.shut = len(s.me.log)
	if out == "" {
		return ""
	}
	return out + "\n"
}

func (s *script) links() string {
	var out strings.Builder
	for _, m := range s.w.members {
		if kind := s.me.k.Kind(m.key.ID()); kind != None {
			fmt.Fprintf(&out, "n%d %s", m.n, kind)
			if s.me.k.Trusted(m.key.ID()) {
				out.WriteString(", trusted")
			}
			out.WriteByte('\n')
		}
	}
	return out.String()
}

func (s *script) slots() string {
	var out strings.Builder
	name := func(a link.Addr) string {
		for _, m := range s.w.members {
			if m.addr == a {
				return fmt.Sprintf(" n%d", m.n)
			}
		}
		return ""
	}
	for _, x := range s.me.k.Slots() {
		fmt.Fprintf(&out, "%s %d", x.Role, x.Slot)
		if x.Use != "" {
			fmt.Fprintf(&out, " %s", x.Use)
		}
		fmt.Fprintf(&out, " %s%s", x.State, name(x.Addr))
		if x.Attempts > 0 {
			fmt.Fprintf(&out, ", attempts %d", x.Attempts)
		}
		if !x.RetryAt.IsZero() {
			fmt.Fprintf(&out, ", retry at %.3f", x.RetryAt.Sub(s.w.started).Seconds())
		}
		if x.Why != "" {
			fmt.Fprintf(&out, ": %s", x.Why)
		}
		out.WriteByte('\n')
	}
	return out.String()
}
