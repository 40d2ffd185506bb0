package chat

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/rlp"
)

func testAuthor(t testing.TB, n byte) *Author {
	raw := bytes.Repeat([]byte{n}, 32)
	k, err := id.KeyFromBytes(raw)
	if err != nil {
		t.Fatal(err)
	}
	return NewAuthor(k)
}

func lineAt(a *Author, network, room, text string, seq uint64, at time.Time) []byte {
	return a.sign(signed{tag: tagOf(network), room: room, seq: seq, at: uint64(at.UnixNano()), text: []byte(text)})
}

func TestAuthorIsReproducible(t *testing.T) {
	a, b, c := testAuthor(t, 1), testAuthor(t, 1), testAuthor(t, 2)
	if a.pub != b.pub || a.vouch != b.vouch || a.pub == c.pub {
		t.Error("the same node key must give the same author, another key another")
	}
}

func TestTopicHidesRoom(t *testing.T) {
	topic := Topic("main", "lobby")
	if !strings.HasPrefix(topic, "/ropewalk/chat/1/") || len(topic) != len(topicPrefix)+64 || !IsTopic(topic) {
		t.Errorf("topic %q", topic)
	}
	if Topic("main", "lobby") == Topic("test", "lobby") || Topic("main", "lobby") == Topic("main", "Lobby") {
		t.Error("topics of different rooms are equal")
	}
	for _, bad := range []string{"", "lobby", topicPrefix, topic + "0", topic[:len(topic)-1] + "g", strings.ToUpper(topic), topicPrefix + strings.Repeat("A", 64)} {
		if IsTopic(bad) {
			t.Errorf("%q is a topic", bad)
		}
	}
}

func TestVerify(t *testing.T) {
	a, b := testAuthor(t, 1), testAuthor(t, 2)
	topic := Topic(testNetwork, "lobby")
	good := lineAt(a, testNetwork, "lobby", "hello", 1, epoch)
	// change decodes the good line, changes it and encodes it without signing.
	change := func(f func(*signed)) []byte {
		s, err := decodeLine(good)
		if err != nil {
			t.Fatal(err)
		}
		f(s)
		return s.encode()
	}
	// resign signs with a's key whatever f makes of the line.
	resign := func(f func(*signed)) []byte {
		s, _ := decodeLine(good)
		f(s)
		copy(s.sig[:], ed25519.Sign(a.key, s.signedBytes()))
		return s.encode()
	}
	trailing := append(bytes.Clone(good), 0)
	for _, tt := range []struct {
		name  string
		topic string
		data  []byte
		want  error
	}{
		{"good", topic, good, nil},
		{"other room's topic", Topic(testNetwork, "bar"), good, ErrForeign},
		{"other network's topic", Topic("main", "lobby"), good, ErrForeign},
		{"other network's line", topic, lineAt(a, "main", "lobby", "hello", 1, epoch), ErrForeign},
		{"no chat topic", "news", good, ErrForeign},
		{"text", topic, change(func(s *signed) { s.text = []byte("hallo") }), ErrSignature},
		{"sequence", topic, change(func(s *signed) { s.seq++ }), ErrSignature},
		{"time", topic, change(func(s *signed) { s.at++ }), ErrSignature},
		{"room moved", Topic(testNetwork, "bar"), change(func(s *signed) { s.room = "bar" }), ErrSignature},
		{"author", topic, change(func(s *signed) { s.author = b.pub }), ErrSignature},
		{"node claimed", topic, change(func(s *signed) { s.node = b.node }), ErrSignature},
		{"node claimed and signed", topic, resign(func(s *signed) { s.node = b.node }), ErrSignature},
		{"vouch of another", topic, resign(func(s *signed) { s.node, s.vouch = b.node, b.vouch }), ErrSignature},
		{"no vouch", topic, resign(func(s *signed) { s.vouch = [64]byte{} }), ErrSignature},
		{"no point", topic, resign(func(s *signed) { s.node = id.Public{4} }), ErrSignature},
		{"no text", topic, resign(func(s *signed) { s.text = nil }), ErrLine},
		{"long text", topic, resign(func(s *signed) { s.text = bytes.Repeat([]byte("x"), TextBytesMax+1) }), ErrLine},
		{"text not UTF-8", topic, resign(func(s *signed) { s.text = []byte{0xff} }), ErrLine},
		{"time zero", topic, resign(func(s *signed) { s.at = 0 }), ErrLine},
		{"time without end", topic, resign(func(s *signed) { s.at = 1<<64 - 1 }), ErrLine},
		{"trailing byte", topic, trailing, ErrLine},
		{"torn", topic, good[:len(good)-1], ErrLine},
		{"empty", topic, nil, ErrLine},
		{"other version", topic, rlp.AppendList(nil, rlp.AppendUint(nil, 2)), ErrLine},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := Verify(tt.topic, tt.data)
			if tt.want == nil && err != nil || tt.want != nil && !errors.Is(err, tt.want) {
				t.Errorf("%v, want %v", err, tt.want)
			}
			if Check(tt.topic, tt.data) != (tt.want == nil) {
				t.Error("Check and Verify disagree")
			}
		})
	}
}

