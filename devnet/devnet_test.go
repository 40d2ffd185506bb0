package devnet

import (
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/scenario"
)

// patience bounds every wait of the script; only failures meet it.
const patience = 90 * time.Second

// The whole product on real sockets: nodes find each other through one seed, talk,
// lose three and recover. How soon is the simulator's to say, whose clock no other
// program slows.
func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("starts eight real nodes")
	}
	s, _ := scenario.Builtin("demo")
	s.Patient(patience)
	res, err := Run(t.Context(), Options{Script: s, Exit: true, Out: os.Stdout})
	if err != nil {
		t.Fatal(err)
	}
	if !res.OK {
		t.Fatal("the script failed")
	}
}

// Nodes that are killed are missed, and come back by the books they had, without a
// seed. How soon is what `devnet --script churn` is for.
func TestChurn(t *testing.T) {
	if testing.Short() {
		t.Skip("starts ten real nodes")
	}
	s, _ := scenario.Builtin("churn")
	s.Patient(patience)
	res, err := Run(t.Context(), Options{Script: s, Nodes: 10, Exit: true, Out: os.Stdout})
	if err != nil {
		t.Fatal(err)
	}
	if !res.OK {
		t.Fatal("the script failed")
	}
}

// The demo kills three nodes and spares two: with four it cannot be played, which is
// said before anything starts.
func TestTooFewNodes(t *testing.T) {
	s, _ := scenario.Builtin("demo")
	_, err := Run(t.Context(), Options{Script: s, Nodes: 4, Exit: true})
	if !errors.Is(err, ErrOptions) || !strings.Contains(err.Error(), "needs at least 5 nodes, not 4") {
		t.Errorf("%v", err)
	}
}
