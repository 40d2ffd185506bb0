package ropewalk

import (
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ropewalk/ropewalk/link/mem"
)

var rewrite = flag.Bool("rewrite-docs", false, "write the table of docs/metrics.md anew")

// descText takes apart what a Desc says of itself; it has no other way to tell.
var descText = regexp.MustCompile(`^Desc\{fqName: "([^"]*)", help: "(.*)", unit: "", constLabels: \{\}, variableLabels: \{([^}]*)\}\}$`)

// metricRows are the lines of the table, one for each metric a node registers.
func metricRows(t *testing.T, n *Node) (rows []string) {
	for _, c := range n.metrics.own {
		descs := make(chan *prometheus.Desc, 256)
		c.Describe(descs)
		close(descs)
		for d := range descs {
			m := descText.FindStringSubmatch(d.String())
			if m == nil {
				t.Fatalf("cannot read %s", d)
			}
			labels := ""
			if m[3] != "" {
				labels = "`" + strings.ReplaceAll(m[3], ",", "`, `") + "`"
			}
			rows = append(rows, "| `"+m[1]+"` | "+labels+" | "+m[2]+" |")
		}
	}
	slices.Sort(rows)
	return rows
}

// docs/metrics.md lists every metric with its labels and its help text, and nothing
// else. Write the table anew with -rewrite-docs.
// Rule: O3
func TestMetricsAreDocumented(t *testing.T) {
	const page, head = "docs/metrics.md", "|---|---|---|\n"
	raw, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	before, table, ok := strings.Cut(string(raw), head)
	if !ok {
		t.Fatalf("%s has no table", page)
	}
	table, after, _ := strings.Cut(table, "\n\n")
	rows := strings.Join(metricRows(t, started(t, memConfig(mem.NewNetwork(), "a"))), "\n")
	if strings.Count(rows, "\n") < 40 {
		t.Fatalf("only these were found:\n%s", rows)
	}
	if strings.TrimSpace(table) == rows {
		return
	}
	if *rewrite {
		if err := os.WriteFile(page, []byte(before+head+rows+"\n\n"+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Errorf("the table of %s is not what the node registers; -rewrite-docs writes it anew. Want\n%s", page, rows)
}

// Names follow the habits of Prometheus: counters end in _total, base units only.
func TestMetricNamesEnd(t *testing.T) {
	for _, x := range totals {
		if !strings.Contains(x.desc.String(), `_total"`) {
			t.Errorf("%s is a counter", x.desc)
		}
	}
	for _, x := range topicFigures {
		if strings.Contains(x.desc.String(), `_total"`) != (x.kind == prometheus.CounterValue) {
			t.Errorf("%s: kind and name differ", x.desc)
		}
	}
}

// What strangers announce makes no label; nor do more topics of ours than allowed.
// Rule: O4
func TestTopicLabels(t *testing.T) {
	var topics []TopicInfo
	for i := range 300 {
		topics = append(topics, TopicInfo{Topic: "ours" + string(rune('a'+i%26)) + strings.Repeat("x", i), Subscribed: true})
	}
	topics = append(topics, TopicInfo{Topic: "stranger", Peers: 3}, TopicInfo{Topic: otherTopics, Subscribed: true}, TopicInfo{Topic: "fanout", Fanout: 1})
	named, rest := labelled(topics)
	if len(named) != topicLabelsMax || len(rest) != 303-topicLabelsMax {
		t.Fatalf("%d and %d", len(named), len(rest))
	}
	for _, x := range named {
		if x.Topic == "stranger" || x.Topic == otherTopics || x.Topic == "fanout" {
			t.Errorf("%s has a label", x.Topic)
		}
	}
	named, _ = labelled([]TopicInfo{{Topic: "stranger", Peers: 3}, {Topic: otherTopics, Subscribed: true}, {Topic: "fanout", Fanout: 1}})
	if len(named) != 1 || named[0].Topic != "fanout" {
		t.Errorf("labels for %v", named)
	}
}
