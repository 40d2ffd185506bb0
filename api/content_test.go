package api

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/id"
)

func TestContentCalls(t *testing.T) {
	f := newFake()
	s := unstarted(t, f, Options{})
	g := rpc(t, s, "content_put", `{"data":"aGVsbG8="}`)
	hash := id.ID(sha256.Sum256([]byte("hello")))
	var put ropewalk.PutResult
	if g.Error != nil || json.Unmarshal(g.Result, &put) != nil || put.ID != hash || put.Replicas != 3 || put.Size != 5 {
		t.Fatalf("%s %+v", g.Result, g.Error)
	}
	g = rpc(t, s, "content_get", `{"id":"`+hash.String()+`"}`)
	if g.Error != nil || !strings.Contains(string(g.Result), `"data":"aGVsbG8="`) {
		t.Errorf("%s %+v", g.Result, g.Error)
	}
	g = rpc(t, s, "content_manifest", `{"id":"`+hash.String()+`"}`)
	if g.Error != nil || !strings.Contains(string(g.Result), `"chunks":["`+hash.String()+`"]`) {
		t.Errorf("%s %+v", g.Result, g.Error)
	}
	if g = rpc(t, s, "content_get", `{"id":"`+nodeID(8).String()+`"}`); g.Error == nil || g.Error.Code != codeNoContent {
		t.Errorf("%+v", g.Error)
	}
	g = rpc(t, s, "content_stat", `{}`)
	if g.Error != nil || !strings.Contains(string(g.Result), `"protocol":"0x726f7065626c6f62"`) {
		t.Errorf("%s %+v", g.Result, g.Error)
	}
	g = rpc(t, s, "content_list", `{"after":"`+hash.String()+`","limit":5}`)
	if g.Error != nil || string(g.Result) != `{"network":"blob","items":[]}` {
		t.Errorf("%s %+v", g.Result, g.Error)
	}
	rpc(t, s, "content_drop", `{"id":"`+hash.String()+`"}`)
	if did := f.deeds(); !slices.Contains(did, "drop "+hash.Short()+` ""`) || !slices.Contains(did, "list \"\" "+hash.Short()+" 5") {
		t.Errorf("%q", did)
	}
}

