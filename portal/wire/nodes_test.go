package wire

import (
	"bytes"
	"testing"
)

// Ultralight has the number of records where the number of answers belongs.
func TestNodesOfAnyTotal(t *testing.T) {
	record := []byte{0xc0}
	b, err := Nodes{Records: [][]byte{record, record}}.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, total := range []byte{0, 1, 2, 255} {
		b[1] = total
		m, err := DecodeNodes(b)
		if err != nil || len(m.Records) != 2 || !bytes.Equal(m.Records[1], record) {
			t.Errorf("a total of %d: %+v, %v", total, m, err)
		}
	}
}
