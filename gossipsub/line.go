package gossipsub

// Checks under way at one time, our choice: enough to keep the workers of a large
// machine busy with signatures of a tenth of a millisecond while results come back,
// and few enough that a job that comes now does not stand behind many.
const (
	checksMax         = 64
	checksPerTopicMax = 32 // so that a topic with slow checks leaves room for others
)

// line is where a topic's messages wait until there is room for another check. When
// there is, topics take turns, so that a busy one does not starve the others.
type line struct {
	waiting queue[*flight]
	aloft   int  // messages in jobs
	listed  bool // among flights.lines
}

// checking counts a topic's messages in checking, waiting ones included.
func (o *own) checking() int { return o.line.aloft + o.line.waiting.len() }

// lineUp makes the job of a message, or lets it wait for its turn.
func (r *Router) lineUp(f *flight) {
	l := &f.own.line
	if l.waiting.len() == 0 && l.aloft < checksPerTopicMax && r.flights.aloft < checksMax {
		r.launch(f)
		return
	}
	l.waiting.push(f)
	r.list(f.own)
}

// list enters a topic among those that may start a check when there is room.
func (r *Router) list(o *own) {
	if l := &o.line; !l.listed && l.waiting.len() > 0 && l.aloft < checksPerTopicMax {
		l.listed = true
		r.flights.lines.push(o)
	}
}

func (r *Router) launch(f *flight) {
	f.aloft = true
	f.own.line.aloft++
	r.flights.aloft++
	r.check(f)
}

// unlaunch gives back the room of a message whose check has ended.
func (r *Router) unlaunch(f *flight) {
	if !f.aloft {
		return
	}
	f.aloft = false
	f.own.line.aloft--
	r.flights.aloft--
	r.list(f.own)
}

// launchMore starts the checks for which there is room now, one topic after the other.
func (r *Router) launchMore() {
	for r.flights.aloft < checksMax && r.flights.lines.len() > 0 {
		o := r.flights.lines.pop()
		o.line.listed = false
		if o.line.waiting.len() > 0 {
			r.launch(o.line.waiting.pop())
		}
		r.list(o)
	}
}

// clearLine gives up the messages that wait in a topic that we leave.
func (r *Router) clearLine(o *own) {
	for o.line.waiting.len() > 0 {
		r.land(o.line.waiting.pop())
	}
}
