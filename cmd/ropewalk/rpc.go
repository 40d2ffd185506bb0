package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ropewalk/ropewalk/api"
)

func rpcCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "rpc METHOD [PARAMS]",
		GroupID: "other",
		Short:   "Call any RPC method by hand",
		Long: "Calls a method and prints its result as JSON. PARAMS is one JSON object, or a list for\n" +
			"portal_* and discv5_*, whose parameters have places; \"-\" reads it from standard input. A method\n" +
			"that subscribes prints one item a line until Ctrl-C.",
		Example: "  ropewalk rpc node_info\n  ropewalk rpc session_hosts '{\"colour\":\"gold\"}'\n  ropewalk rpc node_events '{\"strands\":[\"gossipsub\"]}'\n" +
			"  ropewalk rpc gossip_direct '{\"id\":\"0x5f3a…\",\"on\":true}'   # without id: who is direct\n" +
			"  ropewalk rpc portal_blobGetContent '[\"0x005f3a…\"]'",
		ValidArgsFunction: words(api.Methods()),
		Args:              cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			params, err := a.params(args[1:])
			if err != nil {
				return err
			}
			if isStream(args[0]) {
				return a.stream(cmd, args[0], params, 0, func(raw []byte) error { return a.printJSONLine(json.RawMessage(raw)) })
			}
			var out json.RawMessage
			if err := a.call(cmd, args[0], params, &out); err != nil {
				return fmt.Errorf("%.64s: %w", args[0], err)
			}
			return a.printJSON(out)
		},
	}
}

// paramsMax is what a node reads of a call.
const paramsMax = 72 << 20

// params reads the parameters of a call by hand: nil, or one JSON object.
func (a *app) params(args []string) (any, error) {
	if len(args) == 0 {
		return nil, nil
	}
	text := args[0]
	if text == "-" {
		raw, err := io.ReadAll(io.LimitReader(a.in, paramsMax+1))
		switch {
		case err != nil:
			return nil, fmt.Errorf("standard input: %w", err)
		case len(raw) > paramsMax:
			return nil, usagef("standard input has more than %d bytes, the most that a call may have", paramsMax)
		}
		text = string(raw)
	}
	// DarkFi's names take a list.
	if text = strings.TrimSpace(text); !strings.HasPrefix(text, "{") && !strings.HasPrefix(text, "[") || !json.Valid([]byte(text)) {
		return nil, usagef("PARAMS %.80q: want one JSON object or list, such as '{\"limit\":10}'", text)
	}
	return json.RawMessage(text), nil
}

// isStream tells the methods that subscribe.
func isStream(method string) bool {
	return method == "node_events" || strings.HasSuffix(method, "_subscribe")
}
