// Package sockstest is a SOCKS5 proxy for tests, made from RFC 1928 and RFC 1929. It
// connects where it is told to, knows names that DNS does not, remembers what it was
// asked, and misbehaves on request in every phase of the dialogue.
package sockstest
