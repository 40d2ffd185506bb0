// Package socks dials through a SOCKS5 proxy (RFC 1928, with the user names and
// passwords of RFC 1929): Tor, an I2P router, or any other. Names go to the proxy as
// they are; nothing is resolved here.
//
// Unless the configuration names a user, each destination is asked for under a user name
// and a password of its own, drawn anew in each run. Tor takes streams with different
// ones over different circuits (IsolateSOCKSAuth), so that no relay sees two of our peers
// on one circuit; a proxy that wants no password picks the method that has none.
//
// The context's deadline covers all of a dial: connecting to the proxy, the dialogue, and
// the time the proxy takes to connect.
package socks
