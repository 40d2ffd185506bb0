package scenario

import (
	"fmt"
	"slices"
	"time"
)

// line is what was said once or several times with the same words.
type line struct {
	said
	by    int       // who said it first
	at    time.Time // when
	times int       // how often it was said: each node must show it that often
}

// sayings is the log of what was said.
type sayings struct {
	byText map[said]*line
	order  []*line
}

// say has a node say something and notes it. bytes is how large it is made, zero for
// as large as it is.
func (p *Play) say(now time.Time, i int, where Place, body string, bytes int) {
	what := said{where, body}
	l := p.said.byText[what]
	if l == nil {
		l = &line{said: what, by: i, at: now}
		if p.said.byText == nil {
			p.said.byText = map[said]*line{}
		}
		p.said.byText[what] = l
		p.said.order = append(p.said.order, l)
	}
	l.times++
	if lab, ok := p.st.(Lab); ok && bytes > 0 {
		lab.PublishSized(now, i, where.Name, body, bytes)
		return
	}
	if where.Topic {
		p.st.Publish(now, i, where.Name, body)
		return
	}
	p.st.SayLine(now, i, where.Name, body)
}

// watch is an expectation of lines under way. Lines are looked at in the order in
// which they were said, and one that everybody has is done with, so a look costs
// about as many questions as nodes are missing the first line that is missing.
type watch struct {
	result   int // index of its result in the report
	who      Who
	nodes    []int
	lines    []*line
	at       int   // lines before this one are everywhere
	missing  []int // nodes that lack lines[at]; nil when not looked at yet
	optional bool  // a line that went with its speaker is not owed
	gone     int   // such lines
	samples  []time.Duration
}

func (p *Play) runExpect(now time.Time, s *Step) (Result, bool) {
	w := p.watch
	if w == nil {
		w = &watch{who: s.Nodes, nodes: s.Nodes.pick(p.st, p.stayed), optional: s.Everything}
		for _, l := range p.said.order {
			if l.place == s.Place && (s.Everything || l.body == s.Body) {
				w.lines = append(w.lines, l)
			}
		}
		p.watch = w
		if len(w.nodes) == 0 || len(w.lines) == 0 {
			return failure("nothing to expect: %d nodes, %d lines", len(w.nodes), len(w.lines))
		}
	}
	for ; w.at < len(w.lines); w.at, w.missing = w.at+1, nil {
		l := w.lines[w.at]
		if w.optional && !p.stayed(l.by) && !p.anywhere(w, l) {
			w.gone++
			continue
		}
		if err := p.look(now, w, l); err != nil {
			return failure("%v", err)
		}
		if len(w.missing) > 0 {
			return p.again(now, s, func() string {
				return fmt.Sprintf("%q of %s is missing at %d of %d nodes: %s", l.body, NodeName(l.by), len(w.missing), len(w.nodes), nodeNames(w.missing))
			})
		}
	}
	w.result = len(p.report)
	p.kept = append(p.kept, w)
	r := w.summary()
	if s.Latest > 0 && r.Max > s.Latest {
		r.OK = false
		r.Detail += fmt.Sprintf("; later than %v", s.Latest)
	}
	return r, true
}

// anywhere tells whether one of the nodes has a line. What has reached one is owed
// to all.
func (p *Play) anywhere(w *watch, l *line) bool {
	return slices.ContainsFunc(w.nodes, func(i int) bool { return p.shown(i, l) > 0 })
}

// look asks each node that is missing a line whether it has it now.
func (p *Play) look(now time.Time, w *watch, l *line) error {
	if w.missing == nil {
		w.missing = slices.Clone(w.nodes)
	}
	still := w.missing[:0]
	for _, i := range w.missing {
		if !w.who.has(i, p.st, p.stayed) {
			continue // alive or stayed no longer applies to it
		}
		switch n := p.shown(i, l); {
		case n > l.times:
			return fmt.Errorf("%s has %q %d times, want %d", NodeName(i), l.body, n, l.times)
		case n < l.times:
			still = append(still, i)
		case i != l.by && len(w.samples) < samplesMax:
			w.samples = append(w.samples, p.arrival(now, i, l))
		}
	}
	w.missing = still
	return nil
}

// shown is how often a node has a line.
func (p *Play) shown(i int, l *line) int {
	if l.place.Topic {
		return p.st.Received(i, l.place.Name, l.body)
	}
	return p.st.Count(i, l.place.Name, l.body)
}

// arrival is how long a line took to a node; when the world does not know, until
// it was seen there.
func (p *Play) arrival(now time.Time, i int, l *line) time.Duration {
	ask := p.st.Arrival
	if l.place.Topic {
		ask = p.st.ReceivedAt
	}
	if at, ok := ask(i, l.place.Name, l.body); ok {
		now = at
	}
	return max(0, now.Sub(l.at))
}

func (w *watch) summary() Result {
	slices.Sort(w.samples)
	r := Result{OK: true, Samples: len(w.samples), P50: quantile(w.samples, 50), P95: quantile(w.samples, 95), Max: quantile(w.samples, 100)}
	r.Detail = fmt.Sprintf("%d lines at %d nodes, p50 %v p95 %v max %v", len(w.lines)-w.gone, len(w.nodes),
		r.P50.Round(time.Microsecond), r.P95.Round(time.Microsecond), r.Max.Round(time.Microsecond))
	if w.gone > 0 {
		r.Detail += fmt.Sprintf(", %d lines went with their speakers", w.gone)
	}
	w.samples = nil
	return r
}

// quantile is the nearest-rank percentile of ascending samples.
func quantile(ascending []time.Duration, percent int) time.Duration {
	if len(ascending) == 0 {
		return 0
	}
	return ascending[(len(ascending)*percent+99)/100-1]
}

// lastLook finds duplicates that came after an expectation was met.
func (p *Play) lastLook() {
	for _, w := range p.kept {
		r := &p.report[w.result]
		for _, l := range w.lines {
			for _, i := range w.nodes {
				if n := p.shown(i, l); n > l.times && r.OK {
					r.OK, p.failed = false, true
					r.Detail = fmt.Sprintf("%s has %q %d times at the end, want %d", NodeName(i), l.body, n, l.times)
				}
			}
		}
	}
}

// runPeers is a wait for peers, or an expectation that slots are filled again.
func (p *Play) runPeers(now time.Time, s *Step) (Result, bool) {
	nodes := s.Nodes.pick(p.st, p.stayed)
	if len(nodes) == 0 {
		return failure("none of them is running")
	}
	others := -1
	if s.Verb == Wait {
		for i := range p.st.Nodes() {
			if p.st.Alive(i) {
				others++
			}
		}
	}
	var short, peers []int
	for _, i := range nodes {
		want := min(s.N, max(others, 0))
		if s.Verb == Refilled {
			want = p.st.Reachable(i)
		}
		n := 0
		if p.st.Alive(i) {
			n = p.st.Peers(i)
		}
		if n < want || !p.st.Alive(i) {
			short = append(short, i)
		}
		peers = append(peers, n)
	}
	slices.Sort(peers)
	figures := fmt.Sprintf("peers min %d median %d", peers[0], peers[len(peers)/2])
	if len(short) == 0 {
		return success(figures)
	}
	return p.again(now, s, func() string {
		return fmt.Sprintf("%d of %d nodes have too few peers: %s; %s", len(short), len(nodes), nodeNames(short), figures)
	})
}