// The Portal network's methods, by place as its world sends them: what the node is asked,
// and the answer.
func TestPortalCalls(t *testing.T) {
	who := nodeID(0xb).String()
	short := nodeID(0xb).Short()
	tests := []struct{ method, params, did, want string }{
		{"portal_historyRoutingTableInfo", `[]`, "history table", `{"localNodeId":"` + nodeID(1).String() + `","buckets":[["` + nodeID(2).String() + `"]]}`},
		{"portal_blobRadius", `[]`, "blob radius", `"` + ropewalk.Quantity(nodeID(3)).String() + `"`},
		{"portal_historyAddEnr", `["enr:x"]`, "history addenr enr:x", `true`},
		{"portal_historyAddEnr", `{"enr":"enr:x"}`, "history addenr enr:x", `true`},
		{"portal_historyAddEnrs", `[["enr:x","enr:y"]]`, "history addenr enr:y", `true`},
		{"portal_historyDeleteEnr", `["` + who + `"]`, "history deleteenr " + short, `false`},
		{"portal_historyGetEnr", `["` + who + `"]`, "history getenr " + short, `"enr:b"`},
		{"portal_historyLookupEnr", `["` + who + `"]`, "history lookupenr " + short, `"enr:b"`},
		{"portal_historyPing", `["enr:x"]`, "history ping enr:x 0 ", `{"enrSeq":9223372036854775808,"payloadType":1,"payload":{"dataRadius":"` + nodeID(1).String() + `"}}`},
		{"portal_historyPing", `["enr:x",42,"0x01020304"]`, "history ping enr:x 42 01020304", ""},
		{"portal_historyPing", `["enr:x",1,{"dataRadius":"0xfffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffe"}]`, "history ping enr:x 1 fe" + strings.Repeat("ff", 31), ""},
		{"portal_historyPing", `["enr:x",1,{"dataRadius":"0xfff"}]`, "history ping enr:x 1 ff0f" + strings.Repeat("00", 30), ""},
		{"portal_historyPing", `["enr:x",2,{"dataRadius":"0x0","ephemeralHeaderCount":4242}]`, "history ping enr:x 2 " + strings.Repeat("00", 32) + "9210", ""},
		{"portal_historyFindNodes", `["enr:x",[256,255]]`, "history findnodes enr:x [256 255]", `["enr:a"]`},
		{"portal_historyFindContent", `["enr:x","0x0102"]`, "history findcontent enr:x 0102", `{"enrs":[]}`},
		{"portal_historyOffer", `["enr:x",[["0x01","0x02"],{"contentKey":"0x03","contentValue":"0x04"}]]`, "history offer enr:x [{01 02} {03 04}]", `"0x0002"`},
		{"portal_historyOffer", `{"enr":"enr:x","content_items":[["0x01","0x02"]]}`, "history offer enr:x [{01 02}]", `"0x0002"`},
		{"portal_historyRecursiveFindNodes", `["` + who + `"]`, "history lookup " + short, `["enr:a"]`},
		{"portal_historyGetContent", `["0x01"]`, "history get 01", `{"content":"0x0102","utpTransfer":true}`},
		{"portal_historyStore", `["0x01","0x02"]`, "history store 01 02", `true`},
		{"portal_historyLocalContent", `["0x01"]`, "history local 01", `"0x09"`},
		{"portal_historyPutContent", `["0x01","0x02"]`, "history share 01 02", `{"peerCount":3,"storedLocally":true}`},
		{"portal_historyPaginateLocalContentKeys", `[2,7]`, "history page 2 7", `{"content_keys":["0x01"],"total_entries":5}`},
		{"discv5_routingTableInfo", `[]`, "discv5 table", `{"localNodeId":"` + nodeID(1).String() + `","buckets":[]}`},
		{"discv5_nodeInfo", `[]`, "info", `{"enr":"","nodeId":"` + nodeID(0xa1).String() + `"}`},
		{"discv5_addEnr", `["enr:x"]`, "discv5 addenr enr:x", `true`},
		{"discv5_getEnr", `["` + who + `"]`, "discv5 getenr " + short, `"enr:b"`},
		{"discv5_deleteEnr", `["` + who + `"]`, "discv5 deleteenr " + short, `true`},
		{"discv5_lookupEnr", `["` + who + `"]`, "discv5 lookupenr " + short, `"enr:b"`},
		{"discv5_ping", `["enr:x"]`, "discv5 ping enr:x", `{"enrSeq":1,"recipientIP":"192.0.2.1","recipientPort":9000}`},
		{"discv5_findNode", `["enr:x",[0]]`, "discv5 findnode enr:x [0]", `null`},
		{"discv5_talkReq", `["enr:x","0x5000","0x00"]`, "discv5 talk enr:x 5000 00", `"0x00"`},
		{"discv5_talkReq", `{"enr":"enr:x","protocolId":"0x5000","talkReqPayload":"0x01"}`, "discv5 talk enr:x 5000 01", `"0x01"`},
		{"discv5_recursiveFindNodes", `["` + who + `"]`, "discv5 lookup " + short, `["enr:a"]`},
		{"discv5_updateNodeInfo", `["20.1.2.3:9000"]`, "discv5 state 20.1.2.3:9000 false", `{"enr":"","nodeId":"` + nodeID(0xa1).String() + `"}`},
		{"discv5_updateNodeInfo", `["[2a01::1]:9000",true]`, "discv5 state [2a01::1]:9000 true", ""},
		{"discv5_nodes", `{}`, "discv5 nodes", ""},
	}
	for _, tt := range tests {
		f := newFake()
		g := rpc(t, unstarted(t, f, Options{}), tt.method, tt.params)
		if g.Error != nil {
			t.Errorf("%s %s: %+v", tt.method, tt.params, g.Error)
			continue
		}
		if did := f.deeds(); !slices.Contains(did, tt.did) {
			t.Errorf("%s %s did %q, want %q", tt.method, tt.params, did, tt.did)
		}
		if tt.want != "" && string(g.Result) != tt.want {
			t.Errorf("%s: %s, want %s", tt.method, g.Result, tt.want)
		}
	}
	if g := rpc(t, unstarted(t, newFake(), Options{}), "web3_clientVersion", `[]`); g.Error != nil || !strings.HasPrefix(string(g.Result), `"ropewalk/`) {
		t.Errorf("%s %+v", g.Result, g.Error)
	}
}

