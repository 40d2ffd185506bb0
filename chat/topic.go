package chat

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// topicPrefix starts the gossip topic of every room.
const topicPrefix = "/ropewalk/chat/1/"

// ErrRoom is returned for a name that names no room.
var ErrRoom = errors.New("chat: not a room name")

// networkTag is the network a line belongs to: 16 bytes of a hash of its name.
type networkTag [16]byte

// roomKey is the hash in a room's topic.
type roomKey [32]byte

func tagOf(network string) networkTag {
	sum := sha256.Sum256([]byte("ropewalk chat network v1\x00" + network))
	return networkTag(sum[:16])
}

func keyOf(tag networkTag, room string) roomKey {
	b := append([]byte("ropewalk chat room v1\x00"), tag[:]...)
	return sha256.Sum256(append(b, room...))
}

func (k roomKey) topic() string { return topicPrefix + hex.EncodeToString(k[:]) }

// logFile is the name of the room's log: the first 8 bytes of the hash in hex.
func (k roomKey) logFile() string { return "chat/" + hex.EncodeToString(k[:8]) + ".log" }

// headsFile is the name of the file of what is known of the room's archives.
func (k roomKey) headsFile() string { return "chat/" + hex.EncodeToString(k[:8]) + ".heads" }

// Topic is the gossip topic of a room in a network. The room's name cannot be
// read from it, only guessed.
func Topic(network, room string) string { return keyOf(tagOf(network), room).topic() }

// IsTopic tells whether a topic is that of a chat room.
func IsTopic(topic string) bool {
	_, ok := parseTopic(topic)
	return ok
}

func parseTopic(topic string) (k roomKey, ok bool) {
	text, found := strings.CutPrefix(topic, topicPrefix)
	if !found || len(text) != 2*len(k) || strings.ToLower(text) != text {
		return k, false
	}
	n, err := hex.Decode(k[:], []byte(text))
	return k, err == nil && n == len(k)
}

// CheckRoom tells what is wrong with a room's name: it must be 1 to 64 bytes of
// UTF-8 that can be seen, without spaces.
func CheckRoom(room string) error {
	switch {
	case room == "" || len(room) > RoomBytesMax:
		return fmt.Errorf("%w: %d bytes, want 1 to %d", ErrRoom, len(room), RoomBytesMax)
	case !utf8.ValidString(room):
		return fmt.Errorf("%w: not UTF-8", ErrRoom)
	}
	for _, r := range room {
		if !unicode.IsPrint(r) || r == ' ' {
			return fmt.Errorf("%w: character %U", ErrRoom, r)
		}
	}
	return nil
}
