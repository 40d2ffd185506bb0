package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/ropewalk/ropewalk"
)

// A range of a file is the same bytes as in the file, and only the chunks that it touches
// are asked for.
func TestRanges(t *testing.T) {
	f := newFake()
	s := unstarted(t, f, Options{})
	var text strings.Builder
	for i := range 3 * fakeChunk / 4 {
		fmt.Fprintf(&text, "%04d", i)
	}
	data := text.String() + "end"
	var put ropewalk.PutResult
	if err := json.Unmarshal(ask(s, "PUT", "/content/", data, nil).Body.Bytes(), &put); err != nil {
		t.Fatal(err)
	}
	tag := `"` + put.ID.String() + `"`
	all := len(data)
	for _, c := range []struct {
		asks, only string
		code       int
		from, to   int // of what comes
	}{
		{"bytes=0-99", "", 206, 0, 100},
		{"bytes=0-99", tag, 206, 0, 100},
		{"bytes=0-99", `"other"`, 200, 0, all},
		{"bytes=999-1000", "", 206, 999, 1001},
		{"bytes=1000-1999", "", 206, 1000, 2000},
		{"bytes=2500-", "", 206, 2500, all},
		{"bytes=2990-999999999999", "", 206, 2990, all},
		{"bytes=-5", "", 206, all - 5, all},
		{"bytes=-99999", "", 206, 0, all},
		{fmt.Sprintf("bytes=%d-", all-1), "", 206, all - 1, all},
		{fmt.Sprintf("bytes=%d-", all), "", 416, 0, 0},
		{"bytes=-0", "", 416, 0, 0},
		{"bytes=5-1", "", 200, 0, all},
		{"bytes=0-1,5-6", "", 200, 0, all},
		{"bytes=-", "", 200, 0, all},
		{"bytes=x-", "", 200, 0, all},
		{"bytes=99999999999999999999-", "", 200, 0, all},
		{"lines=0-1", "", 200, 0, all},
	} {
		w := ask(s, "GET", "/content/"+put.ID.String(), "", func(r *http.Request) {
			r.Header.Set("Range", c.asks)
			if c.only != "" {
				r.Header.Set("If-Range", c.only)
			}
		})
		if w.Code != c.code || w.Header().Get("Accept-Ranges") == "" && w.Code != 416 {
			t.Errorf("%s %s: %d %v", c.asks, c.only, w.Code, w.Header())
			continue
		}
		if w.Code != 416 && (w.Body.String() != data[c.from:c.to] || w.Header().Get("Content-Length") != fmt.Sprint(c.to-c.from)) {
			t.Errorf("%s: %d bytes, %v", c.asks, w.Body.Len(), w.Header())
		}
		want := map[int]string{200: "", 206: fmt.Sprintf("bytes %d-%d/%d", c.from, c.to-1, all), 416: fmt.Sprintf("bytes */%d", all)}[c.code]
		if got := w.Header().Get("Content-Range"); got != want {
			t.Errorf("%s: %q, want %q", c.asks, got, want)
		}
	}
	f.content.lost[f.content.files[put.ID].Chunks[0]] = true
	w := ask(s, "GET", "/content/"+put.ID.String(), "", func(r *http.Request) { r.Header.Set("Range", "bytes=1500-2500") })
	if w.Code != 206 || w.Body.String() != data[1500:2501] {
		t.Errorf("beside a chunk that is lost: %d, %d bytes", w.Code, w.Body.Len())
	}
	if w = ask(s, "HEAD", "/content/"+put.ID.String(), "", func(r *http.Request) { r.Header.Set("Range", "bytes=0-1") }); w.Code != 200 || w.Header().Get("Content-Length") != fmt.Sprint(all) {
		t.Errorf("HEAD: %d %v", w.Code, w.Header())
	}
	if w = ask(s, "GET", "/content/"+put.ID.String(), "", func(r *http.Request) { r.Header.Set("If-None-Match", tag) }); w.Code != 304 || w.Body.Len() > 0 {
		t.Errorf("what the caller has: %d", w.Code)
	}
}

// What `curl -T FILE URL/content/` makes of the path is no part of the file; an ID is not
// for the caller to choose.
func TestPutNamed(t *testing.T) {
	s := unstarted(t, newFake(), Options{})
	var plain, named ropewalk.PutResult
	if err := json.Unmarshal(ask(s, "PUT", "/content/", "hello", nil).Body.Bytes(), &plain); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(ask(s, "PUT", "/content/holiday.jpg", "hello", nil).Body.Bytes(), &named); err != nil || named.ID != plain.ID {
		t.Errorf("%v, %v", named.ID, err)
	}
	if w := ask(s, "PUT", "/content/"+plain.ID.String(), "hello", nil); w.Code != 400 {
		t.Errorf("under an ID: %d", w.Code)
	}
}