// No byte of a line can be changed.
func TestEveryByteIsSigned(t *testing.T) {
	topic := Topic(testNetwork, "lobby")
	good := lineAt(testAuthor(t, 1), testNetwork, "lobby", "hello", 1, epoch)
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		if Check(topic, bad) {
			t.Errorf("byte %d of %d can be changed", i, len(good))
		}
	}
}

func TestLiveWindow(t *testing.T) {
	w := newWorld(t)
	a := w.node("a")
	a.join("lobby")
	w.run(time.Second)
	topic := Topic(testNetwork, "lobby")
	b := testAuthor(t, 2)
	deliver := func(data []byte) int {
		before := len(a.lines)
		a.news(a.hall.Delivered(w.now, topic, data, id.ID{9}))
		return len(a.lines) - before
	}
	for _, tt := range []struct {
		name string
		age  time.Duration
		want int
	}{
		{"now", 0, 1}, {"a day ago", 24 * time.Hour, 1}, {"more than a day ago", 24*time.Hour + 1, 0},
		{"60 s ahead", -60 * time.Second, 1}, {"more than 60 s ahead", -60*time.Second - 1, 0},
	} {
		data := lineAt(b, testNetwork, "lobby", tt.name, 1, w.now.Add(-tt.age))
		if got := deliver(data); got != tt.want {
			t.Errorf("%s: %d lines, want %d", tt.name, got, tt.want)
		}
		if deliver(data) != 0 {
			t.Errorf("%s: taken twice", tt.name)
		}
	}
	if deliver(lineAt(b, testNetwork, "bar", "x", 1, w.now)) != 0 || deliver(lineAt(b, "main", "lobby", "x", 1, w.now)) != 0 {
		t.Error("line of another room or network taken")
	}
	w.run(11 * time.Second)
	taken := 0
	for i := range 300 {
		taken += deliver(lineAt(b, testNetwork, "lobby", "flood", uint64(i), w.now.Add(time.Duration(i))))
	}
	if taken != floodLines {
		t.Errorf("%d lines of a flood taken, want %d", taken, floodLines)
	}
}

func FuzzLine(f *testing.F) {
	a := testAuthor(f, 1)
	f.Add(lineAt(a, testNetwork, "lobby", "hello", 1, epoch))
	f.Add(lineAt(a, "", "räume", "世界\n", 1<<63, epoch))
	f.Add([]byte{0xc0})
	topic := Topic(testNetwork, "lobby")
	f.Fuzz(func(t *testing.T, data []byte) {
		before := bytes.Clone(data)
		s, err := decodeLine(data)
		if err == nil && !bytes.Equal(s.encode(), data) {
			t.Fatalf("decodes, but encodes to other bytes")
		}
		if Check(topic, data) && err != nil {
			t.Fatal("Check accepts what is no line")
		}
		if !bytes.Equal(before, data) {
			t.Fatal("input changed")
		}
	})
}
