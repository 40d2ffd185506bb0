package rlpx

import (
	"fmt"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/rlp"
	"github.com/ropewalk/ropewalk/link"
)

// capability is a protocol's name on the wire.
type capability struct {
	Name    string
	Version uint64
}

func (c capability) String() string { return fmt.Sprintf("%s/%d", c.Name, c.Version) }

// hello is the first message each way (RLPx specification, "Hello (0x00)").
type hello struct {
	Version uint64
	Agent   string
	Caps    []capability
	Port    uint64 // the port it listens on; nobody looks at it
	Key     id.Public
	full    [64]byte // Key as X || Y, where that is known of our own; else zero
	// Network is ours: one more element, which who does not know it ignores (EIP-8).
	// Protocols that are for one network only are shared when it is the same.
	Network string
}

// appendHello appends the payload of a Hello. Caps stand in the order that both ends
// number the windows in.
func appendHello(dst []byte, h *hello) ([]byte, error) {
	key := h.full
	if key == [64]byte{} {
		var err error
		if key, err = h.Key.Uncompressed(); err != nil {
			return dst, err
		}
	}
	var caps, one []byte
	for _, c := range h.Caps {
		one = rlp.AppendUint(rlp.AppendString(one[:0], c.Name), c.Version)
		caps = rlp.AppendList(caps, one)
	}
	payload := rlp.AppendUint(nil, h.Version)
	payload = rlp.AppendString(payload, h.Agent)
	payload = rlp.AppendList(payload, caps)
	payload = rlp.AppendUint(payload, h.Port)
	payload = rlp.AppendBytes(payload, key[:])
	if h.Network != "" {
		payload = rlp.AppendString(payload, h.Network)
	}
	return rlp.AppendList(dst, payload), nil
}

// parseHello reads a Hello. Its error wraps the link.Reason to close with. The agent
// is cut to 128 bytes and not cleaned; capabilities whose names nobody can have are
// left out.
func parseHello(payload []byte) (h hello, err error) {
	if len(payload) > baseBytesMax {
		return h, fmt.Errorf("rlpx: %w: Hello of %d bytes", link.Breach, len(payload))
	}
	r, err := rlp.NewList(payload)
	if err != nil {
		return h, badHello(err)
	}
	if h.Version, err = r.Uint64(); err != nil {
		return h, badHello(err)
	}
	if h.Version < helloVersionMin {
		return h, fmt.Errorf("rlpx: %w: base protocol %d", link.BadVersion, h.Version)
	}
	agent, err := r.Bytes()
	if err != nil {
		return h, badHello(err)
	}
	h.Agent = string(agent[:min(len(agent), agentBytesMax)])
	list, err := r.List()
	if err != nil {
		return h, badHello(err)
	}
	if h.Caps, err = parseCaps(list); err != nil {
		return h, err
	}
	if h.Port, err = r.Uint64(); err != nil {
		return h, badHello(err)
	}
	key, err := r.Bytes()
	if err != nil {
		return h, badHello(err)
	}
	if h.Key, err = id.PublicFromUncompressed(key); err != nil {
		return h, fmt.Errorf("rlpx: %w: %d bytes that are no key", link.BadIdentity, len(key))
	}
	// Whatever else follows is somebody's extension and stands for nothing.
	if name, err := r.Bytes(); err == nil && len(name) <= networkBytesMax {
		h.Network = string(name)
	}
	return h, nil
}

// parseCaps reads the list of capabilities.
func parseCaps(list *rlp.Reader) ([]capability, error) {
	var caps []capability
	for n := 0; list.More(); n++ {
		if n == capsMax {
			return nil, fmt.Errorf("rlpx: %w: more than %d capabilities", link.Breach, capsMax)
		}
		one, err := list.List()
		if err != nil {
			return nil, badHello(err)
		}
		name, err := one.Bytes()
		if err != nil {
			return nil, badHello(err)
		}
		version, err := one.Uint64()
		if err != nil {
			return nil, badHello(err)
		}
		if err := one.End(); err != nil {
			return nil, badHello(err)
		}
		if printable(name) {
			caps = append(caps, capability{string(name), version})
		}
	}
	return caps, nil
}

// printable tells whether a name has 1 to 8 printable ASCII bytes.
func printable(name []byte) bool {
	for _, c := range name {
		if c <= ' ' || c > '~' {
			return false
		}
	}
	return len(name) > 0 && len(name) <= capNameBytesMax
}

func badHello(err error) error { return fmt.Errorf("rlpx: %w: Hello: %v", link.Breach, err) }