func TestPortalErrors(t *testing.T) {
	f := newFake()
	s := unstarted(t, f, Options{})
	f.err = fmt.Errorf("%w: nobody", ropewalk.ErrNoContent)
	if g := rpc(t, s, "portal_historyGetContent", `["0x01"]`); g.Error == nil || g.Error.Code != codePortalNotFound {
		t.Errorf("%+v", g.Error)
	}
	if g := rpc(t, s, "portal_historyLocalContent", `["0x01"]`); g.Error == nil || g.Error.Code != codePortalNotFound {
		t.Errorf("%+v", g.Error)
	}
	g := rpc(t, s, "portal_historyTraceGetContent", `["0x01"]`)
	if g.Error == nil || g.Error.Code != codePortalTraced || g.Error.Data["origin"] != nodeID(1).String() {
		t.Errorf("%+v", g.Error)
	}
	f.err = ropewalk.ErrPingType
	if g := rpc(t, s, "portal_historyPing", `["enr:a",7,"0x00"]`); g.Error == nil || g.Error.Code != codePortalPingType || g.Error.Data["reason"] != "client" {
		t.Errorf("%+v", g.Error)
	}
	if g := rpc(t, s, "portal_historyPing", `["enr:a",2]`); g.Error == nil || g.Error.Code != codePortalPingType || g.Error.Data["reason"] != "subnetwork" {
		t.Errorf("%+v", g.Error)
	}
	f.err = ropewalk.ErrPingPayload
	if g := rpc(t, s, "portal_historyPing", `["enr:a",1,"0x00"]`); g.Error == nil || g.Error.Code != codePortalPayload {
		t.Errorf("%+v", g.Error)
	}
	f.err = ropewalk.ErrBadTarget
	for _, method := range []string{"portal_historyAddEnr", "discv5_addEnr", "discv5_ping"} {
		if g := rpc(t, s, method, `["enr:junk"]`); g.Error == nil || g.Error.Code != codeInvalidParams || !strings.HasPrefix(g.Error.Message, "invalid parameters: enr: ") {
			t.Errorf("%s: %+v", method, g.Error)
		}
	}
	f.err = ropewalk.ErrNoDiscovery
	if g := rpc(t, s, "discv5_ping", `["enr:a"]`); g.Error == nil || g.Error.Code != codeNoDiscovery {
		t.Errorf("%+v", g.Error)
	}
}

