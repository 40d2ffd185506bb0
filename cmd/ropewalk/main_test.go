package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/api/client"
	"github.com/ropewalk/ropewalk/dnslist/listtest"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"ropewalk": main})
}

// TestScripts runs the program as its users do; testdata/script has the dialogues.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir+"/home")
			e.Setenv("XDG_DATA_HOME", "")
			e.Setenv("XDG_CONFIG_HOME", "")
			// Under the race detector each program would sleep for a second at its end.
			e.Setenv("GORACE", "atexit_sleep_ms=0")
			return os.Mkdir(e.WorkDir+"/home", 0o700)
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exit": wantExit, "mode": wantMode, "invite": writeInvite,
			"ports": learnPorts, "silent": listenSilently, "list": publishList, "hosts": awaitHosts,
			"hup": hangUp, "slots": awaitSlots, "logged": awaitLog,
			"bytes": writeBytes, "content-id": learnContentID,
			"for": forCommands, "for-each-command": everyCommandHasHelp,
		},
	})
}

// wantExit runs a command and checks its exit code: exit 2 ropewalk node surplus.
func wantExit(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exit CODE COMMAND…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	var ee *exec.ExitError
	if errors.As(err, &ee) {
		got = ee.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// forCommands runs each quoted command line without a node: for cmd in 'status' ….
func forCommands(ts *testscript.TestScript, _ bool, args []string) {
	for _, line := range args[2:] {
		wantExit(ts, false, append([]string{"5", "ropewalk"}, strings.Fields(line)...))
		if text := ts.ReadFile("stderr"); !strings.Contains(text, "no node is running") {
			ts.Fatalf("%s: standard error says %q", line, text)
		}
	}
}

// wantMode checks a file's permissions: mode 600 A/key.
func wantMode(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.ParseUint(args[0], 8, 32)
	ts.Check(err)
	st, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := uint64(st.Mode().Perm()); got != want {
		ts.Fatalf("%s has mode %o, want %o", args[1], got, want)
	}
}

// learnPorts puts a running node's ports and addresses into the environment, and
// addresses with its ports and another's key: ports FOLDER.
func learnPorts(ts *testscript.TestScript, _ bool, args []string) {
	c, err := client.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer c.Close()
	var info ropewalk.Info
	ts.Check(c.Call(context.Background(), "node_info", nil, &info))
	_, port, _ := strings.Cut(strings.TrimPrefix(info.RPC, "http://"), ":")
	ts.Setenv("RPC_PORT", port)
	ts.Setenv("ID", info.ID.String())
	ts.Setenv("ENR", info.ENR)
	ts.Setenv("ENODE", info.Enode)
	if len(info.LibP2P) > 0 {
		ts.Setenv("LIBP2P", info.LibP2P[0])
		ts.Setenv("LIBP2P_PORT", fmt.Sprint(link.MustAddr(info.LibP2P[0]).Port()))
		ts.Setenv("WRONG_LIBP2P", link.MustAddr(info.LibP2P[0]).Bare().WithPeer(strangersKey().PeerID()).String())
	}
	if info.Enode != "" {
		ts.Setenv("RLPX", info.RLPx)
		ts.Setenv("WRONG_ENODE", enodeOf(info.RLPx))
	}
}

// strangersKey is nobody's.
func strangersKey() id.Public {
	k, err := id.NewKey(strings.NewReader(strings.Repeat("stranger", 8)))
	if err != nil {
		panic(err)
	}
	return k.Public()
}

// enodeOf is the address of nobody at a place.
func enodeOf(at string) string {
	full, err := strangersKey().Uncompressed()
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("enode://%x@%s", full, at)
}

// listenSilently opens a listener that takes connections and says nothing, until the
// script ends: silent. Its addresses are SILENT_ENODE and SILENT_LIBP2P.
func listenSilently(ts *testscript.TestScript, _ bool, _ []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	at := l.Addr().(*net.TCPAddr)
	ts.Setenv("SILENT_ENODE", enodeOf(at.String()))
	ts.Setenv("SILENT_LIBP2P", fmt.Sprintf("/ip4/127.0.0.1/tcp/%d/p2p/%s", at.Port, strangersKey().PeerID()))
}

// publishList puts a list of some hosts on a name server, and both into the
// environment: list HOSTS.
func publishList(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	l, z := listtest.NewLister("script"), listtest.Zone{}
	z.Publish(l, 1, listtest.Records(n), nil)
	s, err := listtest.Serve(z)
	ts.Check(err)
	ts.Defer(s.Close)
	ts.Setenv("LIST", l.URL())
	ts.Setenv("NAME_SERVER", s.Addr())
}

// awaitHosts waits until the book of a running node holds some hosts: hosts HOSTS FOLDER.
func awaitHosts(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	c, err := client.Open(ts.MkAbs(args[1]))
	ts.Check(err)
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		var page ropewalk.HostsPage
		ts.Check(c.Call(ctx, "session_hosts", map[string]any{"offset": 0, "limit": 1}, &page))
		if page.Total == want {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// hangUp sends SIGHUP to a running node: hup FOLDER.
func hangUp(ts *testscript.TestScript, _ bool, args []string) {
	e, err := client.ReadEndpoint(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(syscall.Kill(e.PID, syscall.SIGHUP))
}

// awaitLog waits until a file has a text: logged TEXT FILE.
func awaitLog(ts *testscript.TestScript, _ bool, args []string) {
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		raw, err := os.ReadFile(ts.MkAbs(args[1]))
		if strings.Contains(string(raw), args[0]) {
			return
		}
		if time.Now().After(end) {
			ts.Fatalf("%v; no %q in %s", err, args[0], raw)
		}
	}
}

// awaitSlots waits until a running node has some outbound slots and kept peers: slots
// OUTBOUND MANUAL FOLDER.
func awaitSlots(ts *testscript.TestScript, _ bool, args []string) {
	c, err := client.Open(ts.MkAbs(args[2]))
	ts.Check(err)
	defer c.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		var all []ropewalk.Slot
		ts.Check(c.Call(ctx, "session_slots", nil, &all))
		have := map[string]int{}
		for _, s := range all {
			have[s.Role]++
		}
		if fmt.Sprint(have["outbound"]) == args[0] && fmt.Sprint(have["manual"]) == args[1] {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// writeInvite makes an invite of a node that is nowhere: invite NETWORK ROOM FILE.
func writeInvite(ts *testscript.TestScript, _ bool, args []string) {
	v := invite{Network: args[0], Room: args[1], Addrs: []link.Addr{link.MustAddr("/ip4/203.0.113.5/tcp/4001/p2p/16Uiu2HAmCQbjVZ8SCaTHEhBrRmUNP3rKQcDSVYBDcvkQVuUVsaGr")}}
	ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(fmt.Sprintln(v)), 0o600))
}

// writeBytes makes a file of so many bytes, of which every longer one begins with the
// shorter: bytes N FILE.
func writeBytes(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	out := make([]byte, n)
	_, err = rand.NewChaCha8([32]byte{}).Read(out)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), out, 0o600))
}

// learnContentID puts the content ID that the last command printed into the environment:
// content-id NAME.
func learnContentID(ts *testscript.TestScript, _ bool, args []string) {
	which := regexp.MustCompile("0x[0-9a-f]{64}").FindString(ts.ReadFile("stdout"))
	ts.Setenv(args[0], which)
	ts.Setenv(args[0]+"_DIGITS", strings.TrimPrefix(which, "0x"))
}

// everyCommandHasHelp checks the whole tree.
func everyCommandHasHelp(ts *testscript.TestScript, _ bool, _ []string) {
	root := (&app{}).root()
	for _, cmd := range root.Commands() {
		ts.Check(ts.Exec("ropewalk", cmd.Name(), "--help"))
		if cmd.Short == "" || cmd.Example == "" || cmd.Hidden || cmd.GroupID == "" {
			ts.Fatalf("%s lacks a short text, an example or a group", cmd.Name())
		}
		for _, sub := range cmd.Commands() {
			if cmd.Name() != "completion" && (sub.Short == "" || sub.Example == "") {
				ts.Fatalf("%s %s lacks a short text or an example", cmd.Name(), sub.Name())
			}
		}
		if !strings.Contains(ts.ReadFile("stdout"), "Usage:") {
			ts.Fatalf("%s --help prints no usage", cmd.Name())
		}
	}
}
