// Package pulse asks every peer now and then whether it is still there, and
// measures how long the answer takes.
//
// Strand; asks below: Sender. No news: a peer that does not answer is dropped.
// Protocol beat/1: code 0 is a ping with an 8-byte number, code 1 the pong that
// repeats it. A ping goes out when the lane opens and then every Config.Every; a
// pong that has not come Config.Within later costs the link (link.Timeout). The
// round trip is smoothed as TCP does it (RFC 6298: 7/8 old, 1/8 new).
//
// Limits: one ping in flight per peer; more than pingsMax pings from a peer within
// one interval are a breach, and each is answered by at most one pong.
package pulse
