package ropewalk

import (
	"bytes"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/ropewalk/ropewalk/link/mem"
)

// exposition is what a scrape of the node reads.
func exposition(t testing.TB, n *Node) string {
	t.Helper()
	out := httptest.NewRecorder()
	promhttp.HandlerFor(n.Registry(), promhttp.HandlerOpts{ErrorHandling: promhttp.HTTPErrorOnError}).ServeHTTP(out, httptest.NewRequest("GET", "/metrics", nil))
	if out.Code != 200 {
		t.Fatalf("scrape: %d %s", out.Code, out.Body)
	}
	return out.Body.String()
}

// sample is one line of the exposition format 0.0.4.
var sample = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_][a-zA-Z0-9_]*="(\\.|[^"\\\n])*",?)*\})? (NaN|[+-]Inf|[-+0-9.e]+)$`)

// Rule: O3, O5
func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wire := mem.NewNetwork()
		a, b := made(t, memConfig(wire, "a")), started(t, memConfig(wire, "b"))
		exposition(t, a) // before Start
		if err := a.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		odd := "quote \" backslash \\ line\nend"
		for _, n := range []*Node{a, b} {
			follow(t, n, "news")
			follow(t, n, odd)
		}
		follow(t, b, "elsewhere")
		join(t, a, b)
		meshed(t, a, "news", 1)
		if _, err := a.Publish(t.Context(), "elsewhere", []byte("x"), 0); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Publish(t.Context(), "news", []byte("x"), 1); err != nil {
			t.Fatal(err)
		}
		text := exposition(t, a)
		for line := range strings.Lines(text) {
			if line = strings.TrimSuffix(line, "\n"); !strings.HasPrefix(line, "# ") && !sample.MatchString(line) {
				t.Errorf("no line of the format: %q", line)
			}
			if strings.Contains(line, a.Info().PeerID) || strings.Contains(line, b.Info().PeerID) || strings.Contains(line, b.Info().ID.String()) {
				t.Errorf("a peer is a label: %q", line)
			}
		}
		for _, want := range []string{
			`ropewalk_loop_step_seconds_bucket{input="call",le="0.001"}`,
			`ropewalk_loop_step_seconds_count{input="message"}`,
			`ropewalk_gossipsub_mesh_peers{topic="news"} 1`,
			`ropewalk_gossipsub_mesh_peers{topic="quote \" backslash \\ line\nend"} 1`,
			`ropewalk_gossipsub_topic_peers{topic="news"} 1`,
			`ropewalk_gossipsub_topic_peers{topic="elsewhere"} 1`,
			`ropewalk_gossipsub_fanout_peers{topic="elsewhere"} 1`,
			`ropewalk_gossipsub_peers{protocol="/meshsub/1.3.0"} 1`,
			`ropewalk_gossipsub_topics{state="low"} 2`,
			`ropewalk_gossipsub_message_published_total{topic="news"} 1`,
			`ropewalk_gossipsub_message_published_total{topic="other"} 1`,
			`ropewalk_gossipsub_message_received_total{topic="news"} 0`,
			`ropewalk_gossipsub_message_sent_total 2`,
			`ropewalk_gossipsub_rpc_dropped_total{class="own"} 0`,
			`ropewalk_job_seconds_count{strand="gossipsub"} 2`,
			`ropewalk_sessions{direction="out",session="direct"} 1`,
			`ropewalk_hosts{colour="grey"}`,
			`ropewalk_events_total{kind="up",strand="peer"} 1`,
			"\nropewalk_loop_inbox ", // how many wait at that moment is chance
			"\nropewalk_jobs_waiting ",
			"go_goroutines ",
			"process_cpu_seconds_total ",
		} {
			if !strings.Contains(text, want) {
				t.Errorf("no %s", want)
			}
		}
		if err := a.Close(); err != nil {
			t.Fatal(err)
		}
		exposition(t, a) // after Close
	})
}

// Every metric of ours says what it is in base units.
func TestMetricNames(t *testing.T) {
	n := started(t, memConfig(mem.NewNetwork(), "a"))
	for line := range bytes.Lines([]byte(exposition(t, n))) {
		f := strings.Fields(string(line))
		if len(f) >= 3 && f[0] == "#" && f[1] == "HELP" && strings.HasPrefix(f[2], "ropewalk_") && len(f) < 5 {
			t.Errorf("%s has no help", f[2])
		}
		if strings.HasPrefix(string(line), "ropewalk_") && regexp.MustCompile(`_(ms|milliseconds|microseconds|kb|mb)[_{ ]`).MatchString(string(line)) {
			t.Errorf("no base unit: %s", line)
		}
	}
}

// The steps of one heartbeat are one observation, those between none.
func TestHeartbeatTime(t *testing.T) {
	n := made(t, memConfig(mem.NewNetwork(), "a"))
	for _, s := range []struct {
		begun uint64
		on    bool
	}{{0, false}, {1, true}, {1, true}, {1, false}, {1, false}, {2, false}, {2, false}} {
		n.metrics.beat(s.begun, s.on, time.Second)
	}
	text := exposition(t, n)
	for _, line := range []string{"ropewalk_gossipsub_heartbeat_seconds_count 2\n", "ropewalk_gossipsub_heartbeat_seconds_sum 4\n"} {
		if !strings.Contains(text, line) {
			t.Errorf("no %s", line)
		}
	}
}

// What RPCs hold is a figure of each type, in both directions.
func TestEntriesByType(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wire := mem.NewNetwork()
		a, b := started(t, memConfig(wire, "a")), started(t, memConfig(wire, "b"))
		x, y := joined(t, a, "t"), joined(t, b, "t")
		join(t, a, b)
		meshed(t, a, "t", 1)
		meshed(t, b, "t", 1)
		if _, err := x.Publish(t.Context(), []byte("hi"), PublishOptions{MinPeers: 1}); err != nil {
			t.Fatal(err)
		}
		for range y.Messages(t.Context()) {
			break
		}
		x.Close()
		time.Sleep(3 * time.Second)
		sent, got := exposition(t, a), exposition(t, b)
		for _, entry := range []string{"message", "subscription", "graft", "prune", "ihave"} {
			out, in := `ropewalk_gossipsub_rpc_sent_entries_total{type="`+entry+`"} `, `ropewalk_gossipsub_rpc_received_entries_total{type="`+entry+`"} `
			if figure(t, sent, out) != figure(t, got, in) {
				t.Errorf("%s: sent %s, received %s", entry, figure(t, sent, out), figure(t, got, in))
			}
		}
		if figure(t, got, `ropewalk_gossipsub_rpc_received_entries_total{type="subscription"} `) != "2" {
			t.Error("not one subscription and its end")
		}
		if strings.Contains(sent, "ropewalk_gossipsub_heartbeat_seconds_count 0\n") {
			t.Error("no heartbeat")
		}
	})
}

// figure is what follows a name in the exposition.
func figure(t *testing.T, text, name string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, "\n"+name)
	if !ok {
		t.Fatalf("no %s", name)
	}
	value, _, _ := strings.Cut(rest, "\n")
	return value
}
