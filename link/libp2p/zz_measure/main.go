package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/ropewalk/ropewalk/id"
	"github.com/ropewalk/ropewalk/link"
	"github.com/ropewalk/ropewalk/link/libp2p"
)

func rss() string {
	b, _ := os.ReadFile("/proc/self/status")
	for _, l := range strings.Split(string(b), "\n") {
		if strings.HasPrefix(l, "VmRSS") {
			return strings.Join(strings.Fields(l), " ")
		}
	}
	return ""
}
func main() {
	fmt.Println("before", rss(), runtime.NumGoroutine())
	full := len(os.Args) > 1
	k, _ := id.NewKey(rand.Reader)
	tr, err := libp2p.New(libp2p.Config{Key: k, Localnet: !full, Relay: full, HolePunch: full, AutoNAT: full, NATPortMap: false,
		Protocols: []link.Protocol{{Name: "gossip", Bare: true}, {Name: "chat", Version: 1, Length: 4}, {Name: "pex", Version: 1, Length: 3}},
		Listen: []link.Addr{link.MustAddr("/ip4/127.0.0.1/tcp/0"), link.MustAddr("/ip4/127.0.0.1/udp/0/quic-v1")}})
	if err != nil {
		panic(err)
	}
	if err := tr.Listen(); err != nil {
		panic(err)
	}
	time.Sleep(3 * time.Second)
	fmt.Println("idle", rss(), runtime.NumGoroutine())
	debug.FreeOSMemory()
	fmt.Println("after gc", rss(), tr.Addrs())
	t := time.Now()
	fmt.Println(tr.Close(), time.Since(t), runtime.NumGoroutine())
}
