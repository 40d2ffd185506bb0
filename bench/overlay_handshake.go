package main

import (
	"crypto/rand"
	"errors"
	mrand "math/rand/v2"

	"github.com/ethereum/go-ethereum/common/mclock"
	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/p2p/discover/v5wire"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"github.com/ropewalk/ropewalk/discv5/wire"
	"github.com/ropewalk/ropewalk/enr"
	"github.com/ropewalk/ropewalk/id"
)

// shakes are done one after the other, both ends counted: a packet that cannot be read,
// WHOAREYOU, the handshake with a record that is verified, and an answer.
const shakes = 1500

// runShakes: handshakes of discv5 per second of CPU, packets made and read in memory.
func runShakes(s side, _ uint64) (values, error) {
	run := ourShakes
	if s == rival {
		run = theirShakes
	}
	if err := run(shakes / 10); err != nil {
		return nil, err
	}
	start := read(true)
	stop := profile()
	err := run(shakes)
	stop()
	return values{"rate": shakes / start.used().cpu.Seconds()}, err
}

func ourShakes(count int) error {
	a, err := id.NewKey(rand.Reader)
	if err != nil {
		return err
	}
	b, err := id.NewKey(rand.Reader)
	if err != nil {
		return err
	}
	record, err := enr.Builder{Seq: 1, IP: anyPort.Addr(), UDP: 30303}.Sign(a)
	if err != nil {
		return err
	}
	var seed [32]byte
	rand.Read(seed[:])
	rng := mrand.New(mrand.NewChaCha8(seed))
	for range count {
		rand.Read(seed[:])
		if err := ourShake(a, b, record, rng, seed); err != nil {
			return err
		}
	}
	return nil
}

func ourShake(a, b *id.Key, record *enr.Record, rng *mrand.Rand, entropy [32]byte) error {
	aMask, bMask := wire.Real.Mask(a.ID()), wire.Real.Mask(b.ID())
	var p wire.Packet
	first, _ := wire.AppendRandom(nil, rng, a.ID(), bMask)
	if err := p.Decode(first, bMask); err != nil {
		return err
	}
	asked, challenge := wire.AppendWhoareyou(nil, rng, aMask, p.Nonce, 0)
	if err := p.Decode(asked, aMask); err != nil {
		return err
	}
	in, err := wire.Real.Initiate(a, b.ID(), b.Public(), p.Challenge(), entropy)
	if err != nil {
		return err
	}
	as := wire.Real.Session(in.Keys, a.ID(), b.ID(), true)
	packet, _, err := as.SealHandshake(nil, rng, in, record.Bytes(), wire.AppendPing(nil, wire.NumberedID(1), 1))
	if err != nil {
		return err
	}
	if err := p.Decode(packet, bMask); err != nil {
		return err
	}
	sent, err := enr.Decode(p.Record)
	if err != nil {
		return err
	}
	keys, err := wire.Real.Respond(b, sent.ID(), sent.Public(), challenge, p.Signature, p.Ephemeral)
	if err != nil {
		return err
	}
	bs := wire.Real.Session(keys, b.ID(), a.ID(), false)
	text, err := bs.Open(nil, &p)
	if err != nil {
		return err
	}
	var m wire.Message
	if err := m.Decode(text); err != nil {
		return err
	}
	answer, _, err := bs.Seal(nil, rng, wire.AppendPong(nil, m.ID, 1, anyPort))
	if err != nil {
		return err
	}
	if err := p.Decode(answer, aMask); err != nil {
		return err
	}
	if text, err = as.Open(text[:0], &p); err != nil {
		return err
	}
	return m.Decode(text)
}

// gethEnd is an end of go-ethereum's codec.
type gethEnd struct {
	local *enode.LocalNode
	codec *v5wire.Codec
}

func gethEndOf(db *enode.DB) (gethEnd, error) {
	key, err := crypto.GenerateKey()
	if err != nil {
		return gethEnd{}, err
	}
	ln := enode.NewLocalNode(db, key)
	ln.SetStaticIP(anyPort.Addr().AsSlice())
	ln.SetFallbackUDP(30303)
	ln.Node() // signed here, not in a handshake
	return gethEnd{ln, v5wire.NewCodec(ln, key, mclock.System{}, nil)}, nil
}

func theirShakes(count int) error {
	db, err := enode.OpenDB("")
	if err != nil {
		return err
	}
	defer db.Close()
	a, err := gethEndOf(db)
	if err != nil {
		return err
	}
	b, err := gethEndOf(db)
	if err != nil {
		return err
	}
	for n := range count {
		// Another address each time, so that there is no session.
		if err := theirShake(a, b, string(rune('a'+n%26))+string(request(n, 8))); err != nil {
			return err
		}
	}
	return nil
}

func theirShake(a, b gethEnd, addr string) error {
	to, from := b.local.ID(), a.local.ID()
	ping := &v5wire.Ping{ReqID: []byte{1}, ENRSeq: 1}
	first, nonce, err := a.codec.Encode(to, addr, ping, nil)
	if err != nil {
		return err
	}
	_, _, p, err := b.codec.Decode(first, addr)
	if err != nil {
		return err
	}
	unknown, ok := p.(*v5wire.Unknown)
	if !ok {
		return errors.New("readable without a session")
	}
	who := &v5wire.Whoareyou{Nonce: unknown.Nonce}
	rand.Read(who.IDNonce[:])
	asked, _, err := b.codec.Encode(from, addr, who, nil)
	if err != nil {
		return err
	}
	_, _, p, err = a.codec.Decode(asked, addr)
	if err != nil {
		return err
	}
	challenge, ok := p.(*v5wire.Whoareyou)
	if !ok || challenge.Nonce != nonce {
		return errors.New("no WHOAREYOU")
	}
	challenge.Node = b.local.Node()
	packet, _, err := a.codec.Encode(to, addr, ping, challenge)
	if err != nil {
		return err
	}
	_, node, p, err := b.codec.Decode(packet, addr)
	if err != nil {
		return err
	}
	if _, ok := p.(*v5wire.Ping); !ok || node == nil {
		return errors.New("no handshake")
	}
	answer, _, err := b.codec.Encode(from, addr, &v5wire.Pong{ReqID: ping.ReqID, ENRSeq: 1, ToIP: []byte{127, 0, 0, 1}, ToPort: 1}, nil)
	if err != nil {
		return err
	}
	_, _, p, err = a.codec.Decode(answer, addr)
	if err == nil && p.Kind() != v5wire.PongMsg {
		err = errors.New("no PONG")
	}
	return err
}
