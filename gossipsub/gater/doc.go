// Package gater sheds load: while checking cannot keep up, messages of addresses
// that mostly sent junk are refused at random. It is the "peer gater" of the
// reference implementation; there is no specification text.
//
// Strand, pure: the router counts into it what becomes of messages and asks it
// whether an address may send more; time and chance are handed in.
//
// It is off until checking had to turn messages away for lack of room, and until
// those are a third of what went in; it is off again a minute after the last one.
// While it is on, a payload of an address is admitted with the probability
//
//	(1 + delivered) / (1 + delivered + duplicates/8 + ignored + 16·rejected)
//
// so an address that is new or brought news is admitted always, one that sent
// nothing but invalid messages hardly ever. Control messages are not its business:
// the router reads them in any case. Counts fade, those of all within two minutes,
// those of an address within an hour, and are kept for six hours after its last
// connection, when they do not fade.
//
// An address is an IPv4 address or an IPv6 /64. Loopback addresses, and links that
// have none, are each on their own account.
package gater
