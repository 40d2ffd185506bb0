package linktest

import (
	"testing"

	"github.com/ropewalk/ropewalk/link"
)

// A link that writes batches writes them as it would write each message, and nothing
// after one that it refuses.
func testBatches(t *testing.T, p Pair) {
	ours, theirs := both(t, p)
	batcher, ok := ours.(link.Batcher)
	if !ok {
		t.Skip("it writes one by one")
	}
	writeAll := func(all []link.Msg) error {
		t.Helper()
		_, err := within(t, "a batch", func() (struct{}, error) { return struct{}{}, batcher.WriteAll(all) })
		return err
	}
	sizes := []int{8, 100, 20 << 10, 8, 200 << 10, 70 << 10, 8}
	var all []link.Msg
	for n := range 300 {
		all = append(all, link.Msg{Lane: link.Lane(n % 2), Code: uint64(n % 4), Data: fill(n, sizes[n%len(sizes)])})
	}
	received := make(chan error, 1)
	go func() {
		for n := 0; n < len(all); {
			m, err := theirs.Read()
			if err == nil && anyTime(m.Op) {
				continue
			}
			if err == nil {
				err = same(m.Data, n, sizes[n%len(sizes)])
			}
			if err != nil {
				received <- err
				return
			}
			if m.Lane != all[n].Lane || m.Code != all[n].Code {
				t.Errorf("message %d came on lane %d with code %d", n, m.Lane, m.Code)
			}
			n++
		}
		received <- nil
	}()
	for _, part := range [][]link.Msg{all[:1], all[1:1], all[1:50], all[50:]} {
		if err := writeAll(part); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := within(t, "messages", func() (struct{}, error) { return struct{}{}, <-received }); err != nil {
		t.Fatal(err)
	}

	refused := Protocols()[0].Length
	if err := writeAll([]link.Msg{{Data: fill(1, 10)}, {Code: refused, Data: fill(2, 10)}, {Data: fill(3, 10)}}); err == nil {
		t.Errorf("wrote code %d of %d", refused, refused)
	}
	write(t, ours, link.Msg{Data: fill(4, 10)})
	for _, n := range []int{1, 4} {
		if err := same(read(t, theirs, link.Data).Data, n, 10); err != nil {
			t.Error(err)
		}
	}
}
