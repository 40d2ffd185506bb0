package devnet

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/api/client"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/scenario"
)

// arrival is how a node came up, as it says itself.
type arrival struct {
	started time.Time // zero until it said so
	came    time.Duration
	hasCome bool
	asked   int // contacts to seeds
	askedAt time.Time
}

// isPeer tells whether a link is no visit to or by a seed and no probe.
func isPeer(s ropewalk.Session) bool { return s.Session != "seed" && s.Session != "refine" }

// note keeps when the first peer came. Under mu.
func (a *arrival) note(sessions []ropewalk.Session) {
	if a.hasCome || a.started.IsZero() {
		return
	}
	for _, s := range sessions {
		if d := max(0, s.Since.Sub(a.started)); isPeer(s) && (!a.hasCome || d < a.came) {
			a.came, a.hasCome = d, true
		}
	}
}

// pollArrival asks what only the node knows: when it started, and now and then how
// often it has contacted a seed.
func (m *member) pollArrival(ctx context.Context, c *client.Client, end client.Endpoint) {
	m.mu.Lock()
	a := m.arrival
	m.mu.Unlock()
	now := time.Now()
	if a.started.IsZero() {
		var info ropewalk.Info
		if c.Call(ctx, "node_info", struct{}{}, &info) == nil {
			a.started = now.Add(-time.Duration(info.Uptime * float64(time.Second)))
		}
	}
	if now.Sub(a.askedAt) >= countEvery*m.every {
		if n, err := seedContacts(ctx, end); err == nil {
			a.asked, a.askedAt = n, now
		}
	}
	m.mu.Lock()
	m.arrival = a
	m.mu.Unlock()
}

// seedContacts reads the node's own count of its contacts to seeds.
func seedContacts(ctx context.Context, end client.Endpoint) (int, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, end.URL+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+end.Token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("devnet: metrics: %s", res.Status)
	}
	lines := bufio.NewScanner(io.LimitReader(res.Body, 1<<20))
	for lines.Scan() {
		if n, ok := strings.CutPrefix(lines.Text(), `ropewalk_events_total{kind="seed_contact",strand="session"} `); ok {
			v, err := strconv.ParseFloat(n, 64)
			return int(v), err
		}
	}
	return 0, lines.Err() // none yet
}

// slots counts the slots of the node that have a link, and the others of those named
// that it is linked with for another reason.
func (m *member) slots(among map[id.ID]bool) (filled, others int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.sessions {
		switch {
		case !among[s.ID] || !isPeer(s):
		case s.Session == "outbound":
			filled++
		default:
			others++
		}
	}
	return filled, others
}

var _ scenario.Manager = stage{}

func (s stage) Slots(i int) (filled, could int) {
	alive := map[id.ID]bool{}
	others := 0
	for j, m := range s.d.members {
		if j == i || m.seed {
			continue
		}
		if s.Alive(j) {
			others++
		}
		if m.isAlive() {
			alive[m.nodeID()] = true
		}
	}
	filled, elsewhere := s.d.members[i].slots(alive)
	return filled, min(outbound, others-elsewhere)
}

func (s stage) Came(i int) (time.Duration, bool) {
	m := s.d.members[i]
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.arrival.came, m.alive && m.arrival.hasCome && !m.arrival.askedAt.IsZero()
}

func (s stage) Asked(i int) int {
	m := s.d.members[i]
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.arrival.asked
}
