package rlpx

import (
	"strings"
	"testing"

	"github.com/ropewalk/ropewalk/link"
)

// Every form seen in the field: go-ethereum#25270, #30855, reth#501, #6862,
// nethermind#7726, ethereumjs#1484.
func TestReasons(t *testing.T) {
	squeeze := func(s string) string { return string(deflate(nil, []byte(s))) }
	for what, c := range map[string]struct {
		payload string
		want    link.Reason
	}{
		"list":                        {"\xc1\x04", link.TooManyPeers},
		"bare":                        {"\x04", link.TooManyPeers},
		"list of zero":                {"\xc1\x80", link.Requested},
		"list of a byte 00":           {"\xc1\x00", link.Requested},
		"zero":                        {"\x80", link.Requested},
		"byte 00":                     {"\x00", link.Requested},
		"empty list":                  {"\xc0", link.Requested},
		"nothing":                     {"", link.Requested},
		"more elements":               {"\xc3\x08\x01\x02", link.Quitting},
		"subprotocol":                 {"\xc1\x10", link.Subprotocol},
		"a number without a name":     {"\xc1\x0c", 0x0c},
		"a higher one":                {"\xc2\x81\xfe", 0xfe},
		"one that does not fit":       {"\xc3\x82\x01\x00", reasonUnreadable},
		"a huge one (CVE-2022-29177)": {"\xc9\x88\xff\xff\xff\xff\xff\xff\xff\xff", reasonUnreadable},
		"no number":                   {"\xc1\xc0", reasonUnreadable},
		"a text":                      {"\x83bye", reasonUnreadable},
		"cut":                         {"\xc2\x04", reasonUnreadable},
		"long":                        {strings.Repeat("x", 100), reasonUnreadable},
	} {
		for _, compressed := range []bool{false, true} {
			if got := parseReason([]byte(c.payload), compressed); got != c.want {
				t.Errorf("%s, compressed %v: %v, want %v", what, compressed, got, c.want)
			}
			if got := parseReason([]byte(squeeze(c.payload)), compressed); got != c.want {
				t.Errorf("%s, squeezed, compressed %v: %v, want %v", what, compressed, got, c.want)
			}
		}
	}
}

// What we send is a list of one number, and read as what it was.
func TestReasonRoundTrip(t *testing.T) {
	for r := range 0x100 {
		b := appendReason([]byte("x"), link.Reason(r))[1:]
		if parseReason(b, false) != link.Reason(r) || parseReason(deflate(nil, b), true) != link.Reason(r) {
			t.Errorf("reason %#x is %x", r, b)
		}
	}
	if b := appendReason(nil, link.Requested); string(b) != "\xc1\x80" {
		t.Errorf("requested is %x", b)
	}
	if b := appendReason(nil, link.Breach); string(b) != "\xc1\x02" {
		t.Errorf("breach is %x", b)
	}
}

func FuzzReason(f *testing.F) {
	for _, s := range []string{"", "\xc1\x04", "\x04", "\xc1\x80", "\x01\x00\xc0", "\xff\xff\xff\xff\x0f", "\x80\x80\x01\x04"} {
		f.Add([]byte(s), true)
	}
	f.Fuzz(func(t *testing.T, b []byte, compressed bool) {
		r := parseReason(b, compressed)
		_ = r.String()
		if again := parseReason(appendReason(nil, r), false); again != r {
			t.Fatalf("%v written again is %v", r, again)
		}
	})
}
