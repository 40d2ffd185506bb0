package ropewalk

import (
	"encoding/json"
	"strings"
	"testing"
)

// Numbers are written without leading zeros and read with or without.
func TestQuantity(t *testing.T) {
	full := strings.Repeat("f", 64)
	for text, want := range map[string]string{
		"0x0": "0x0", "0x1": "0x1", "0x0fff": "0xfff", "0x" + full: "0x" + full, "0x" + strings.Repeat("0", 64): "0x0", "0xAb": "0xab",
	} {
		var q Quantity
		if err := q.UnmarshalText([]byte(text)); err != nil || q.String() != want {
			t.Errorf("%s: %s, %v", text, q, err)
		}
	}
	for _, text := range []string{"", "0x", "1", "0x1" + full, "0xg", "0x-1", "0X1"} {
		if err := new(Quantity).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
	raw, err := json.Marshal(map[string]any{"dataRadius": Quantity{31: 7}})
	if err != nil || string(raw) != `{"dataRadius":"0x7"}` {
		t.Errorf("%s, %v", raw, err)
	}
}
