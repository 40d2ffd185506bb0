package scenario

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// everything is the word for all lines said in a place.
const everything = "everything"

// Parse reads a script. name is the file's name, for messages. Its error joins
// *Error values, one per faulty line, at most 20.
func Parse(name string, data []byte) (*Script, error) {
	if len(data) > scriptBytesMax {
		return nil, &Error{name, 1, fmt.Sprintf("script of %d bytes, at most %d", len(data), scriptBytesMax)}
	}
	p := parser{script: Script{Name: name}, named: map[string]said{}, lines: map[said]bool{}}
	for i, line := range strings.Split(string(data), "\n") {
		ts, err := tokens(line)
		if err == nil && len(ts) > 0 {
			err = p.step(i+1, ts)
		}
		if err != nil {
			p.errs = append(p.errs, &Error{name, i + 1, err.Error()})
		}
		if len(p.errs) == errorsMax {
			break
		}
	}
	if len(p.script.Steps) == 0 && len(p.errs) == 0 {
		p.errs = append(p.errs, &Error{name, 1, "no steps; the first one is: nodes N"})
	}
	if len(p.errs) > 0 {
		return nil, errors.Join(p.errs...)
	}
	return &p.script, nil
}

type parser struct {
	script Script
	errs   []error
	named  map[string]said // as NAME → what was said
	lines  map[said]bool
	files  map[string]bool // put as NAME
}

// said is a line in a place.
type said struct {
	place Place
	body  string
}

var syntax = map[Verb]string{
	Start: "nodes N [seeds K | links K] [over D]", Wait: "wait NODES peers>=N within D", Join: "join NODES ROOM",
	Say: "say NODE ROOM TEXT [as NAME]", Load: "load NODES ROOM lines N over D [of SIZE]",
	Expect: "expect NODES ROOM TEXT [latest D] within D, or expect NODES refilled|filled [P%] [median]|rejoined within D",
	Sub:    "sub NODES TOPIC", Pub: "pub NODE TOPIC TEXT [as NAME]", Kill: "kill NODES, or kill random N|P% [except NODES]",
	Restart: "restart NODES", Partition: "partition NODES NODES", Heal: "heal", Latency: "latency D±D, or latency D..D±P",
	Loss: "loss P", Sleep: "sleep D", Hostile: "hostile N links K [dialled P] [at NODES] in TOPIC do CONDUCT",
	Flash: "flash", Uplink: "uplink RATE", Churn: "churn P [except NODES]", Against: "against VERSION",
	Put: "put NODE SIZE as NAME within D, or put NODES files N of SIZE [over D] as NAME within D",
	Get: "get NODES $NAME [P%] within D",
}

// step parses one line and appends it.
func (p *parser) step(line int, ts []token) error {
	verb := Verb(ts[0].s)
	want, ok := syntax[verb]
	if !ok || ts[0].quoted {
		return fmt.Errorf("%.60q is no step", ts[0].s)
	}
	if first := len(p.script.Steps) == 0; first != (verb == Start) {
		return errors.New("nodes N must be the first step, and only that")
	}
	if len(p.script.Steps) == stepsMax {
		return fmt.Errorf("more than %d steps", stepsMax)
	}
	s := Step{Line: line, Verb: verb}
	err := p.fill(&s, ts[1:])
	if errors.Is(err, errShape) {
		return fmt.Errorf("want %s", want)
	}
	if err != nil {
		return err
	}
	nodes := s.N
	if verb != Start {
		nodes = p.script.Nodes()
	}
	if top := max(s.Nodes.highest(), s.Other.highest(), s.Conduct.Censor); top > nodes {
		return fmt.Errorf("%s does not exist, the script starts %d nodes", NodeName(top-1), nodes)
	}
	p.script.Steps = append(p.script.Steps, s)
	return nil
}

// errShape says that the words do not have the form of the verb.
var errShape = errors.New("shape")

