package api

import (
	"strings"
	"testing"
)

// What is wrong with a call is said in words by which it can be mended.
func TestArgsSay(t *testing.T) {
	for _, c := range []struct{ method, params, want string }{
		{"portal_historyGetContent", `{"contentkey":"0x00"}`, `contentKey is missing; unknown field "contentkey"`},
		{"portal_historyGetContent", `["0x` + strings.Repeat("00", keyBytesMax+1) + `"]`, "contentKey is longer than 2048 bytes"},
		{"portal_historyRadius", `[1]`, "1 parameters, want none"},
		{"portal_historyGetEnr", `["0x12"]`, "nodeId is not a node ID: 64 hex digits after 0x"},
		{"content_get", `{"id":"0x12"}`, "id is not a content ID: 64 hex digits after 0x"},
		{"content_list", `{"after":"0x12"}`, "after is not a content ID: 64 hex digits after 0x"},
		{"content_list", `{"limit":0}`, "limit is not a whole number from 1 to 1000"},
	} {
		g := rpc(t, unstarted(t, newFake(), Options{}), c.method, c.params)
		if g.Error == nil || g.Error.Code != codeInvalidParams || g.Error.Message != "invalid parameters: "+c.want {
			t.Errorf("%s %.80s: %+v, want %s", c.method, c.params, g.Error, c.want)
		}
	}
}
