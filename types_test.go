package ropewalk

import (
	"encoding/json"
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
)

// What has no value keeps its name in the RPC's shapes, and IDs are hex.
func TestShapes(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	for _, tc := range []struct {
		shape any
		want  string
	}{
		{Message{Topic: "t", ID: MessageID{0, 255}, Seqno: bytesOf(nil), Data: bytesOf(nil), At: at},
			`{"topic":"t","id":"0x00ff","from":"","seqno":"","data":"","at":"2026-01-02T03:04:05.000000006Z"}`},
		{Published{ID: MessageID{1}, Peers: 2}, `{"id":"0x01","peers":2,"mesh":0,"fanout":0,"direct":0,"flood":0,"dropped":0}`},
		{Slot{Slot: 3, Role: "outbound", State: "sleeping", Since: at},
			`{"slot":3,"role":"outbound","state":"sleeping","id":"","addr":"","since":"2026-01-02T03:04:05.000000006Z","attempts":0}`},
	} {
		raw, err := json.Marshal(tc.shape)
		if err != nil || string(raw) != tc.want {
			t.Errorf("%T is\n%s, want\n%s (%v)", tc.shape, raw, tc.want, err)
		}
	}
}

func TestMessageIDText(t *testing.T) {
	for _, want := range []MessageID{{}, {0}, {1, 2, 254}} {
		var got MessageID
		if err := got.UnmarshalText([]byte(want.String())); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s comes back as %v, %v", want, got, err)
		}
	}
	for _, bad := range []string{"", "00", "0x0", "0xzz", "AAE="} {
		if err := new(MessageID).UnmarshalText([]byte(bad)); !errors.Is(err, id.ErrMalformed) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
