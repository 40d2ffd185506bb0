package main

import (
	"context"
	crand "crypto/rand"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/ethereum/go-ethereum/log"
	zen "github.com/zen-eth/utp-go"
)

// utpGoFigures are beside github.com/zen-eth/utp-go at 5d962dd, the streams of the client shisui.
var utpGoFigures = []figure{
	{name: "utp-cpu-zen", says: "the same beside zen-eth/utp-go at 5d962dd", workload: "utp-zen", key: "cpu", bar: 0.2, unit: nanos},
	{name: "utp-wall-zen", says: "the same, speed", workload: "utp-zen", key: "rate", kind: shown, unit: mbps},
}

var utpGoWorkloads = []workload{
	{name: "utp-zen", run: func(s side, _ uint64) (values, error) {
		if s == ours {
			return runStreamSockets(s, 4<<20)
		}
		return tryTheirs(func() (values, error) { return runUtpGo(4 << 20) })
	}},
}

// runUtpGo carries bytes through two sockets of utp-go on loopback.
func runUtpGo(size int) (values, error) {
	ctx, cancel := context.WithTimeout(context.Background(), theirPatience)
	defer cancel()
	a, err := bindUtpGo(ctx)
	if err != nil {
		return nil, err
	}
	defer a.Close()
	b, err := bindUtpGo(ctx)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	data := make([]byte, size)
	_, _ = crand.Read(data)
	start, begun := read(true), time.Now()
	stop := profile()
	defer stop()
	done := make(chan error, 1)
	go func() {
		in, err := b.AcceptWithCid(ctx, zen.NewConnectionId(zen.NewUdpPeer(a.at), 101, 100), zen.NewConnectionConfig())
		if err != nil {
			done <- err
			return
		}
		var got []byte
		_, err = in.ReadToEOF(ctx, &got)
		if err == nil && len(got) != size {
			err = fmt.Errorf("%d bytes of %d", len(got), size)
		}
		done <- err
	}()
	out, err := a.ConnectWithCid(ctx, zen.NewConnectionId(zen.NewUdpPeer(b.at), 100, 101), zen.NewConnectionConfig())
	if err != nil {
		return nil, err
	}
	_, err = out.Write(ctx, data)
	go out.Close() // waits for the other end
	if err = errors.Join(err, <-done); err != nil {
		return nil, err
	}
	return perMB(size, time.Since(begun), start.used()), nil
}

// utpGo is a socket of utp-go's, which does not tell where it listens.
type utpGo struct {
	*zen.UtpSocket
	at *net.UDPAddr
}

func bindUtpGo(ctx context.Context) (utpGo, error) {
	free, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return utpGo{}, err
	}
	at := free.LocalAddr().(*net.UDPAddr)
	if err := free.Close(); err != nil {
		return utpGo{}, err
	}
	s, err := zen.Bind(ctx, "udp4", at, log.NewLogger(log.DiscardHandler()))
	return utpGo{s, at}, err
}
