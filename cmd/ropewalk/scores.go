package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
)

func scoresCommand(a *app) *cobra.Command {
	var full bool
	var topic string
	cmd := &cobra.Command{
		Use:     "scores",
		GroupID: "look",
		Short:   "Show what peers' conduct in gossip is worth, the worst first",
		Long: "Lists the GossipSub scores of the peers, the worst first, with what they are made of. Peers that\n" +
			"are gone and whose score is remembered are marked. With --topic, what they did in one topic.",
		Example: "  ropewalk scores\n  ropewalk scores --topic news\n  ropewalk scores --json | jq '.[] | select(.score < 0)'",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			params := map[string]any{}
			if cmd.Flags().Changed("topic") {
				if topic == "" {
					return usagef("--topic is empty: want the name of a topic")
				}
				params["topic"] = topic
			}
			var all []ropewalk.PeerScore
			if err := a.call(cmd, "gossip_scores", params, &all); err != nil {
				return err
			}
			switch {
			case a.json:
				return a.printJSON(list(all))
			case topic != "":
				return a.printTopicScores(all, full)
			}
			if len(all) == 0 {
				var s ropewalk.GossipStats
				if err := a.call(cmd, "gossip_stats", nil, &s); err == nil && !s.Scoring {
					return failf(exitFailed, "scoring is off in this node: [gossip] score = false")
				}
			}
			return a.printScores(all, full)
		},
	}
	addFull(cmd, &full)
	cmd.Flags().StringVar(&topic, "topic", "", "only this `topic`, and its parts of the score")
	cmd.RegisterFlagCompletionFunc("topic", a.topics())
	return cmd
}

// scoreText is a number of a table: two digits, and nothing where there is nothing.
func scoreText(v float64) string {
	if v == 0 {
		return ""
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

func (a *app) printScores(all []ropewalk.PeerScore, full bool) error {
	t := newTable(a.out, "ID", "SCORE", "STANDING", "TOPICS", "APP", "ADDRESS", "BREACHES", "NETWORK", "LINK")
	for _, s := range all {
		link := "up"
		if !s.Connected {
			link = "gone"
			if !s.Until.IsZero() {
				link += ", forgotten in " + span(time.Until(s.Until))
			}
		}
		t.row(shortID(s.ID, full), fmt.Sprintf("%.2f", s.Score), s.Standing, scoreText(s.TopicScore), scoreText(s.App),
			scoreText(s.Colocation), scoreText(s.Behaviour), scoreText(s.Debt), link)
	}
	return t.end()
}

// printTopicScores prints the parts of one topic, which are all that was asked for.
func (a *app) printTopicScores(all []ropewalk.PeerScore, full bool) error {
	t := newTable(a.out, "ID", "SCORE", "TOPIC", "IN MESH", "P1 TIME", "P2 FIRST", "P3 MESH", "P3B FAILED", "P4 INVALID", "STARVES")
	for _, s := range all {
		for _, x := range s.Topics {
			mesh, starves := "", ""
			if x.InMesh > 0 {
				mesh = span(time.Duration(x.InMesh * float64(time.Millisecond)))
			}
			if x.Starves {
				starves = "yes"
			}
			t.row(shortID(s.ID, full), fmt.Sprintf("%.2f", s.Score), scoreText(x.Score), mesh, scoreText(x.TimeInMesh), scoreText(x.FirstDeliveries),
				scoreText(x.MeshDeliveries), scoreText(x.MeshFailures), scoreText(x.Invalid), starves)
		}
	}
	return t.end()
}
