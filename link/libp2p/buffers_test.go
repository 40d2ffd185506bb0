package libp2p

import "testing"

// Every size has a class that holds it and wastes little, and whose own size is in
// it again.
func TestBufferClasses(t *testing.T) {
	for n, last := 1, 0; n < 3<<20; n++ {
		class, size := classOf(n)
		switch {
		case size < n || n > bufferMin && class < bufferClasses && size-n > n/bufferSteps:
			t.Fatalf("%d bytes get %d", n, size)
		case class < last || class > last+1:
			t.Fatalf("%d bytes are of class %d, one less of %d", n, class, last)
		case class < bufferClasses:
			if c, s := classOf(size); c != class || s != size {
				t.Fatalf("class %d of size %d, which is of class %d and size %d", class, size, c, s)
			}
		}
		last = class
	}
}

func TestBuffersComeAgain(t *testing.T) {
	var b buffers
	one := b.get(300)
	one[0] = 1
	b.put(one)
	if two := b.get(310); &two[0] != &one[0] || len(two) != 310 {
		t.Error("a used buffer was not used again")
	}
	b.put(make([]byte, 300)) // none of get's
	if b.bytes != 0 {
		t.Error("a strange buffer was kept")
	}
	for range 100 {
		b.put(b.get(1 << 20)) // the same one
	}
	if b.bytes != 1<<20 {
		t.Errorf("%d bytes kept", b.bytes)
	}
	for range 100 {
		b.put(make([]byte, 0, 1<<20))
		if b.bytes > buffersMax {
			t.Fatalf("%d bytes kept, at most %d", b.bytes, buffersMax)
		}
	}
}
