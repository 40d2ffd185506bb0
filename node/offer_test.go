package node

import (
	"testing"

	"github.com/ropewalk/ropewalk/dnslist/listtest"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/hosts"
)

// What a source offers goes into the book as unproven hosts, within what one source may
// place in one network group, and wakes who looks for hosts.
func TestOffer(t *testing.T) {
	h := outsider(t, func(c *Config) { c.Session.Outbound = 1 })
	var all []*enr.Record
	for _, text := range listtest.Records(100) {
		r, err := enr.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	for _, want := range []int{hosts.BucketMax, 0} {
		if got := h.n.Offer(h.w.now, "list:a", all); got != want {
			t.Errorf("%d hosts are new, want %d", got, want)
		}
	}
	if got := h.n.Offer(h.w.now, "list:b", all); got != hosts.BucketMax {
		t.Errorf("%d hosts of another source are new, want as many again", got)
	}
	if at := h.n.Deadline(); at.After(h.w.now) {
		t.Errorf("nobody looks at the new hosts before %v", at.Sub(h.w.now))
	}
	h.w.settle()
	if _, list := h.n.Hosts("grey", 0, 1); len(list) != 1 || list[0].Source == "" {
		t.Errorf("grey: %+v", list)
	}
}
