package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/chat"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/link"
)

func inviteCommand(a *app) *cobra.Command {
	var qr bool
	cmd := &cobra.Command{
		Use:     "invite [ROOM]",
		GroupID: "talk",
		Short:   "Print a text and a QR code that bring others in",
		Long: "Prints one line to paste: it holds this node's record or addresses, the network, and the room if one\n" +
			"is named. On a terminal a QR code follows. Rooms are open in this version, so whoever has the line\n" +
			"can read along.",
		Example:           "  ropewalk invite lobby\n  ropewalk invite --qr > invite.txt",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: first(a.rooms()),
		RunE: func(cmd *cobra.Command, args []string) error {
			v := invite{}
			if len(args) == 1 {
				v.Room = args[0]
				if err := chat.CheckRoom(v.Room); err != nil {
					return usagef("ROOM: %v", err)
				}
			}
			var info ropewalk.Info
			if err := a.call(cmd, "node_info", nil, &info); err != nil {
				return err
			}
			if err := v.fill(info); err != nil {
				return err
			}
			return a.printInvite(v, qr)
		},
	}
	cmd.Flags().BoolVar(&qr, "qr", false, "print the QR code even when this is no terminal")
	return cmd
}

// fill takes whom to call from what the node says of itself: its record when that
// names an address, else addresses, those that reach farthest first.
func (v *invite) fill(info ropewalk.Info) error {
	v.Network = info.Network
	if r, err := enr.Parse(info.ENR); err == nil {
		for _, a := range link.RecordAddrs(r) {
			if !a.IsLocal() {
				v.Record = r
				return nil
			}
		}
	}
	reach := [3][]link.Addr{} // the world, this network, this machine
	for _, text := range info.LibP2P {
		a, err := link.ParseAddr(text)
		if err != nil || a.PeerID() == "" {
			continue
		}
		i := 0
		if a.IsLoopback() {
			i = 2
		} else if a.IsLocal() {
			i = 1
		}
		reach[i] = append(reach[i], a)
	}
	for _, addrs := range reach {
		if len(addrs) > 0 {
			v.Addrs = addrs[:min(len(addrs), 2)]
			return nil
		}
	}
	return failf(exitFailed, "invite: the node listens nowhere")
}

func (a *app) printInvite(v invite, qr bool) error {
	code := v.String()
	if a.json {
		return a.printJSON(map[string]any{"invite": code, "network": v.Network, "room": v.Room, "hosts": v.hosts()})
	}
	if len(v.Addrs) > 0 {
		if addr := v.Addrs[0]; addr.IsLoopback() {
			fmt.Fprintln(a.err, "This invite works on this machine only: the node listens on loopback.")
		} else if addr.IsLocal() {
			fmt.Fprintln(a.err, "This invite works in this local network only: the node has no public address yet.")
		}
	}
	if _, err := fmt.Fprintln(a.out, code); err != nil {
		return err
	}
	if qr || isTerminal(a.out) {
		return printQR(a.out, strings.ToUpper(code)) // upper case fits QR's compact mode
	}
	return nil
}
