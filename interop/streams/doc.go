// Package streams holds our uTP beside github.com/anacrolix/utp over real sockets on
// loopback: 1 byte to 1 MiB, whichever end dials and whichever writes. It has tests only.
package streams
