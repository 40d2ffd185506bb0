package main

import (
	"net"
	"strings"
)

// notifySystemd tells a service manager of Type=notify a state: one datagram to
// the socket in $NOTIFY_SOCKET (sd_notify(3)). Without one it does nothing.
func notifySystemd(a *app, state string) {
	name := a.getenv("NOTIFY_SOCKET")
	if name == "" {
		return
	}
	if strings.HasPrefix(name, "@") {
		name = "\x00" + name[1:]
	}
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: name, Net: "unixgram"})
	if err != nil {
		return
	}
	defer conn.Close()
	conn.Write([]byte(state)) // a manager that does not listen loses it
}
