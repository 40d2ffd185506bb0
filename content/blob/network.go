package blob

import (
	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/id"
)

// Network is the network of blobs.
func Network() content.Network {
	return content.Network{
		Name:     Name,
		Protocol: Protocol,
		ID: func(key []byte) (id.ID, error) {
			k, err := DecodeKey(key)
			return k.ID(), err
		},
		Check: func(key, value []byte) error {
			k, err := DecodeKey(key)
			if err != nil {
				return err
			}
			return k.Check(value)
		},
		Quick:    quickBytes,
		KeyMax:   KeyBytes,
		ValueMax: ChunkBytes,
	}
}
