// Package nat asks the router for ports: that what arrives at one of its ports is
// forwarded to a port of ours, by NAT-PMP (RFC 6886) or UPnP (Internet Gateway Device
// 1 and 2). The messages are made by go-nat-pmp and goupnp.
//
// Run keeps mappings until its context ends. It looks for a gateway, maps each port
// for mapFor, and maps it again when a fifth of that is left, under the same external port, which
// the router extends without a gap: a mapping is deleted only at the end. The router
// may give another external port than we asked for; that one is reported, and asked
// for from then on, so that it does not change with every renewal. Our external
// address is asked for every pollEvery, as routers are given others in the night. When
// the gateway fails, another look is taken at once, because a router that was restarted
// has a new control address, and then every retryEvery; what was mapped counts as long
// as it was granted.
//
// A router, and whoever says it is one, is a stranger: what it sends is bounded in
// bytes and time, its control addresses must be its own, and what it says of our
// address is one word among others (package vote).
//
// Place: floor 2, an edge. One goroutine, which is the caller's. It opens no listener
// of ours, punches no holes and knows no STUN. Limits are in params.go.
package nat