// fill parses what follows the verb.
func (p *parser) fill(s *Step, ts []token) (err error) {
	switch s.Verb {
	case Start:
		return parseStart(s, ts)
	case Wait:
		return parseWait(s, ts)
	case Join, Sub, Load:
		return parseJoinLoad(s, ts)
	case Say, Pub:
		return p.parseSay(s, ts)
	case Expect:
		return p.parseExpect(s, ts)
	case Kill:
		return parseKill(s, ts)
	case Restart:
		if len(ts) != 1 {
			return errShape
		}
		s.Nodes, err = parseWho(ts[0].s)
		return err
	case Partition:
		if len(ts) != 2 {
			return errShape
		}
		return errors.Join(parseTo(&s.Nodes, ts[0]), parseTo(&s.Other, ts[1]))
	case Hostile:
		return parseHostile(s, ts)
	case Churn:
		return parseChurn(s, ts)
	case Put:
		return p.parsePut(s, ts)
	case Get:
		return p.parseGet(s, ts)
	case Heal, Flash:
		if len(ts) != 0 {
			return errShape
		}
		return nil
	}
	if len(ts) != 1 {
		return errShape
	}
	switch s.Verb {
	case Latency:
		return parseLatency(s, ts[0].s)
	case Loss:
		s.Loss, err = parseShare(ts[0].s)
	case Sleep:
		s.Time, err = parseDuration(ts[0].s)
	case Uplink:
		s.Bits, err = parseUnits(ts[0].s, bitUnits, bitsMax)
	case Against:
		s.Name, err = parseName(ts[0].s)
	}
	return err
}

func parseTo(w *Who, t token) (err error) {
	*w, err = parseWho(t.s)
	return err
}

func parseStart(s *Step, ts []token) (err error) {
	if rest, d, ok := cutTail(ts, "over"); ok {
		if s.Time, err = parseDuration(d); err != nil {
			return err
		}
		ts = rest
	}
	s.Seeds = 1
	if rest, k, ok := cutTail(ts, "links"); ok {
		s.Seeds = 0
		if s.Links, err = parseCount(k, 1, linksMax); err != nil {
			return err
		}
		ts = rest
	} else if rest, k, ok := cutTail(ts, "seeds"); ok {
		if s.Seeds, err = parseCount(k, 1, nodesMax); err != nil {
			return err
		}
		ts = rest
	}
	if len(ts) != 1 {
		return errShape
	}
	if s.N, err = parseCount(ts[0].s, 1, nodesMax); err != nil {
		return err
	}
	if s.Seeds > s.N {
		return fmt.Errorf("%d seeds of %d nodes", s.Seeds, s.N)
	}
	return nil
}

func parseWait(s *Step, ts []token) (err error) {
	ts, d, ok := cutTail(ts, "within")
	if !ok || len(ts) != 2 {
		return errShape
	}
	n, ok := strings.CutPrefix(ts[1].s, "peers>=")
	if !ok {
		return errShape
	}
	if s.N, err = parseCount(n, 0, nodesMax); err != nil {
		return err
	}
	if s.Time, err = parseDuration(d); err != nil {
		return err
	}
	s.Nodes, err = parseWho(ts[0].s)
	return err
}

func parseJoinLoad(s *Step, ts []token) (err error) {
	s.Place.Topic = s.Verb == Sub
	if s.Verb == Load {
		if rest, size, ok := cutTail(ts, "of"); ok {
			n, err := parseUnits(size, byteUnits, messageMax)
			if err != nil {
				return err
			}
			s.Bytes, ts = int(n), rest
		}
		var d, n string
		var ok, ok2 bool
		ts, d, ok = cutTail(ts, "over")
		ts, n, ok2 = cutTail(ts, "lines")
		if !ok || !ok2 {
			return errShape
		}
		if s.N, err = parseCount(n, 1, linesMax); err != nil {
			return err
		}
		if s.Time, err = parseDuration(d); err != nil {
			return err
		}
	}
	if len(ts) != 2 {
		return errShape
	}
	name := ts[1].s
	if topic, ok := strings.CutPrefix(name, "topic:"); ok && s.Verb == Load {
		s.Place.Topic, name = true, topic
	}
	if s.Bytes > 0 && !s.Place.Topic {
		return errors.New("only lines in a topic can have a size")
	}
	if s.Place.Name, err = parseName(name); err != nil {
		return err
	}
	s.Nodes, err = parseWho(ts[0].s)
	return err
}

func (p *parser) parseSay(s *Step, ts []token) (err error) {
	s.Place.Topic = s.Verb == Pub
	ts, name, ok := cutTail(ts, "as")
	if ok {
		if s.Name, err = parseName(name); err != nil {
			return err
		}
	}
	if len(ts) < 3 {
		return errShape
	}
	if s.Nodes, err = parseWho(ts[0].s); err != nil {
		return err
	}
	if _, one := s.Nodes.single(); !one {
		return fmt.Errorf("%.60q: one node says a line, such as node2", ts[0].s)
	}
	if s.Place.Name, err = parseName(ts[1].s); err != nil {
		return err
	}
	if s.Body, err = text(ts[2:]); err != nil {
		return err
	}
	what := said{s.Place, s.Body}
	if s.Name != "" {
		if _, twice := p.named[s.Name]; twice {
			return fmt.Errorf("the name %s is taken", s.Name)
		}
		p.named[s.Name] = what
	}
	p.lines[what] = true
	return nil
}

