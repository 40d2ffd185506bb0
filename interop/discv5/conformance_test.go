package discv5

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/ropewalk/ropewalk/interop/rig"
)

// conformance are the tests of go-ethereum's program, each run against a node that is
// new, as one of them wants it with an empty table.
var conformance = []string{
	"Ping", "PingLargeRequestID", "PingMultiIP", "HandshakeResend", "TalkRequest",
	"FindnodeWrongIP", "FindnodeHandshake", "FindnodeZeroDistance", "FindnodeResults", "UnsolicitedNodes",
}

// TestConformance runs `devp2p discv5 test` against our node.
func TestConformance(t *testing.T) {
	program := os.Getenv("DEVP2P")
	if program == "" {
		t.Skip("DEVP2P names no devp2p program of go-ethereum")
	}
	for _, name := range conformance {
		t.Run(name, func(t *testing.T) {
			n := startRope(t)
			out, err := exec.CommandContext(rig.Within(t), program, "discv5", "test", "--run", "^"+name+"$", n.Record()).CombinedOutput()
			if err != nil || !strings.Contains(string(out), "-- OK") {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}
