package main

import (
	"fmt"
	"strings"
	"time"

	"charm.land/bubbles/v2/textinput"
	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/internal/plain"
)

// linesShownMax bounds the lines the terminal chat keeps; --log has them all.
const linesShownMax = 2000

// What happens to the terminal chat.
type (
	lineMsg     ropewalk.ChatLine            // a new line, or a new state of one
	presenceMsg struct{ members, peers int } // who is there
	noticeMsg   string                       // something to tell the user
	goneMsg     struct{}                     // the node ended
	lookMsg     struct{}                     // time to ask who is there
)

// chatModel is the terminal chat: lines, an input, a header. It does nothing by
// itself; say and look are commands made by its owner.
type chatModel struct {
	room string
	say  func(text string) tea.Cmd
	look func() tea.Msg
	put  func(file string) tea.Cmd             // nil: no files
	save func(a attached, name string) tea.Cmd // likewise

	input         textinput.Model
	width, height int
	members       int
	peers         int
	notice        string
	gone          bool
	back          int // rows scrolled up from the newest

	lines []ropewalk.ChatLine
	at    map[string]int // index in lines by ID
	zone  *time.Location
}

func newChatModel(room string, say func(string) tea.Cmd, look func() tea.Msg) *chatModel {
	in := textinput.New()
	in.Prompt = "> "
	in.Placeholder = "Say something; /help for more"
	in.CharLimit = 4096
	in.Focus()
	return &chatModel{room: room, say: say, look: look, input: in, width: 80, height: 24, at: map[string]int{}, zone: time.Local}
}

// Init starts to look who is there.
func (m *chatModel) Init() tea.Cmd { return tea.Batch(textinput.Blink, m.look, lookLater()) }

func lookLater() tea.Cmd {
	return tea.Tick(lookEvery, func(time.Time) tea.Msg { return lookMsg{} })
}

// Update takes one thing that happened.
func (m *chatModel) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = max(msg.Width, 20), max(msg.Height, 4)
		m.input.SetWidth(m.width - 3)
		return m, nil
	case tea.KeyPressMsg:
		return m.key(msg)
	case lineMsg:
		m.add(ropewalk.ChatLine(msg))
		return m, nil
	case presenceMsg:
		m.members, m.peers = msg.members, msg.peers
		return m, nil
	case noticeMsg:
		m.notice = plain.Line(string(msg), 0)
		return m, nil
	case lookMsg:
		return m, tea.Batch(m.look, lookLater())
	case goneMsg:
		m.gone = true
		return m, tea.Quit
	}
	var cmd tea.Cmd
	m.input, cmd = m.input.Update(msg)
	return m, cmd
}

func (m *chatModel) key(msg tea.KeyPressMsg) (tea.Model, tea.Cmd) {
	switch msg.String() {
	case "ctrl+c", "ctrl+d", "esc":
		return m, tea.Quit
	case "pgup":
		m.back = min(m.back+m.page(), max(len(m.rows())-m.page(), 0))
		return m, nil
	case "pgdown":
		m.back = max(m.back-m.page(), 0)
		return m, nil
	case "enter":
		text := strings.TrimSpace(m.input.Value())
		m.input.Reset()
		m.notice, m.back = "", 0
		switch {
		case text == "":
			return m, nil
		case text == "/quit" || text == "/exit":
			return m, tea.Quit
		case text == "/help":
			m.notice = "Enter sends; PgUp and PgDn scroll; /put FILE shares, /save [NAME] gets the last shared; /quit or Ctrl-C leaves; // begins a line with a slash"
			return m, nil
		case strings.HasPrefix(text, "//"):
			text = text[1:]
		case strings.HasPrefix(text, "/"):
			if cmd := m.fileCommand(text); cmd != nil || m.notice != "" {
				return m, cmd
			}
			m.notice = plain.Line(text, 20) + " is no command; /help lists them"
			return m, nil
		}
		return m, m.say(text)
	}
	var cmd tea.Cmd
	m.input, cmd = m.input.Update(msg)
	return m, cmd
}

// add shows a line, or the new state of one that is shown.
func (m *chatModel) add(l ropewalk.ChatLine) {
	if i, ok := m.at[l.ID]; ok {
		m.lines[i] = l
		return
	}
	if len(m.lines) >= linesShownMax {
		half := linesShownMax / 2
		m.lines = append([]ropewalk.ChatLine(nil), m.lines[half:]...)
		clear(m.at)
		for i, old := range m.lines {
			m.at[old.ID] = i
		}
	}
	m.at[l.ID] = len(m.lines)
	m.lines = append(m.lines, l)
}

// Styles. Colours of the sixteen every terminal has.
var (
	headStyle = lipgloss.NewStyle().Reverse(true)
	dimStyle  = lipgloss.NewStyle().Faint(true)
	ownStyle  = lipgloss.NewStyle().Bold(true)
)

// marks are the states of own lines.
var marks = map[string]string{"queued": "…", "sent": "✓", "delivered": "✓✓"}

// page is how many rows of lines fit between header and notice.
func (m *chatModel) page() int { return max(m.height-3, 1) }

// View draws the screen.
func (m *chatModel) View() tea.View {
	rows := m.rows()
	end := max(len(rows)-m.back, 0)
	start := max(end-m.page(), 0)
	screen := make([]string, 0, m.height)
	screen = append(screen, m.header())
	for range m.page() - (end - start) {
		screen = append(screen, "")
	}
	screen = append(screen, rows[start:end]...)
	screen = append(screen, dimStyle.Render(m.foot()), m.input.View())
	v := tea.NewView(strings.Join(screen, "\n"))
	v.AltScreen = true
	v.WindowTitle = "ropewalk: " + plain.Line(m.room, 40)
	return v
}

func (m *chatModel) header() string {
	text := fmt.Sprintf(" %s · %s · %s", plain.Line(m.room, 40), plural(m.members, "member"), plural(m.peers, "peer"))
	return headStyle.Render(pad(plain.Line(text, m.width), m.width))
}

func (m *chatModel) foot() string {
	switch {
	case m.notice != "":
		return plain.Line(m.notice, m.width)
	case m.back > 0:
		return plain.Line(fmt.Sprintf("%s further down", plural(m.back, "row")), m.width)
	case m.members == 0:
		return plain.Line("Nobody else is here; what you say is kept and goes out when somebody comes", m.width)
	}
	return ""
}

// rows are all lines, wrapped to the width.
func (m *chatModel) rows() []string {
	var out []string
	column := 0 // of authors: as wide as the widest
	for _, l := range m.lines {
		column = max(column, cells(shortAuthor(l.Author)))
	}
	for _, l := range m.lines {
		head := l.At.In(m.zone).Format("15:04") + " " + pad(shortAuthor(l.Author), column) + " "
		text := plain.Line(l.Text, 0)
		style := lipgloss.NewStyle()
		if mark, own := marks[l.State]; own {
			text += " " + mark
			style = ownStyle
		}
		room := max(m.width-cells(head), 8)
		for i, part := range wrap(text, room) {
			if i > 0 {
				head = strings.Repeat(" ", cells(head))
			}
			out = append(out, dimStyle.Render(head)+style.Render(part))
		}
	}
	return out
}
