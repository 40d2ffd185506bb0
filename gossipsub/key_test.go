package gossipsub

import "testing"

// Every byte and every length counts, up to the longest ID.
func TestKeysDiffer(t *testing.T) {
	seen := map[key]bool{}
	for n := range idBytesMax + 1 {
		id := make([]byte, n)
		for i := -1; i < n; i++ {
			if i >= 0 {
				id[i]++
			}
			k := makeKey(7, id)
			if seen[k] || makeKey(8, id) == k {
				t.Fatalf("%d bytes, byte %d: key twice", n, i)
			}
			seen[k] = true
			if i >= 0 {
				id[i]--
			}
		}
	}
}
