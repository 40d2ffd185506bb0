// Command ropewalk is the whole of Ropewalk in one program: it runs a node or a
// seed, and talks to one that runs.
//
// Commands that talk to a running node find it through rpc.json in its data
// folder, --data, $ROPEWALK_DATA, or the folder of the configuration in force.
// Data goes to standard output, everything else to standard error; --json is
// accepted wherever data is printed. Text from others passes internal/plain
// before a terminal sees it.
//
// Exit codes: 0 done; 1 failed; 2 usage; 3 not found; 4 timed out or partly done;
// 5 no node is running there; 75 data folder in use; 78 bad configuration; 130
// ended by a second signal.
//
// One file per command. app.go holds what they share, exit.go how an error
// becomes a code, invite_code.go the text form of invitations, chat_model.go the
// terminal chat as a plain state machine.
package main
