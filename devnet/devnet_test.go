package devnet

import (
	"os"
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
