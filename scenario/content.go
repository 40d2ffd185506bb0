package scenario

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Library is what a stage offers a play whose nodes put and get content: CanContent. Like
// those of Stage its methods return at once; what they begin is seen later.
type Library interface {
	// Put has node i put a file of so many bytes that are made of its name, so that who
	// gets it can tell whether it is the same.
	Put(now time.Time, i int, file string, bytes int64)
	// WasPut tells whether that has ended, on how many other nodes the file is then, and
	// why it failed.
	WasPut(file string) (done bool, replicas int, err error)
	// Get has node i get a file, anew after a failure.
	Get(now time.Time, i int, file string)
	// Got tells whether that has ended, when, and why it failed: it was not found, or it
	// is not what was put.
	Got(i int, file string) (done bool, at time.Time, err error)
}

// getAgain is how long after a failure a file is looked for again.
const getAgain = time.Second

// parsePut reads: NODE SIZE as NAME within D, or NODES files N of SIZE [over D] as NAME
// within D.
func (p *parser) parsePut(s *Step, ts []token) (err error) {
	ts, d, ok := cutTail(ts, "within")
	ts, name, ok2 := cutTail(ts, "as")
	if !ok || !ok2 {
		return errShape
	}
	if s.Time, err = parseDuration(d); err != nil {
		return err
	}
	if s.Name, err = parseName(name); err != nil {
		return err
	}
	if p.files[s.Name] {
		return fmt.Errorf("the name %s is taken", s.Name)
	}
	size := ""
	if len(ts) == 2 {
		size, s.N = ts[1].s, 1
	} else {
		if rest, d, ok := cutTail(ts, "over"); ok {
			if s.Over, err = parseDuration(d); err != nil {
				return err
			}
			ts = rest
		}
		if len(ts) != 5 || !ts[1].is("files") || !ts[3].is("of") {
			return errShape
		}
		size = ts[4].s
		if s.N, err = parseCount(ts[2].s, 2, filesMax); err != nil {
			return err
		}
	}
	n, err := parseUnits(size, byteUnits, fileBytesMax)
	if err != nil {
		return err
	}
	s.Bytes = int(n)
	if s.Nodes, err = parseWho(ts[0].s); err != nil {
		return err
	}
	if _, one := s.Nodes.single(); !one && s.N == 1 {
		return fmt.Errorf("%.60q: one node puts a file, such as node2", ts[0].s)
	}
	if p.files == nil {
		p.files = map[string]bool{}
	}
	p.files[s.Name] = true
	return nil
}

// parseGet reads: NODES $NAME [P%] within D.
func (p *parser) parseGet(s *Step, ts []token) (err error) {
	ts, d, ok := cutTail(ts, "within")
	if !ok || len(ts) < 2 || len(ts) > 3 {
		return errShape
	}
	if s.Time, err = parseDuration(d); err != nil {
		return err
	}
	if s.Nodes, err = parseWho(ts[0].s); err != nil {
		return err
	}
	name, ok := strings.CutPrefix(ts[1].s, "$")
	if !ok || ts[1].quoted {
		return errShape
	}
	if s.Name = name; !p.files[name] {
		return fmt.Errorf("nothing was put as %.60s", name)
	}
	s.Percent = 100
	if len(ts) == 3 {
		share, ok := strings.CutSuffix(ts[2].s, "%")
		if !ok {
			return errShape
		}
		s.Percent, err = parseCount(share, 1, 100)
	}
	return err
}

// putText and getText are the canonical forms.
func (s *Step) putText() string {
	if s.N == 1 {
		return fmt.Sprintf("put %v %s as %s within %v", s.Nodes, inUnits(int64(s.Bytes), byteUnits), s.Name, s.Time)
	}
	over := ""
	if s.Over > 0 {
		over = fmt.Sprintf(" over %v", s.Over)
	}
	return fmt.Sprintf("put %v files %d of %s%s as %s within %v", s.Nodes, s.N, inUnits(int64(s.Bytes), byteUnits), over, s.Name, s.Time)
}

func (s *Step) getText() string {
	share := ""
	if s.Percent < 100 {
		share = fmt.Sprintf(" %d%%", s.Percent)
	}
	return fmt.Sprintf("get %v $%s%s within %v", s.Nodes, s.Name, share, s.Time)
}

// file is one that was put.
type file struct {
	name string
	by   int
}

var errNoLibrary = errors.New("this world has no content")

