package main

import (
	"context"
	"encoding/binary"
	"io"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	noise "github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
)

// A run of libp2pCount takes some two seconds. RLPx, at a fifth of the speed, gets fewer.
const libp2pSize, libp2pCount, rlpxCount = 64 << 10, 20_000, 4_000

// runLibP2P: messages of 64 KiB one way over a libp2p link, against our own RLPx and
// against bare streams of go-libp2p.
func runLibP2P(s side, _ uint64) (values, error) {
	if s == rival {
		return rawStreams()
	}
	over := func(kind string, count int) (values, error) {
		return measuredOn(func(p ...proto) (nodes, error) { return ropePair(kind, p...) }, sendAll(libp2pSize), confirm, count/10, count)
	}
	slow, err := over(overRLPx, rlpxCount)
	if err != nil {
		return nil, err
	}
	v, err := over(overLibP2P, libp2pCount)
	if err != nil {
		return nil, err
	}
	return values{"speed": megabytes(v), "rlpx": megabytes(slow)}, nil
}

func megabytes(v values) float64 { return v["wall"] * libp2pSize / 1e6 }

// rawStreams writes the same messages, each behind its length, on one stream.
func rawStreams() (values, error) {
	options := []libp2p.Option{libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"), libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Security(noise.ID, noise.New), libp2p.Muxer(yamux.ID, yamux.DefaultTransport), libp2p.ResourceManager(&network.NullResourceManager{})}
	a, err := libp2p.New(options...)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	b, err := libp2p.New(options...)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	b.SetStreamHandler("/bench", func(s network.Stream) {
		head, body := make([]byte, 4), make([]byte, libp2pSize)
		for {
			if _, err := io.ReadFull(s, head); err != nil {
				return
			}
			n := binary.BigEndian.Uint32(head)
			if _, err := io.ReadFull(s, body[:n]); err != nil {
				return
			}
			if n == 1 {
				if _, err := s.Write(body[:1]); err != nil {
					return
				}
			}
		}
	})
	ctx := context.Background()
	if err := a.Connect(ctx, peer.AddrInfo{ID: b.ID(), Addrs: b.Addrs()}); err != nil {
		return nil, err
	}
	s, err := a.NewStream(ctx, b.ID(), "/bench")
	if err != nil {
		return nil, err
	}
	send := func(count int) error {
		message := append(binary.BigEndian.AppendUint32(nil, libp2pSize), payload(libp2pSize)...)
		for range count {
			if _, err := s.Write(message); err != nil {
				return err
			}
		}
		if _, err := s.Write([]byte{0, 0, 0, 1, 0}); err != nil {
			return err
		}
		_, err := io.ReadFull(s, make([]byte, 1))
		return err
	}
	if err := send(libp2pCount / 10); err != nil {
		return nil, err
	}
	start := time.Now()
	stop := profile()
	err = send(libp2pCount)
	stop()
	return values{"speed": libp2pCount * libp2pSize / 1e6 / time.Since(start).Seconds()}, err
}
