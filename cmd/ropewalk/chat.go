package main

import (
	"bufio"
	"context"

	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/api/client"
	"github.com/ropewalk/ropewalk/internal/plain"
)

// Our choice: the room of a user who names none, and how long a join may wait for
// the history that members hold (contract).
const (
	defaultRoom  = "lobby"
	joinWait     = "3s"
	historyAsked = 1000
)

func chatCommand(a *app) *cobra.Command {
	var say, file string
	var log bool
	cmd := &cobra.Command{
		Use:     "chat [ROOM]",
		GroupID: "talk",
		Short:   "Talk in a room",
		Long: "Opens a room (default " + defaultRoom + ") in the terminal. With --say it sends one line and ends; with --log it\n" +
			"joins, waits up to 3 s for the history, prints it and ends. When standard input is no terminal every\n" +
			"line of it is sent. --attach shares a file: it is put as content, and a line names it and its content\n" +
			"ID, by which `ropewalk get` finds it; in the terminal /put FILE and /save do the same.\n\n" +
			"States: queued, kept here until somebody listens; sent, on its way; delivered, a member has it.",
		Example:           "  ropewalk chat lobby\n  ropewalk chat lobby --say hello\n  ropewalk chat lobby --attach holiday.jpg\n  ropewalk chat lobby --log --json",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: first(a.rooms()),
		RunE: func(cmd *cobra.Command, args []string) error {
			room := defaultRoom
			if len(args) == 1 {
				room = args[0]
			}
			saying := cmd.Flags().Changed("say")
			switch {
			case saying && log, file != "" && (saying || log):
				return usagef("--say, --attach and --log do not go together")
			case len(room) == 0 || len(room) > 64:
				return usagef("ROOM of %d bytes: want 1 to 64", len(room))
			case saying && strings.TrimSpace(say) == "":
				return usagef("--say: want some text")
			}
			c, err := a.client(cmd)
			if err != nil {
				return err
			}
			defer c.Close()
			r := &chatRoom{app: a, client: c, name: room}
			switch {
			case log:
				return r.log(cmd.Context())
			case saying:
				return r.say(cmd.Context(), say)
			case file != "":
				return r.share(cmd.Context(), file)
			case isTerminal(a.in) && isTerminal(a.out):
				return r.interactive(cmd.Context())
			}
			return r.sayLines(cmd.Context())
		},
	}
	cmd.Flags().StringVar(&say, "say", "", "send this `text` and end")
	cmd.Flags().StringVar(&file, "attach", "", "share this `file` and end")
	cmd.Flags().BoolVar(&log, "log", false, "print the history and end")
	return cmd
}

// chatRoom is one room of the running node.
type chatRoom struct {
	app    *app
	client *client.Client
	name   string
}

// join becomes a member and, with wait, gets the members' history first.
func (r *chatRoom) join(ctx context.Context, wait string) error {
	if err := r.client.Call(ctx, "chat_join", map[string]any{"room": r.name, "wait": wait}, nil); err != nil {
		return fmt.Errorf("join %s: %w", r.name, err)
	}
	return nil
}

func (r *chatRoom) send(ctx context.Context, text string) (line ropewalk.ChatLine, err error) {
	if err = r.client.Call(ctx, "chat_send", map[string]any{"room": r.name, "text": text}, &line); err != nil {
		err = fmt.Errorf("say: %w", err)
	}
	return line, err
}

// member joins unless the node is a member already: saying needs no history.
func (r *chatRoom) member(ctx context.Context) error {
	var rooms []ropewalk.Room
	if err := r.client.Call(ctx, "chat_rooms", nil, &rooms); err != nil {
		return err
	}
	for _, x := range rooms {
		if x.Room == r.name {
			return nil
		}
	}
	return r.join(ctx, "0s")
}

func (r *chatRoom) say(ctx context.Context, text string) error {
	if err := r.member(ctx); err != nil {
		return err
	}
	return r.sayOne(ctx, text)
}

// share attaches a file.
func (r *chatRoom) share(ctx context.Context, file string) error {
	if err := r.member(ctx); err != nil {
		return err
	}
	line, err := r.attach(ctx, file)
	if err != nil {
		return err
	}
	return r.told(line)
}

func (r *chatRoom) sayOne(ctx context.Context, text string) error {
	line, err := r.send(ctx, text)
	if err != nil {
		return err
	}
	return r.told(line)
}

// told prints what became of an own line.
func (r *chatRoom) told(line ropewalk.ChatLine) error {
	if r.app.json {
		return r.app.printJSONLine(line)
	}
	_, err := fmt.Fprintln(r.app.out, state(line))
	return err
}

// state says in words what became of an own line.
func state(l ropewalk.ChatLine) string {
	switch {
	case l.State == "queued":
		return "queued: no member is connected, it goes out when one is"
	case l.Peers > 0:
		return fmt.Sprintf("%s to %s", plain.Line(l.State, 16), plural(l.Peers, "peer"))
	}
	return plain.Line(l.State, 16)
}

func (r *chatRoom) sayLines(ctx context.Context) error {
	if err := r.member(ctx); err != nil {
		return err
	}
	lines := bufio.NewScanner(r.app.in)
	lines.Buffer(nil, lineBytesMax)
	for lines.Scan() {
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		if err := r.sayOne(ctx, lines.Text()); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("standard input: %w", err)
	}
	return nil
}

// log prints the whole history, oldest first.
func (r *chatRoom) log(ctx context.Context) error {
	if err := r.join(ctx, joinWait); err != nil {
		return err
	}
	return r.history(ctx, func(l ropewalk.ChatLine) error {
		if r.app.json {
			return r.app.printJSONLine(l)
		}
		mark := ""
		if l.State == "queued" {
			mark = " (queued)"
		}
		_, err := fmt.Fprintf(r.app.out, "%s %s: %s%s\n", l.At.Local().Format("2006-01-02 15:04:05"), shortAuthor(l.Author), plain.Line(l.Text, 0), mark)
		return err
	})
}

// history reads the room's whole log. A page is in the order of its lines' times,
// but pages are in the order of receiving, so all are put in order together.
func (r *chatRoom) history(ctx context.Context, each func(ropewalk.ChatLine) error) error {
	var all []ropewalk.ChatLine
	for since := ""; ; {
		var page struct {
			Messages []ropewalk.ChatLine `json:"messages"`
			Cursor   string              `json:"cursor"`
		}
		params := map[string]any{"room": r.name, "limit": historyAsked}
		if since != "" {
			params["since"] = since
		}
		if err := r.client.Call(ctx, "chat_history", params, &page); err != nil {
			return fmt.Errorf("history: %w", err)
		}
		all = append(all, page.Messages...)
		if len(page.Messages) == 0 || page.Cursor == "" || page.Cursor == since {
			break
		}
		since = page.Cursor
	}
	slices.SortStableFunc(all, func(a, b ropewalk.ChatLine) int { return a.At.Compare(b.At) })
	for _, l := range all {
		if err := each(l); err != nil {
			return err
		}
	}
	return nil
}

// authorCells is how much of an author is shown: nick~fingerprint, of which the
// fingerprint is what counts.
const authorCells = 16

// shortAuthor cuts the nick, never the fingerprint.
func shortAuthor(author string) string {
	author = plain.Line(author, 0)
	if cells(author) <= authorCells {
		return author
	}
	i := strings.LastIndexByte(author, '~')
	if i < 0 {
		return plain.Line(author, authorCells)
	}
	tail := plain.Line(author[i:], authorCells-2)
	return plain.Line(author[:i], authorCells-cells(tail)) + tail
}
