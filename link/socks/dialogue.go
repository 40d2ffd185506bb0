package socks

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/netip"
)

// login is what a proxy that asks for it is told; a zero one cannot be.
type login struct{ user, password string }

// greet agrees on a method (RFC 1928, section 3) and logs in where the proxy wants it
// (RFC 1929). No byte beyond the proxy's answers is read.
func greet(c io.ReadWriter, as login) error {
	methods := []byte{methodNone}
	if as.user != "" {
		methods = append(methods, methodPassword)
	}
	if _, err := c.Write(append([]byte{version5, byte(len(methods))}, methods...)); err != nil {
		return err
	}
	var choice [2]byte
	if err := read(c, choice[:]); err != nil {
		return err
	}
	switch {
	case choice[0] != version5:
		return fmt.Errorf("%w: it speaks version %d of something", ErrProxy, choice[0])
	case choice[1] == methodNone:
		return nil
	case choice[1] == methodPassword && as.user != "":
		return as.tell(c)
	case choice[1] == methodRefused:
		return fmt.Errorf("%w: no method suits it", ErrDenied)
	}
	return fmt.Errorf("%w: it picked method %d, which was not offered", ErrProxy, choice[1])
}

// tell sends user name and password.
func (as login) tell(c io.ReadWriter) error {
	b := append([]byte{passwordVersion, byte(len(as.user))}, as.user...)
	b = append(append(b, byte(len(as.password))), as.password...)
	if _, err := c.Write(b); err != nil {
		return err
	}
	var status [2]byte
	if err := read(c, status[:]); err != nil {
		return err
	}
	switch {
	case status[0] != passwordVersion:
		return fmt.Errorf("%w: version %d of an answer to the password", ErrProxy, status[0])
	case status[1] != 0:
		return fmt.Errorf("%w: wrong user or password", ErrDenied)
	}
	return nil
}

// connect asks for a connection (RFC 1928, sections 4 to 6). The error is a Reply when
// the proxy says why there is none.
func connect(c io.ReadWriter, host string, port uint16) error {
	b := []byte{version5, commandConnect, 0}
	ip, err := netip.ParseAddr(host)
	switch {
	case err == nil && ip.Zone() != "":
		return fmt.Errorf("socks: %.60q: a zone means nothing to the proxy", host)
	case err == nil && ip.Unmap().Is4():
		b = append(append(b, typeIPv4), ip.Unmap().AsSlice()...)
	case err == nil:
		b = append(append(b, typeIPv6), ip.AsSlice()...)
	case len(host) == 0 || len(host) > fieldBytesMax:
		return fmt.Errorf("socks: a name of %d bytes, want 1 to %d", len(host), fieldBytesMax)
	default:
		b = append(append(b, typeName, byte(len(host))), host...)
	}
	if _, err := c.Write(binary.BigEndian.AppendUint16(b, port)); err != nil {
		return err
	}
	return readReply(c)
}

// readReply reads the answer whole, whose address is of no interest.
func readReply(c io.Reader) error {
	var head [4]byte
	if err := read(c, head[:]); err != nil {
		return err
	}
	switch {
	case head[0] != version5:
		return fmt.Errorf("%w: version %d of an answer", ErrProxy, head[0])
	case Reply(head[1]) != replyOK:
		return Reply(head[1])
	}
	var rest [1 + fieldBytesMax + 2]byte
	size := 0
	switch head[3] {
	case typeIPv4:
		size = 4
	case typeIPv6:
		size = 16
	case typeName:
		if err := read(c, rest[:1]); err != nil {
			return err
		}
		size = int(rest[0])
	default:
		return fmt.Errorf("%w: an address of type %d", ErrProxy, head[3])
	}
	return read(c, rest[:size+2])
}

// read fills b. A proxy that hangs up in its answer fails.
func read(c io.Reader, b []byte) error {
	_, err := io.ReadFull(c, b)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("%w: it hung up", ErrProxy)
	}
	return err
}
