package node

import "testing"

func TestForeign(t *testing.T) {
	var ours, theirs []string
	for _, p := range Protocols("ours", nil) {
		ours = append(ours, p.StreamIDs()...)
	}
	for _, p := range Protocols("theirs", nil) {
		theirs = append(theirs, p.StreamIDs()...)
	}
	for _, tc := range []struct {
		name    string
		streams []string
		want    bool
	}{
		{"same network", ours, false},
		{"other network", theirs, true},
		{"both", append(append([]string{}, theirs...), ours...), false},
		{"nothing", nil, false},
		{"a GossipSub host", []string{"/meshsub/1.1.0", "/ipfs/ping/1.0.0"}, false},
		{"a later version", []string{"/ropewalk/ours/pex/2"}, false},
		{"a later version elsewhere", []string{"/ropewalk/theirs/pex/2"}, true},
		{"a longer name", []string{"/ropewalk/ours2/pex/1"}, true},
		{"a protocol of a user", []string{"/ropewalk/echo/1"}, false},
		{"malformed", []string{"/ropewalk/", "/ropewalk", "/ropewalk/pex/1", ""}, false},
	} {
		if got := Foreign("ours", tc.streams); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}