func (p *parser) parseExpect(s *Step, ts []token) (err error) {
	ts, d, ok := cutTail(ts, "within")
	if !ok || len(ts) < 2 {
		return errShape
	}
	if s.Time, err = parseDuration(d); err != nil {
		return err
	}
	if rest, d, ok := cutTail(ts, "latest"); ok {
		if s.Latest, err = parseDuration(d); err != nil {
			return err
		}
		ts = rest
	}
	if len(ts) < 2 {
		return errShape
	}
	if s.Nodes, err = parseWho(ts[0].s); err != nil {
		return err
	}
	if ts[1].is("filled") {
		return parseFilled(s, ts[2:])
	}
	if len(ts) == 2 {
		switch {
		case ts[1].is("refilled"):
			s.Verb = Refilled
		case ts[1].is("rejoined"):
			s.Verb = Rejoined
		default:
			return errShape
		}
		return nil
	}
	name := ts[1].s
	if topic, ok := strings.CutPrefix(name, "topic:"); ok {
		s.Place.Topic, name = true, topic
	}
	if s.Place.Name, err = parseName(name); err != nil {
		return err
	}
	if len(ts) == 3 && ts[2].is(everything) {
		s.Everything = true
		return nil
	}
	if len(ts) == 3 && !ts[2].quoted && strings.HasPrefix(ts[2].s, "$") {
		what, ok := p.named[ts[2].s[1:]]
		if !ok || what.place != s.Place {
			return fmt.Errorf("nothing was said in %s as %.60s", s.Place, ts[2].s[1:])
		}
		s.Body = what.body
		return nil
	}
	if s.Body, err = text(ts[2:]); err != nil {
		return err
	}
	if !p.lines[said{s.Place, s.Body}] {
		return fmt.Errorf("nobody has said %.60q in %s", s.Body, s.Place)
	}
	return nil
}

func parseKill(s *Step, ts []token) (err error) {
	if len(ts) == 1 {
		s.Nodes, err = parseWho(ts[0].s)
		return err
	}
	if (len(ts) != 2 && len(ts) != 4) || !ts[0].is("random") {
		return errShape
	}
	s.Random = true
	if share, ok := strings.CutSuffix(ts[1].s, "%"); ok {
		s.Percent, err = parseCount(share, 1, 100)
	} else {
		s.N, err = parseCount(ts[1].s, 1, nodesMax)
	}
	if err != nil || len(ts) == 2 {
		return err
	}
	if !ts[2].is("except") {
		return errShape
	}
	s.Other, err = parseWho(ts[3].s)
	return err
}

func parseLatency(s *Step, word string) (err error) {
	if low, rest, ok := strings.Cut(word, ".."); ok {
		return parsePaths(s, low, rest)
	}
	first, second, ok := strings.Cut(word, "±")
	if !ok {
		first, second, ok = strings.Cut(word, "+-")
	}
	if s.Time, err = parseDuration(first); err != nil || !ok {
		return err
	}
	if s.Jitter, err = parseDuration(second); err != nil {
		return err
	}
	if s.Jitter > s.Time {
		return fmt.Errorf("jitter %v above the latency %v", s.Jitter, s.Time)
	}
	return nil
}

func parseShare(word string) (float64, error) {
	digits, percent := strings.CutSuffix(word, "%")
	f, err := strconv.ParseFloat(digits, 64)
	if percent {
		f /= 100
	}
	if err != nil || math.IsNaN(f) || f < 0 || f > 1 {
		return 0, fmt.Errorf("%.60q is no share; want 0 to 1, or 0%% to 100%%", word)
	}
	return f + 0, nil // never −0
}

func parseDuration(word string) (time.Duration, error) {
	d, err := time.ParseDuration(word)
	if err != nil || d < 0 || d > durationMax {
		return 0, fmt.Errorf("%.60q is no duration; want 0s to %v", word, durationMax)
	}
	return d, nil
}

func parseCount(word string, low, high int) (int, error) {
	n, err := strconv.Atoi(word)
	if err != nil || n < low || n > high {
		return 0, fmt.Errorf("%.60q is no count; want %d to %d", word, low, high)
	}
	return n, nil
}

// parseName reads the name of a room or topic, or a name given with as.
func parseName(word string) (string, error) {
	if word == "" || len(word) > nameBytesMax || strings.ContainsAny(word, "\"#$:, \t\r\n") {
		return "", fmt.Errorf("%.70q is no name; want 1 to %d bytes without quotes, spaces and # $ : ,", word, nameBytesMax)
	}
	return word, nil
}
