package libp2p

import (
	"context"
	"crypto/sha256"
	"testing"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
)

func testKey(seed string) *id.Key {
	h := sha256.Sum256([]byte(seed))
	k, err := id.KeyFromBytes(h[:])
	if err != nil {
		panic(err)
	}
	return k
}

func TestSmoke(t *testing.T) {
	for _, listen := range []string{"/ip4/127.0.0.1/tcp/0", "/ip4/127.0.0.1/udp/0/quic-v1"} {
		t.Run(listen, func(t *testing.T) {
			protos := []link.Protocol{{Name: "gossip", Bare: true, Streams: []string{"/meshsub/1.2.0", "/meshsub/1.1.0"}}, {Name: "chat", Version: 1, Length: 8}}
			mk := func(seed string) *Transport {
				tr, err := New(Config{Key: testKey(seed), Protocols: protos, Listen: []link.Addr{link.MustAddr(listen)}, Localnet: true})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { tr.Close() })
				if err := tr.Listen(); err != nil {
					t.Fatal(err)
				}
				return tr
			}
			a, b := mk("a"), mk("b")
			ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
			defer cancel()
			start := time.Now()
			la, err := a.Dial(ctx, id.Ticket{Owner: "x", N: 1}, b.Addrs()[0])
			if err != nil {
				t.Fatal(err)
			}
			t.Log("dial", time.Since(start))
			lb, err := b.Accept()
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%+v\n%+v", la.Info(), lb.Info())
			if err := la.Write(link.Msg{Lane: 1, Code: 3, Data: []byte("hello")}); err != nil {
				t.Fatal(err)
			}
			m, err := lb.Read()
			t.Log(m, err)
			la.Close(link.TooManyPeers)
			_, err = lb.Read()
			for err == nil {
				_, err = lb.Read()
			}
			t.Log(err)
		})
	}
}
