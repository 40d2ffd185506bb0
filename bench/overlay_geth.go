package main

import (
	"encoding/binary"
	"net"
	"net/netip"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/log"
	"github.com/ethereum/go-ethereum/p2p/discover"
	"github.com/ethereum/go-ethereum/p2p/enode"

	"github.com/ropewalk/ropewalk/id"
)

// sizedProto is a protocol whose answers are of the length that the request says.
const sizedProto = "sized"

// gethTalker is a node of go-ethereum's discv5, with its defaults.
type gethTalker struct {
	v5 *discover.UDPv5
	db *enode.DB
	at netip.AddrPort // where it listens
}

func gethSpeak(at netip.AddrPort, via netip.AddrPort, bootnodes ...string) (*gethTalker, error) {
	conn, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return nil, err
	}
	key, err := crypto.GenerateKey()
	if err != nil {
		return nil, err
	}
	db, err := enode.OpenDB("")
	if err != nil {
		return nil, err
	}
	listens := conn.LocalAddr().(*net.UDPAddr).AddrPort()
	if !via.IsValid() {
		via = listens
	}
	ln := enode.NewLocalNode(db, key)
	ln.SetStaticIP(via.Addr().AsSlice())
	ln.SetFallbackUDP(int(via.Port()))
	cfg := discover.Config{PrivateKey: key, Log: log.NewLogger(log.DiscardHandler())}
	for _, text := range bootnodes {
		n, err := enode.Parse(enode.ValidSchemes, text)
		if err != nil {
			return nil, err
		}
		cfg.Bootnodes = append(cfg.Bootnodes, n)
	}
	v5, err := discover.ListenV5(conn, ln, cfg)
	if err != nil {
		return nil, err
	}
	v5.RegisterTalkHandler(sizedProto, func(_ *enode.Node, _ *net.UDPAddr, body []byte) []byte {
		return append(body[:8:8], make([]byte, max(0, int(binary.BigEndian.Uint16(body[8:]))-8))...)
	})
	v5.RegisterTalkHandler(benchProto, func(_ *enode.Node, _ *net.UDPAddr, body []byte) []byte { return body })
	return &gethTalker{v5, db, listens}, nil
}

func (g *gethTalker) record() string { return g.v5.Self().String() }

func (g *gethTalker) talk(record string, body []byte) ([]byte, error) {
	to, err := enode.Parse(enode.ValidSchemes, record)
	if err != nil {
		return nil, err
	}
	return g.v5.TalkRequest(to, benchProto, body)
}

func (g *gethTalker) ping(record string) (time.Duration, error) {
	to, err := enode.Parse(enode.ValidSchemes, record)
	if err != nil {
		return 0, err
	}
	began := time.Now()
	_, err = g.v5.Ping(to)
	return time.Since(began), err
}

func (g *gethTalker) lookup(target id.ID) (out []id.ID, err error) {
	for _, n := range g.v5.Lookup(enode.ID(target)) {
		out = append(out, id.ID(n.ID()))
	}
	return out, nil
}

func (g *gethTalker) table() int { return len(g.v5.AllNodes()) }

func (g *gethTalker) close() {
	g.v5.Close()
	g.db.Close()
}
