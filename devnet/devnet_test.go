package devnet

import (
	"os"
	"testing"

	"github.com/ropewalk/ropewalk/scenario"
)

// The whole product on real sockets: nodes find each other through one seed, talk,
// lose three and recover.
func TestDemo(t *testing.T) {
	if testing.Short() {
		t.Skip("starts eight real nodes")
	}
	s, _ := scenario.Builtin("demo")
	res, err := Run(t.Context(), Options{Script: s, Exit: true, Out: os.Stdout})
	if err != nil {
		t.Fatal(err)
	}
	if !res.OK {
		t.Fatal("the script failed")
	}
}
