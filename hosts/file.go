package hosts

import "time"

// Encode writes the book.
func (b *Book) Encode() []byte { return nil }

// Load reads what Encode wrote.
func (b *Book) Load(now time.Time, data []byte) error { return nil }
