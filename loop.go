package ropewalk

import (
	"context"
	"runtime"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/node"
	"github.com/ropewalk/ropewalk/work"
)

// input is one thing that happens to the machine: a call, or a link's message
// (fn is nil), or a link's writer being free (fn is nil, wrote is set).
type input struct {
	fn     func(now time.Time)
	conn   link.Conn
	msg    link.Msg
	reuser link.Reuser // of the message's memory; nil when nobody wants it
	wrote  bool
	asked  bool // a caller of ours waits for what fn brings, or sends by it
}

// roundMax bounds how many inputs are handled before what they brought is
// carried out.
const roundMax = 64

// loop owns the machine. Nothing else touches it.
func (n *Node) loop() error {
	turn := n.turn.Load()
	defer close(turn.gone)
	defer turn.inbox.close()
	defer n.openGates()
	timer := time.NewTimer(0)
	defer timer.Stop()
	var armed, fires time.Time // for which deadline the timer is set, and when it fires; zero when it did
	lull := newLull()
	defer lull.close()
	var inputs []input
	users := false // of the inputs before
	for {
		select {
		case <-turn.inbox.wake:
			if users {
				runtime.Gosched() // readers with something at hand go first: more at a time
			}
			inputs = turn.inbox.take(inputs)
			var held bool
			if held, users = n.handleAll(inputs); held {
				// What has come meanwhile goes before what we pass on: a copy among it
				// saves one that we would write, and the application reads its message.
				lull.wait()
				inputs = turn.inbox.take(inputs)
				_, users = n.handleAll(inputs)
				n.flush()
			}
		case <-timer.C:
			now := time.Now()
			n.stoodStill(now, fires)
			armed, fires = time.Time{}, time.Time{}
			n.machine.Advance(now)
			took := n.stepped("advance", now).Sub(now)
			begun, on := n.machine.Beats()
			n.metrics.beat(begun, on, took)
			n.flush()
		case <-turn.quit:
			return nil
		}
		// Deadlines that passed while inputs were handled are met at once. A timer
		// that fires too early is harmless, and cheaper than one that is moved.
		if at := n.machine.Deadline(); !at.IsZero() && (armed.IsZero() || at.Before(armed)) {
			now := time.Now()
			wait := max(0, at.Sub(now))
			timer.Reset(wait)
			armed, fires = at, now.Add(wait)
		}
	}
}

// handleAll handles inputs and carries out what they brought, but for what the last
// of them gave links to write when it may wait for a look at the network: neither a
// caller nor a user's protocol does. held tells whether there is such, users whether
// messages of users' protocols came.
func (n *Node) handleAll(inputs []input) (held, users bool) {
	for len(inputs) > 0 {
		round := inputs[:min(len(inputs), roundMax)]
		inputs = inputs[len(round):]
		now, prompt := time.Now(), len(inputs) > 0
		for rest := round; len(rest) > 0; {
			if many := userMsgs(rest); many > 0 {
				now = n.handleUser(now, rest[:many])
				rest = rest[many:]
				prompt, users = true, true
				continue
			}
			prompt = prompt || rest[0].asked
			now = n.handle(now, &rest[0])
			rest = rest[1:]
		}
		if prompt {
			n.flush()
		} else {
			n.runs.Flush()
			n.carry(n.machine.Take())
		}
		clear(round) // nothing large is kept until the next inputs come
	}
	return len(n.ready) > 0, users
}

// userMsgs is how many messages of the user's protocols come first. They are handled
// in well under a microsecond each, so the clock is read once for all of them.
func userMsgs(round []input) (many int) {
	for many < len(round) {
		in := &round[many]
		if in.fn != nil || in.wrote || in.msg.Op != link.Data || in.msg.Lane < node.LaneUser {
			break
		}
		many++
	}
	return many
}

func (n *Node) handleUser(now time.Time, round []input) time.Time {
	for i := range round {
		n.take(now, &round[i])
	}
	return n.stepped("user", now)
}