func (p *Play) runPut(now time.Time, s *Step) (Result, bool) {
	lib, ok := p.st.(Library)
	if !ok {
		return failure("%v", errNoLibrary)
	}
	for ; p.count < s.N; p.count++ {
		if !p.reached(now, p.started.Add(time.Duration(float64(s.Over)*float64(p.count)/float64(s.N)))) {
			return Result{}, false
		}
		i, ok := p.drawSpeaker(s)
		if !ok {
			return failure("none of them is running")
		}
		f := file{s.Name, i}
		if s.N > 1 {
			f.name = fmt.Sprintf("%s-%d", s.Name, p.count+1)
		}
		if p.files == nil {
			p.files = map[string][]file{}
		}
		p.files[s.Name] = append(p.files[s.Name], f)
		lib.Put(now, i, f.name, int64(s.Bytes))
	}
	sum, least, waiting := 0, -1, 0
	for _, f := range p.files[s.Name] {
		done, replicas, err := lib.WasPut(f.name)
		switch {
		case err != nil:
			return failure("%s at %s: %v", f.name, NodeName(f.by), err)
		case !done:
			waiting++
		case least < 0 || replicas < least:
			least = replicas
		}
		sum += replicas
	}
	if waiting > 0 {
		return p.again(now, s, func() string { return fmt.Sprintf("%d of %d files are not put", waiting, s.N) })
	}
	return success(fmt.Sprintf("%d of %s, on %d other nodes at least, %.1f on average", s.N, inUnits(int64(s.Bytes), byteUnits), least, float64(sum)/float64(s.N)))
}

// fetch is one node that gets one file.
type fetch struct {
	file
	at     int       // node
	asked  time.Time // last
	done   bool
	why    error // of the last failure
	number int   // of tries
}

func (p *Play) runGet(now time.Time, s *Step) (Result, bool) {
	lib, ok := p.st.(Library)
	if !ok {
		return failure("%v", errNoLibrary)
	}
	if p.fetches == nil && !p.beginGet(now, s, lib) {
		return failure("none of them is running")
	}
	lacking := 0
	var why *fetch
	for k := range p.fetches {
		f := &p.fetches[k]
		if !f.done {
			p.lookGet(now, f, lib)
		}
		if !f.done {
			lacking++
			if why == nil || why.why == nil {
				why = f
			}
		}
	}
	have := len(p.fetches) - lacking
	if lacking > 0 && (!p.reachedShare(s, have) || now.Before(p.started.Add(s.Time))) {
		return p.again(now, s, func() string {
			return fmt.Sprintf("%d of %d found; %s at %s: %v", have, len(p.fetches), why.name, NodeName(why.at), why.why)
		})
	}
	return p.got(lacking), true
}

// reachedShare tells whether enough is found.
func (p *Play) reachedShare(s *Step, have int) bool {
	return have*100 >= s.Percent*len(p.fetches)
}

// beginGet has one file got by every node, or each of several by one node that is drawn.
func (p *Play) beginGet(now time.Time, s *Step, lib Library) bool {
	var nodes []int
	for _, i := range s.Nodes.pick(p.st, p.stayed) {
		if p.st.Alive(i) {
			nodes = append(nodes, i)
		}
	}
	files := p.files[s.Name]
	if len(nodes) == 0 || len(files) == 0 {
		return false
	}
	for _, f := range files {
		if len(files) == 1 {
			for _, i := range nodes {
				p.fetches = append(p.fetches, fetch{file: f, at: i})
			}
			break
		}
		others := slices.DeleteFunc(slices.Clone(nodes), func(i int) bool { return i == f.by && len(nodes) > 1 })
		p.fetches = append(p.fetches, fetch{file: f, at: others[p.rng.IntN(len(others))]})
	}
	for k := range p.fetches {
		p.ask(now, &p.fetches[k], lib)
	}
	return true
}

func (p *Play) ask(now time.Time, f *fetch, lib Library) {
	f.asked = now
	f.number++
	lib.Get(now, f.at, f.name)
}

// lookGet looks whether a file is there, and asks again after a failure.
func (p *Play) lookGet(now time.Time, f *fetch, lib Library) {
	done, at, err := lib.Got(f.at, f.name)
	switch {
	case done && err == nil:
		f.done = true
		if len(p.took) < samplesMax {
			p.took = append(p.took, max(0, at.Sub(p.started)))
		}
	case done && now.Sub(f.asked) >= getAgain:
		f.why = err
		p.ask(now, f, lib)
	}
}

// got sums a get up.
func (p *Play) got(lacking int) Result {
	slices.Sort(p.took)
	again := 0
	for _, f := range p.fetches {
		again += f.number - 1
	}
	r := Result{OK: true, Samples: len(p.took), P50: quantile(p.took, 50), P95: quantile(p.took, 95), Max: quantile(p.took, 100)}
	r.Detail = fmt.Sprintf("%d of %d found, p50 %v p95 %v max %v", len(p.fetches)-lacking, len(p.fetches),
		r.P50.Round(time.Millisecond), r.P95.Round(time.Millisecond), r.Max.Round(time.Millisecond))
	if again > 0 {
		r.Detail += fmt.Sprintf(", %d tries were repeated", again)
	}
	return r
}
