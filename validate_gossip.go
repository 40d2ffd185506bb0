package ropewalk

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/ropewalk/ropewalk/gossipsub"
	"github.com/ropewalk/ropewalk/gossipsub/score"
)

const (
	signsAllowed    = "strict, none, lax or lax-none"
	versionsAllowed = "1.3, 1.2, 1.1, 1.0 or floodsub"
)

func (v *validator) gossip(g GossipConfig) {
	_, known := gossipsub.PolicyNamed(g.Sign)
	v.check(g.Sign == "" || known, "gossip.sign", g.Sign, signsAllowed)
	_, err := gossipsub.Config{Version: g.Version}.Protocol()
	v.check(err == nil, "gossip.version", g.Version, versionsAllowed)
	v.streams(g)
	v.check(g.SeenStrategy == "" || g.SeenStrategy == "first" || g.SeenStrategy == "last", "gossip.seen_strategy", g.SeenStrategy, "first or last")
	v.degrees("gossip", TopicConfig{D: g.D, Dlo: g.Dlo, Dhi: g.Dhi, Dscore: g.Dscore, Dout: g.Dout})
	v.within("gossip.Dlazy", g.Dlazy, 0, 64)
	v.check(g.GossipFactor >= 0 && g.GossipFactor <= 1, "gossip.gossip_factor", fmt.Sprint(g.GossipFactor), "more than 0, to 1")
	v.gossipTimes(g)
	v.gossipCounts(g)
	v.hosts("gossip.direct_peers", g.DirectPeers)
	for _, name := range g.SubscriptionFilter {
		v.check(goodTopic(name), "gossip.subscription_filter", name, topicNames)
	}
	v.score(g)
	for _, name := range sortedKeys(g.Topics) {
		v.topic(name, g.Topics[name], g)
	}
}

const streamsAllowed = "up to 16 different stream IDs that begin with / and are none of the specification's or of ropewalk's own, at most 128 bytes, each with = and its version"

// streams checks the IDs of a router whose version is right; of another nothing can
// be said.
func (v *validator) streams(g GossipConfig) {
	if _, err := (gossipsub.Config{Version: g.Version}).Protocol(); err != nil {
		return
	}
	_, err := gossipsub.Config{Streams: g.Streams}.Protocol()
	var list []string
	for _, s := range g.Streams {
		own := strings.HasPrefix(s.ID, "/ropewalk/")
		list = append(list, s.ID+"="+s.Version)
		if own || !utf8.ValidString(s.ID) || strings.ContainsFunc(s.ID, unicode.IsControl) {
			err = gossipsub.ErrConfig
		}
	}
	v.check(err == nil, "gossip.streams", strings.Join(list, ", "), streamsAllowed)
	if err == nil {
		_, err = gossipsub.Config{Version: g.Version, Streams: g.Streams, StreamsOnly: g.StreamsOnly}.Protocol()
		v.check(err == nil, "gossip.streams_only", fmt.Sprint(g.StreamsOnly), "a stream of this version or older in streams")
	}
}

func (v *validator) gossipTimes(g GossipConfig) {
	v.span("gossip.heartbeat_initial_delay", g.HeartbeatDelay, time.Millisecond, time.Minute)
	v.span("gossip.heartbeat_interval", g.HeartbeatEvery, 100*time.Millisecond, time.Minute)
	v.span("gossip.fanout_ttl", g.FanoutTTL, time.Second, time.Hour)
	v.span("gossip.seen_ttl", g.SeenTTL, time.Second, time.Hour)
	v.span("gossip.prune_backoff", g.PruneBackoff, time.Second, time.Hour)
	v.span("gossip.unsubscribe_backoff", g.UnsubscribeBackoff, time.Second, time.Hour)
	v.span("gossip.graft_flood_threshold", g.GraftFlood, time.Second, time.Hour)
	v.span("gossip.iwant_followup_time", g.IWantFollowup, 10*time.Millisecond, time.Minute)
}

func (v *validator) gossipCounts(g GossipConfig) {
	v.within("gossip.history_length", g.HistoryLength, 0, 64)
	v.within("gossip.history_gossip", g.HistoryGossip, 0, 64)
	if or(g.HistoryGossip, 3) > or(g.HistoryLength, 5) {
		v.bad = append(v.bad, FieldError{"gossip.history_gossip", fmt.Sprint(g.HistoryGossip), "at most history_length"})
	}
	v.within("gossip.gossip_retransmission", g.GossipRetransmission, 0, 64)
	v.within("gossip.max_ihave_length", g.MaxIHaveLength, 0, 32768)
	v.within("gossip.max_ihave_messages", g.MaxIHaveMessages, 0, 10000)
	v.within("gossip.max_idontwant_length", g.MaxIDontWantLength, 0, 10000)
	v.within("gossip.max_idontwant_messages", g.MaxIDontWantMessages, 0, 100000)
	v.within("gossip.idontwant_ttl", g.IDontWantTTL, 0, 64)
	v.within("gossip.direct_connect_ticks", g.DirectConnectTicks, 0, 100000)
	v.within("gossip.opportunistic_graft_ticks", g.OpportunisticGraftTicks, 0, 100000)
	v.within("gossip.opportunistic_graft_peers", g.OpportunisticGraftPeers, 0, 64)
	v.within("gossip.prune_peers", g.PrunePeers, 0, 16)
	v.size("gossip.idontwant_threshold", g.IDontWantBytes, 1, 1<<20, "1 byte to 1MiB")
	v.size("gossip.max_message_size", g.MessageBytes, 1024, 1<<20, "1KiB to 1MiB")
	v.size("gossip.seen_bytes", g.SeenBytes, 1<<20, 4<<30, "1MiB to 4GiB")
	v.size("gossip.cache_bytes", g.CacheBytes, 1<<20, 16<<30, "1MiB to 16GiB")
}