func TestFiles(t *testing.T) {
	f := newFake()
	s := unstarted(t, f, Options{})
	data := strings.Repeat("ropewalk ", 1000)
	w := ask(s, "PUT", "/content/", data, nil)
	var put ropewalk.PutResult
	if w.Code != 200 || json.Unmarshal(w.Body.Bytes(), &put) != nil || put.Size != int64(len(data)) || put.Chunks != 9 {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	w = ask(s, "GET", "/content/"+put.ID.String(), "", nil)
	if w.Code != 200 || w.Body.String() != data || w.Header().Get("Content-Length") != fmt.Sprint(len(data)) || w.Header().Get("Content-Type") != "application/octet-stream" {
		t.Errorf("%d, %d bytes, %v", w.Code, w.Body.Len(), w.Header())
	}
	if w = ask(s, "HEAD", "/content/"+put.ID.String(), "", nil); w.Code != 200 || w.Body.Len() != 0 {
		t.Errorf("%d, %d bytes", w.Code, w.Body.Len())
	}
	chunk := id.ID(sha256.Sum256([]byte(data[fakeChunk : 2*fakeChunk])))
	if w = ask(s, "GET", "/content/"+chunk.String()+"?chunk", "", nil); w.Code != 200 || w.Body.String() != data[fakeChunk:2*fakeChunk] {
		t.Errorf("%d, %d bytes", w.Code, w.Body.Len())
	}
	for path, want := range map[string]int{
		"/content/" + nodeID(1).String():            404,
		"/content/" + nodeID(1).String() + "?chunk": 404,
		"/content/0x12":                             400, "/content/": 404, "/content/a/b": 404,
	} {
		if w = ask(s, "GET", path, "", nil); w.Code != want {
			t.Errorf("GET %s: %d, want %d", path, w.Code, want)
		}
	}
	noToken := func(r *http.Request) { r.Header.Del("Authorization") }
	for verb, path := range map[string]string{"PUT": "/content/", "GET": "/content/" + put.ID.String()} {
		if w = ask(s, verb, path, "x", noToken); w.Code != 401 {
			t.Errorf("%s %s without a token: %d", verb, path, w.Code)
		}
	}
}

// A file that is not found whole breaks the connection: a part is never taken for it.
func TestFileBreaksOff(t *testing.T) {
	synctest.Test(t, breakOff)
}

func breakOff(t *testing.T) {
	f := newFake()
	s := unstarted(t, f, Options{})
	data := strings.Repeat("x", 3*fakeChunk) + "y"
	var put ropewalk.PutResult
	if err := json.Unmarshal(ask(s, "PUT", "/content/", data, nil).Body.Bytes(), &put); err != nil {
		t.Fatal(err)
	}
	f.content.lost[sha256.Sum256([]byte("y"))] = true
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("ended with %v", p)
		}
	}()
	ask(s, "GET", "/content/"+put.ID.String(), "", nil)
	t.Error("a file that lacks its end was sent as if it were whole")
}

// When the first piece is missing there is an answer that says so.
func TestFileWithoutItsBeginning(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		s := unstarted(t, f, Options{})
		begin := strings.Repeat("x", fakeChunk)
		var put ropewalk.PutResult
		if err := json.Unmarshal(ask(s, "PUT", "/content/", begin+"y", nil).Body.Bytes(), &put); err != nil {
			t.Fatal(err)
		}
		f.content.lost[sha256.Sum256([]byte(begin))] = true
		if w := ask(s, "GET", "/content/"+put.ID.String(), "", nil); w.Code != 504 || w.Header().Get("Content-Disposition") != "" || !strings.Contains(w.Body.String(), "partly") {
			t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
		}
	})
}

func TestFilesBounded(t *testing.T) {
	s := unstarted(t, newFake(), Options{})
	s.files.Store(filesMax)
	if w := ask(s, "PUT", "/content/", "x", nil); w.Code != 503 {
		t.Errorf("%d", w.Code)
	}
	s.files.Store(filesMax - 1)
	if w := ask(s, "PUT", "/content/", "x", nil); w.Code != 200 || s.files.Load() != filesMax-1 {
		t.Errorf("%d, %d on their way", w.Code, s.files.Load())
	}
}

// Few long bodies are held at once.
func TestLargeBodies(t *testing.T) {
	f := newFake()
	s := unstarted(t, f, Options{})
	body := `{"jsonrpc":"2.0","id":1,"method":"portal_historyStore","params":["0x00","0x` + strings.Repeat("00", bodySmall/2) + `"]}`
	if w := ask(s, "POST", "/rpc", body, nil); w.Code != 200 || readGot(t, w.Body.Bytes()).Error != nil {
		t.Errorf("%d %.200s", w.Code, w.Body)
	}
	if n := s.large.Load(); n != 0 {
		t.Errorf("%d large bodies are left", n)
	}
	s.large.Store(bodiesLarge)
	if w := ask(s, "POST", "/rpc", body, nil); w.Code != 503 {
		t.Errorf("%d", w.Code)
	}
	if w := ask(s, "POST", "/rpc", stopBody, nil); w.Code != 200 {
		t.Errorf("a short call beside them: %d", w.Code)
	}
}
