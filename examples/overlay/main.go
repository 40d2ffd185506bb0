// Command overlay is a content network of one's own in forty lines: cards, each under
// its author's key and signed with it. One node puts a card, another that only knows the
// first gets it, and neither believes a card that its author did not sign.
//
//	go run ./examples/overlay
package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/ropewalk/ropewalk"
)

// signed is the network's rule: a card is its author's signature and a text.
func signed(author, card []byte) error {
	if len(author) != ed25519.PublicKeySize || len(card) < ed25519.SignatureSize ||
		!ed25519.Verify(author, card[ed25519.SignatureSize:], card[:ed25519.SignatureSize]) {
		return errors.New("not signed by its author")
	}
	return nil
}

var cards = ropewalk.Network{
	Name: "cards", Protocol: []byte("cards"), Check: signed,
	KeyMax: ed25519.PublicKeySize, ValueMax: 1 << 20,
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	writer, desk, err := join(ctx)
	if err != nil {
		return err
	}
	defer writer.Close()
	reader, shelf, err := join(ctx, writer.Record())
	if err != nil {
		return err
	}
	defer reader.Close()

	author, secret, err := ed25519.GenerateKey(nil)
	if err != nil {
		return err
	}
	text := []byte("A network of one's own")
	card := append(ed25519.Sign(secret, text), text...)
	if _, err := desk.Put(ctx, author, card); err != nil {
		return err
	}
	for {
		found, err := shelf.Get(ctx, author)
		switch {
		case err == nil:
			fmt.Printf("%x… wrote %q\n", author[:4], string(found.Content[ed25519.SignatureSize:]))
		case errors.Is(err, ropewalk.ErrNoContent) && ctx.Err() == nil: // they do not know each other yet
			time.Sleep(100 * time.Millisecond)
			continue
		default:
			return err
		}
		break
	}
	card[0] ^= 1
	if _, err := shelf.Put(ctx, author, card); err == nil {
		return errors.New("a forged card was taken")
	} else {
		fmt.Println("a forged card:", err)
	}
	return nil
}

// join starts a node with the network, which asks those it is given for others.
func join(ctx context.Context, bootnodes ...string) (*ropewalk.Node, *ropewalk.Overlay, error) {
	n, err := ropewalk.New(ropewalk.Config{Localnet: true, Session: ropewalk.SessionConfig{Bootnodes: bootnodes}})
	if err != nil {
		return nil, nil, err
	}
	o, err := n.Overlay(cards)
	if err == nil {
		err = n.Start(ctx)
	}
	if err != nil {
		return nil, nil, errors.Join(err, n.Close())
	}
	return n, o, nil
}
