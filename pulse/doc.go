// Package pulse asks every peer now and then whether it is still there, and
// measures how long the answer takes.
//
// Strand; asks below: Sender. No news: a peer that does not answer is dropped.
// Protocol beat/1: code 0 is a ping with an 8-byte number, code 1 the pong that
// repeats it. A ping goes out when the lane opens and then every Config.Every; a
// pong that has not come Config.Within later costs the link (link.Timeout). The
// round trip is smoothed as TCP does it (RFC 6298: 7/8 old, 1/8 new).
//
// A peer in doubt is asked at once and has a few seconds (doubt.go): when a link from
// its IP address has broken, when several links of whomever have, when we wrote to it
// and heard nothing while others were heard, and when the world says that something
// happened to us (Disturbed). That is what finds a process that was killed behind a
// link over QUIC, which no reset ends.
//
// Limits: one ping in flight per peer; a peer that pings faster than pingsEvery after
// its burst breaks the protocol, and each ping is answered by at most one pong.
package pulse