// take hands a message to the machine, and its memory back to the link when nothing
// holds it.
func (n *Node) take(now time.Time, in *input) {
	n.passed(now, in.conn, "recv", in.msg)
	if in.msg.Op == link.Opened || in.msg.Op == link.Shut {
		n.countLane(in.conn, in.msg)
	}
	n.machine.LinkMsg(now, in.conn, in.msg)
	if n.machine.Spent() && in.reuser != nil {
		in.reuser.Reuse(in.msg.Data)
	}
}

// handle handles one input and returns the time after it.
func (n *Node) handle(now time.Time, in *input) time.Time {
	switch {
	case in.fn != nil:
		in.fn(now)
		return n.stepped("call", now)
	case in.wrote:
		if w, ok := n.links[in.conn]; ok {
			w.idle = true
			clear(w.batch)
			n.pull(w)
		}
	case in.msg.Op == link.Freed:
		if w, ok := n.links[in.conn]; ok {
			n.pull(w)
		}
	default:
		n.take(now, in)
		return n.stepped("message", now)
	}
	return now
}

// stepped notes what one input of the machine took since start.
func (n *Node) stepped(what string, start time.Time) time.Time {
	now := time.Now()
	n.metrics.step(what, now.Sub(start))
	return now
}

// flush carries out what the machine asks for and gives links what they have to
// write, until it asks for nothing: a writer that is given its messages may leave
// others the place to write theirs.
func (n *Node) flush() {
	n.runs.Flush()
	for {
		n.carry(n.machine.Take())
		if len(n.ready) == 0 {
			return
		}
		for _, c := range n.ready {
			if w, ok := n.links[c]; ok {
				n.pull(w)
			}
		}
		n.ready = n.ready[:0]
	}
}

// carry carries out what the machine asks for; links that have something to write
// are noted.
func (n *Node) carry(out node.Out) {
	n.ready = append(n.ready, out.Ready...)
	for _, d := range out.Dials {
		n.dial(d)
	}
	for _, t := range out.GiveUps {
		n.dialEnded(t)
	}
	if len(out.Packets) > 0 {
		n.sendPackets(out.Packets)
	}
	for _, c := range out.Closes {
		if w, ok := n.links[c.Conn]; ok {
			n.closeLink(w, c.Reason)
		}
	}
	if len(out.Jobs) > 0 {
		n.pool.add(out.Jobs)
	}
	if len(out.Asks) > 0 {
		n.askStore(out.Asks)
	}
	if len(out.Saves) > 0 {
		n.writer.add(out.Saves)
	}
	n.tell(out)
	for _, c := range out.Cancels {
		if w, ok := n.links[c.Conn]; ok && w.canceller != nil && w.canceller.Cancel(c.Lane, c.Tag) {
			n.metrics.cancelled.Inc()
		}
	}
}

// tell hands the machine's news to the application.
func (n *Node) tell(out node.Out) {
	now := time.Now()
	for _, m := range out.Messages {
		n.messages.tell(messageOf(m, now))
	}
	for _, m := range out.Partials {
		n.partials.tell(m)
	}
	for _, l := range out.Lines {
		n.lines.tell(chatLine(l))
	}
	for _, p := range out.Published {
		n.answer(p.Ticket, p)
	}
	for _, a := range out.Answers {
		n.answer(a.Ticket, a)
	}
	for _, c := range out.Connected {
		n.answer(c.Ticket, c)
	}
	for _, d := range out.Discovered {
		n.answer(d.Ticket, d)
	}
	for _, c := range out.Contents {
		n.answer(c.Ticket, c)
	}
}

func (n *Node) answer(t id.Ticket, result any) {
	if f, ok := n.waits[t]; ok {
		delete(n.waits, t)
		f(result)
	}
}

// post hands an input to the loop and tells whether the loop will see it.
func (n *Node) post(in input) bool { return n.turn.Load().inbox.put(in) }

