package ropewalk_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/ropewalk/ropewalk"
	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/internal/rlp"
)

// own is a network that takes values which repeat their key.
func own(name, protocol string) ropewalk.Network {
	return ropewalk.Network{Name: name, Protocol: []byte(protocol), Check: func(key, value []byte) error {
		switch {
		case string(value) == "who knows":
			return ropewalk.ErrUndecided
		case !bytes.Equal(key, value):
			return errors.New("not its key")
		}
		return nil
	}}
}

func TestOverlay(t *testing.T) {
	ctx := context.Background()
	n, err := ropewalk.New(ropewalk.Config{Localnet: true})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	o, err := n.Overlay(own("mine", "mine"))
	if err != nil {
		t.Fatal(err)
	}
	for why, net := range map[string]ropewalk.Network{
		"name taken":           own("mine", "other"),
		"name of blobs":        own("blob", "other"),
		"protocol taken":       own("other", "mine"),
		"protocol of streams":  own("other", "utp"),
		"protocol of Portal":   own("other", "\x50\x00"),
		"no protocol":          own("other", ""),
		"protocol of 9 bytes":  own("other", "123456789"),
		"no name":              own("", "other"),
		"name with a space":    own("o ther", "other"),
		"keys of 4 KiB":        {Name: "other", Protocol: []byte("other"), KeyMax: 4096},
		"values of 64 MiB":     {Name: "other", Protocol: []byte("other"), ValueMax: 64 << 20},
		"keys of less than no": {Name: "other", Protocol: []byte("other"), KeyMax: -1},
	} {
		if _, err := n.Overlay(net); !errors.Is(err, ropewalk.ErrBadInput) {
			t.Errorf("%s: %v", why, err)
		}
	}
	if err := n.Start(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Overlay(own("late", "late")); !errors.Is(err, ropewalk.ErrStarted) {
		t.Errorf("after Start: %v", err)
	}
	again, err := n.Network("mine")
	if err != nil || again.Name() != "mine" || string(o.Protocol()) != "mine" {
		t.Errorf("by its name: %v", err)
	}
	for _, c := range []struct {
		key, value string
		want       error
	}{
		{"key", "key", nil}, {"key", "another", ropewalk.ErrBadInput}, {"", "", ropewalk.ErrBadInput},
		{"its user's word", "who knows", nil},
	} {
		if _, err := o.Put(ctx, []byte(c.key), []byte(c.value)); !errors.Is(err, c.want) {
			t.Errorf("put %q under %q: %v, want %v", c.value, c.key, err, c.want)
		}
	}
	page, err := n.ContentList(ctx, "mine", ropewalk.ContentID{}, 10)
	if err != nil || len(page.Items) != 2 || page.Items[0].Size+page.Items[1].Size != int64(len("key")+len("who knows")) || !page.Items[0].Durable {
		t.Errorf("%+v, %v", page, err)
	}
	if found, err := o.Get(ctx, []byte("key")); err != nil || string(found.Content) != "key" {
		t.Errorf("%q, %v", found.Content, err)
	}
	kinds := map[string]string{}
	for _, net := range n.Networks() {
		kinds[net.Name] = net.Kind
	}
	if len(kinds) != 2 || kinds["mine"] != "own" || kinds["blob"] != "blob" {
		t.Errorf("networks %v", kinds)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := n.Overlay(own("closed", "closed")); !errors.Is(err, ropewalk.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	mute, err := ropewalk.New(ropewalk.Config{Localnet: true, Listen: ropewalk.ListenConfig{UDP: "off"}})
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close()
	if _, err := mute.Overlay(own("mine", "mine")); !errors.Is(err, ropewalk.ErrNoNetwork) {
		t.Errorf("without a socket: %v", err)
	}
}

// A history network judges by the headers of the file that is named, and takes its user's
// word for blocks without one; a generic one keeps what its user stores.
func TestOverlayKinds(t *testing.T) {
	ctx := context.Background()
	empty := []byte{0xc2, 0xc0, 0xc0} // a body of nothing
	file := filepath.Join(t.TempDir(), "headers.rlp")
	if err := os.WriteFile(file, emptyHeader(7), 0o600); err != nil {
		t.Fatal(err)
	}
	n, err := ropewalk.New(ropewalk.Config{Localnet: true, Overlay: ropewalk.OverlayConfig{Networks: map[string]ropewalk.OverlayNetwork{
		"history": {Kind: "history", Headers: file},
		"old":     {Kind: "generic", Protocol: "0x500b"},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	if err := n.Start(ctx); err != nil {
		t.Fatal(err)
	}
	h, err := n.Network("history")
	if err != nil {
		t.Fatal(err)
	}
	body := func(number byte) []byte { return []byte{0, number, 0, 0, 0, 0, 0, 0, 0} }
	for _, c := range []struct {
		number byte
		value  []byte
		want   error
	}{
		{7, empty, nil}, {7, []byte{0xc3, 0xc0, 0xc0, 0xc0}, ropewalk.ErrBadInput}, {8, empty, nil},
	} {
		if _, err := h.Put(ctx, body(c.number), c.value); !errors.Is(err, c.want) {
			t.Errorf("block %d, %x: %v, want %v", c.number, c.value, err, c.want)
		}
	}
	old, err := n.Network("old")
	if err != nil {
		t.Fatal(err)
	}
	if err := old.Store(ctx, []byte("key"), []byte("value")); err != nil {
		t.Error(err)
	}
	if got, err := old.Local(ctx, []byte("key")); err != nil || string(got) != "value" {
		t.Errorf("%q, %v", got, err)
	}
	_, err = ropewalk.New(ropewalk.Config{Localnet: true, Overlay: ropewalk.OverlayConfig{Networks: map[string]ropewalk.OverlayNetwork{
		"history": {Kind: "history", Headers: file + ".none"},
	}}})
	var bad *ropewalk.ConfigError
	if !errors.As(err, &bad) || bad.Fields[0].Field != `overlay.network."history".headers` {
		t.Errorf("headers of no file: %v", err)
	}
}

// emptyHeader is the header of a block of nothing.
func emptyHeader(number uint64) []byte {
	root, list := id.Keccak256([]byte{0x80}), id.Keccak256([]byte{0xc0})
	var body []byte
	for field := range 15 {
		switch field {
		case 0, 3:
			body = rlp.AppendBytes(body, make([]byte, 32))
		case 1:
			body = rlp.AppendBytes(body, list[:])
		case 4, 5:
			body = rlp.AppendBytes(body, root[:])
		case 8:
			body = rlp.AppendUint(body, number)
		default:
			body = rlp.AppendBytes(body, nil)
		}
	}
	return rlp.AppendList(nil, body)
}
