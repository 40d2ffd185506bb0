package ropewalk

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link/mem"
)

// inParts are two joined nodes of a topic whose messages travel in parts.
func inParts(t *testing.T) (a, b *Topic) {
	t.Helper()
	wire := mem.NewNetwork()
	x, y := started(t, memConfig(wire, "a")), started(t, memConfig(wire, "b"))
	how := TopicConfig{Partial: &Partial{Request: true}}
	a, b = joined(t, x, "t", how), joined(t, y, "t", how)
	join(t, x, y)
	meshed(t, x, "t", 1)
	meshed(t, y, "t", 1)
	return a, b
}

// all sends the parts to everybody.
func all(group, parts string) Parts {
	return Parts{Group: []byte(group), Metadata: []byte("m"), For: func(id.ID, []byte) ([]byte, []byte) { return []byte(parts), []byte("all") }}
}

// Parts come to who joined the topic for them, each with who sent it, until the
// topic is closed; what they were worth counts for the sender's score.
func TestPartials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := inParts(t)
		if n, err := a.PublishPartial(t.Context(), all("g", "half")); err != nil || n != 1 {
			t.Fatalf("sent to %d, %v", n, err)
		}
		for m := range b.Partials(t.Context()) {
			if m.Topic != "t" || m.Group != "g" || string(m.Parts) != "half" || string(m.Metadata) != "m" || m.Via != a.n.Info().ID {
				t.Errorf("%+v", m)
			}
			break
		}
		if err := b.JudgePartial(t.Context(), a.n.Info().ID, false); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second)
		if scores, err := b.n.Scores(t.Context()); err != nil || len(scores) != 1 || scores[0].Topics[0].Invalids == 0 {
			t.Errorf("bad parts cost nothing: %+v %v", scores, err)
		}
		b.Close()
		for m := range b.Partials(t.Context()) {
			t.Errorf("after the end: %+v", m)
		}
		synctest.Wait()
		if n := len(b.n.partials.subs); n != 0 {
			t.Errorf("%d listeners left", n)
		}
	})
}

// Who does not read loses the newest parts, counted, and stalls nobody.
func TestPartialsLag(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := inParts(t)
		for i := range partialRoom + 3 {
			if n, err := a.PublishPartial(t.Context(), all(fmt.Sprint(i%4), "half")); err != nil || n != 1 {
				t.Fatalf("%d: sent to %d, %v", i, n, err)
			}
			synctest.Wait()
		}
		if n := b.PartialsLagged(); n != 3 {
			t.Errorf("%d lost", n)
		}
	})
}

func TestPartialsThatCannotBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := started(t, memConfig(mem.NewNetwork(), "a"))
		whole, parted := joined(t, n, "whole"), joined(t, n, "parted", TopicConfig{Partial: &Partial{}})
		for name, c := range map[string]struct {
			topic *Topic
			parts Parts
			want  error
		}{
			"topic without parts": {whole, all("g", "x"), ErrBadInput},
			"no group":            {parted, all("", "x"), ErrBadInput},
			"metadata too large":  {parted, Parts{Group: []byte("g"), Metadata: make([]byte, 1<<20)}, ErrTooLarge},
		} {
			if _, err := c.topic.PublishPartial(t.Context(), c.parts); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for range whole.Partials(t.Context()) {
			t.Error("a part in a topic without parts")
		}
		if whole.PartialsLagged() != 0 {
			t.Error("lost parts in a topic without parts")
		}
		var bad *ConfigError
		if _, err := n.Join(t.Context(), "u", TopicConfig{Partial: &Partial{GroupTTL: 2}}); !errors.As(err, &bad) {
			t.Errorf("a short life: %v", err)
		}
	})
}