// size accepts 0, which means the default.
func (v *validator) size(field string, n int, low, high int64, allowed string) {
	v.number(n == 0 || int64(n) >= low && int64(n) <= high, field, n, allowed)
}

func (v *validator) number(ok bool, field string, n int, allowed string) {
	if !ok {
		v.bad = append(v.bad, FieldError{field, fmt.Sprint(n), allowed})
	}
}

// degrees checks those of the router or of a topic; 0 is the default of each.
func (v *validator) degrees(table string, t TopicConfig) {
	v.within(table+".D", t.D, 0, 64)
	v.within(table+".Dlo", t.Dlo, 0, 64)
	v.within(table+".Dhi", t.Dhi, 0, 128)
	v.within(table+".Dscore", t.Dscore, -1, 64)
	v.within(table+".Dout", t.Dout, -1, 32)
	d := or(t.D, 6)
	lo, hi := or(t.Dlo, 5), or(t.Dhi, 12)
	if lo > d || d > hi {
		v.bad = append(v.bad, FieldError{table + ".D", fmt.Sprintf("%d (Dlo %d, Dhi %d)", d, lo, hi), "Dlo ≤ D ≤ Dhi"})
		return
	}
	v.number(t.Dscore <= d, table+".Dscore", t.Dscore, "at most D")
	v.number(t.Dout <= 0 || t.Dout < lo && t.Dout <= d/2, table+".Dout", t.Dout, "less than Dlo, and at most half of D")
}

const topicNames = "names of 1 to 256 bytes of UTF-8"

func goodTopic(name string) bool {
	return name != "" && len(name) <= 256 && utf8.ValidString(name)
}

func (v *validator) topic(name string, t TopicConfig, g GossipConfig) {
	field := fmt.Sprintf("gossip.topic.%q", name)
	v.check(goodTopic(name), field, "", topicNames)
	_, known := gossipsub.PolicyNamed(t.Sign)
	v.check(t.Sign == "" || known, field+".sign", t.Sign, signsAllowed)
	v.check(t.BytesMax >= 0 && t.BytesMax <= 16<<20, field+".max_size", fmt.Sprint(t.BytesMax), "0 to 16MiB")
	v.author(field, cmp.Or(t.Sign, g.Sign), t)
	v.size(field+".idontwant_threshold", t.IDontWantBytes, 1, 1<<20, "1 byte to 1MiB")
	v.check(t.ValidateWithin >= 0, field+".ValidateWithin", t.ValidateWithin.String(), "0 or more")
	v.span(field+".ttl", t.TTL, 10*time.Millisecond, time.Hour)
	v.check(t.Partial == nil || t.Partial.GroupTTL == 0 || t.Partial.GroupTTL >= 3, field+".Partial.GroupTTL", "", "3 or more, or 0")
	v.check(!t.Replay || cmp.Or(t.Sign, g.Sign) != "none", field+".replay", "true", "a topic that is signed")
	if t.D|t.Dlo|t.Dhi|t.Dscore|t.Dout != 0 {
		d := t.degrees(g)
		v.degrees(field, TopicConfig{D: d.D, Dlo: d.Dlo, Dhi: d.Dhi, Dscore: d.Dscore, Dout: d.Dout})
	}
	if t.Score != nil {
		b, err := score.New(DefaultScore())
		if err == nil {
			_, err = b.Topic(time.Time{}, "t", t.Score)
		}
		v.scoreError(field, err)
	}
}

func (v *validator) score(g GossipConfig) {
	if g.Score == nil || g.NoScore {
		return
	}
	_, err := score.New(*g.Score)
	v.scoreError("gossip", err)
}

// scoreError puts what the score says of its parameters, "score: NAME: why" or
// "score: NAME and NAME: why", in the words of the configuration file.
func (v *validator) scoreError(table string, err error) {
	if err == nil {
		return
	}
	names, why, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(err.Error(), "score: "), `topic "t": `), ": ")
	names = strings.ReplaceAll(names, "Topic.", "")
	first, second, pair := strings.Cut(names, " and ")
	value, rest, _ := strings.Cut(why, " ")
	if pair {
		rest += " (" + scoreKey(second) + ")"
	}
	v.bad = append(v.bad, FieldError{table + "." + scoreKey(first), value, "another value: it " + rest})
}

// scoreKey is the configuration's name of a parameter of scoring.
func scoreKey(name string) string {
	switch name {
	case "Gossip", "Publish", "Graylist", "AcceptPX", "OpportunisticGraft":
		name += "Threshold"
	}
	var out strings.Builder
	rs := []rune(name)
	for i, r := range rs {
		begins := unicode.IsUpper(r) && i > 0 && (unicode.IsLower(rs[i-1]) || i+1 < len(rs) && unicode.IsLower(rs[i+1]))
		if begins {
			out.WriteByte('_')
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}