func (n *Node) jobDone(j work.Job, result any) {
	n.post(input{fn: func(now time.Time) { n.machine.Done(now, j.Ticket, result) }})
}

func (n *Node) saved(s work.Save, err error) {
	if err != nil {
		n.log.Error("save fails", "file", s.File, "err", err)
	}
	if !s.Ticket.IsZero() {
		n.post(input{fn: func(now time.Time) { n.machine.Saved(now, s.Ticket, err) }})
	}
}

// housekeeping keeps the node's own addresses and the saved host book fresh, and looks
// at what happens to the machine.
func (n *Node) housekeeping() error {
	around := time.NewTicker(watchEvery)
	defer around.Stop()
	n.lookAround()
	addrs := time.NewTicker(addrsEvery)
	defer addrs.Stop()
	save := time.NewTicker(n.cfg.Session.SaveEvery)
	defer save.Stop()
	for {
		select {
		case <-around.C:
			n.lookAround()
		case <-addrs.C:
			list := n.addrs()
			n.post(input{fn: func(now time.Time) {
				n.retryKinds(now)
				n.announce(now, list)
			}})
		case <-save.C:
			n.post(input{fn: func(time.Time) { n.machine.SaveHosts() }})
		case <-n.ctx().Done():
			return nil
		}
	}
}

// addrsEvery is how often the links are asked where they can be reached.
const addrsEvery = 5 * time.Second

func (n *Node) setAddrs(now time.Time) { n.announce(now, n.addrs()) }

// addrs is where others can dial us: what the user says, of libp2p instead of what the
// link knows.
func (n *Node) addrs() []link.Addr {
	var out []link.Addr
	for _, text := range n.cfg.Listen.External {
		if a, err := link.ParseAddr(text); err == nil {
			out = append(out, a.WithPeer(n.key.Public().PeerID()))
		}
	}
	if n.routes.All() {
		return append(out, n.onions()...) // and not where we really are
	}
	said := len(out) > 0
	out = append(out, n.onions()...)
	for _, t := range n.transportList() {
		if !said || t.Kind() == link.RLPx {
			out = append(out, t.Addrs()...)
		}
	}
	return append(out, n.atInterfaces(out)...)
}

// announce puts the addresses that are fit for our network into the record.
func (n *Node) announce(now time.Time, addrs []link.Addr) {
	var fit []link.Addr
	for _, a := range outside(addrs, n.machine.External, n.mapped) {
		if n.cfg.Localnet || !a.IsLocal() {
			fit = append(fit, a)
		}
	}
	n.machine.SetUDP(n.udpAddrs())
	if err := n.machine.SetAddrs(now, fit); err != nil {
		n.log.Warn("record not signed", "err", err)
		return
	}
	text := n.machine.Record()
	n.record.Store(&text)
}

// ask runs f in the loop and waits for its answer.
func ask[T any](ctx context.Context, n *Node, f func(now time.Time, reply func(T, error))) (T, error) {
	type answer struct {
		v   T
		err error
	}
	var zero T
	turn, err := n.alive()
	if err != nil {
		return zero, err
	}
	if err := ctx.Err(); err != nil {
		return zero, err
	}
	got := make(chan answer, 1)
	reply := func(v T, err error) { got <- answer{v, err} }
	if !turn.inbox.put(input{asked: true, fn: func(now time.Time) { f(now, reply) }}) {
		return zero, ErrClosed
	}
	select {
	case a := <-got:
		return a.v, a.err
	case <-turn.gone:
		select {
		case a := <-got: // the last thing it did
			return a.v, a.err
		default:
			return zero, ErrClosed
		}
	case <-ctx.Done():
		return zero, ctx.Err()
	}
}

// alive is the turn of a node that runs.
func (n *Node) alive() (*turn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch n.state {
	case fresh, stopped:
		return nil, ErrNotStarted
	case closed:
		return nil, ErrClosed
	}
	return n.turn.Load(), nil
}
