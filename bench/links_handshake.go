package main

import (
	"context"
	"crypto/ecdsa"
	"net"
	"net/netip"
	"sync"

	"github.com/ethereum/go-ethereum/crypto"
	gethrlpx "github.com/ethereum/go-ethereum/p2p/rlpx"
	gethrlp "github.com/ethereum/go-ethereum/rlp"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/rlpx"
)

// handshakes are done one after the other, both ends and the exchange of Hellos counted.
const handshakes = 400

// runHandshakes: links that come up and are closed, per second of CPU.
func runHandshakes(s side, _ uint64) (values, error) {
	run := theirHandshakes
	if s == ours {
		run = ourHandshakes
	}
	if err := run(handshakes / 10); err != nil {
		return nil, err
	}
	start := read(true)
	stop := profile()
	err := run(handshakes)
	stop()
	return values{"rate": handshakes / start.used().cpu.Seconds()}, err
}

func ourHandshakes(count int) error {
	make := func() (*rlpx.Transport, error) {
		key, err := id.KeyFromBytes(secret())
		if err != nil {
			return nil, err
		}
		t, err := rlpx.New(rlpx.Config{Key: key, Localnet: true, Agent: "bench", Protocols: []link.Protocol{{Name: "bench", Version: 1, Length: codes}},
			Listen: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.1:0")}})
		if err != nil {
			return nil, err
		}
		return t, t.Listen()
	}
	a, err := make()
	if err != nil {
		return err
	}
	defer a.Close()
	b, err := make()
	if err != nil {
		return err
	}
	defer b.Close()
	var ends sync.WaitGroup
	defer ends.Wait()
	to := b.Addrs()[0]
	for range count {
		out, err := a.Dial(context.Background(), id.Ticket{}, to)
		if err != nil {
			return err
		}
		in, err := b.Accept()
		if err != nil {
			return err
		}
		// Closed without a word, as theirs are; a close waits for the remote's beside the
		// next handshake.
		ends.Go(func() { out.Close(link.NetworkError) })
		ends.Go(func() { in.Close(link.NetworkError) })
	}
	return nil
}

func secret() []byte {
	k, err := crypto.GenerateKey()
	if err != nil {
		panic(err)
	}
	return crypto.FromECDSA(k)
}

func theirHandshakes(count int) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer ln.Close()
	mine, other := mustKey(), mustKey()
	ends := make(chan error, 1)
	go func() {
		for range count {
			c, err := ln.Accept()
			if err == nil {
				err = shake(c, other, nil)
			}
			ends <- err
		}
	}()
	for range count {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			return err
		}
		if err := shake(c, mine, &other.PublicKey); err != nil {
			return err
		}
		if err := <-ends; err != nil {
			return err
		}
	}
	return nil
}

func mustKey() *ecdsa.PrivateKey {
	k, err := crypto.GenerateKey()
	if err != nil {
		panic(err)
	}
	return k
}

// shake is the handshake, a Hello each way and the end.
func shake(c net.Conn, key *ecdsa.PrivateKey, to *ecdsa.PublicKey) error {
	conn := gethrlpx.NewConn(c, to)
	defer conn.Close()
	if _, err := conn.Handshake(key); err != nil {
		return err
	}
	hello, err := gethrlp.EncodeToBytes([]any{uint(5), "bench", []any{[]any{"bench", uint(1)}}, uint(0), crypto.FromECDSAPub(&key.PublicKey)[1:]})
	if err != nil {
		return err
	}
	if _, err := conn.Write(0, hello); err != nil {
		return err
	}
	_, _, _, err = conn.Read()
	return err
}
