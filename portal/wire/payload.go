package wire

import (
	"encoding/binary"
	"fmt"

	"github.com/ropewalk/ropewalk/content"
	"github.com/ropewalk/ropewalk/internal/ssz"
)

// Types of a ping's payload (ping-extensions/extensions.md).
const (
	TypeClient  uint16 = 0     // client info, radius, capabilities: everybody's
	TypeRadius  uint16 = 1     // radius
	TypeHistory uint16 = 2     // radius and number of ephemeral headers
	TypeError   uint16 = 65535 // of a pong only: why there is none
)

// Codes of an error payload (ping-extensions/extensions/type-65535.md).
const (
	PingUnsupported uint16 = 0
	PingNotFound    uint16 = 1
	PingUndecodable uint16 = 2
	PingSystem      uint16 = 3
)

// ErrType is of a payload type that we do not know.
var ErrType = fmt.Errorf("portal: unknown type of ping")

// Payload is what a ping of a known type tells. A type has only some of the fields.
type Payload struct {
	Type         uint16
	Info         string           // 0: client; any bytes, as the sender gave them
	Radius       content.Distance // 0, 1, 2; little-endian on the wire
	Capabilities []uint16         // 0: types the sender supports
	Headers      uint16           // 2
	Code         uint16           // 65535
	Message      string           // 65535; any bytes
}

// HasRadius tells whether payloads of this type tell a radius.
func (p Payload) HasRadius() bool { return p.Type <= TypeHistory }

// DecodePayload reads a ping's payload of a type.
func DecodePayload(kind uint16, b []byte) (p Payload, err error) {
	p.Type = kind
	switch kind {
	case TypeClient:
		err = p.client(b)
	case TypeRadius:
		if err = ssz.Fixed(b, 32); err == nil {
			p.Radius = radius(b)
		}
	case TypeHistory:
		if err = ssz.Fixed(b, 34); err == nil {
			p.Radius, p.Headers = radius(b), binary.LittleEndian.Uint16(b[32:])
		}
	case TypeError:
		err = p.failure(b)
	default:
		return Payload{}, fmt.Errorf("%w: %d", ErrType, kind)
	}
	if err != nil {
		return Payload{}, fmt.Errorf("%w: payload %d: %w", ErrMalformed, kind, err)
	}
	return p, nil
}

func (p *Payload) client(b []byte) error {
	parts, err := ssz.Parts(b, clientHead, 0, offsetBytes+32)
	if err != nil {
		return err
	}
	info, err := ssz.Bytes(parts[0], InfoMax)
	if err != nil {
		return err
	}
	p.Info, p.Radius = string(info), radius(b[offsetBytes:])
	p.Capabilities, err = ssz.Uint16s(parts[1], CapabilitiesMax)
	return err
}

func (p *Payload) failure(b []byte) error {
	parts, err := ssz.Parts(b, pingErrorHead, 2)
	if err != nil {
		return err
	}
	text, err := ssz.Bytes(parts[0], MessageMax)
	p.Code, p.Message = binary.LittleEndian.Uint16(b), string(text)
	return err
}

// Append appends the payload's encoding, that of its type.
func (p Payload) Append(b []byte) ([]byte, error) {
	switch p.Type {
	case TypeClient:
		if len(p.Info) > InfoMax || len(p.Capabilities) > CapabilitiesMax {
			return b, fmt.Errorf("%w: info of %d bytes, %d capabilities", ErrMalformed, len(p.Info), len(p.Capabilities))
		}
		b = appendRadius(ssz.AppendOffset(b, clientHead), p.Radius)
		b = ssz.AppendOffset(b, clientHead+len(p.Info))
		return ssz.AppendUint16s(append(b, p.Info...), p.Capabilities), nil
	case TypeRadius:
		return appendRadius(b, p.Radius), nil
	case TypeHistory:
		return ssz.AppendUint16(appendRadius(b, p.Radius), p.Headers), nil
	case TypeError:
		if len(p.Message) > MessageMax {
			return b, fmt.Errorf("%w: error text of %d bytes", ErrMalformed, len(p.Message))
		}
		b = ssz.AppendOffset(ssz.AppendUint16(b, p.Code), pingErrorHead)
		return append(b, p.Message...), nil
	}
	return b, fmt.Errorf("%w: %d", ErrType, p.Type)
}

// radius reads a uint256: SSZ has the low byte first, a Distance the high one.
func radius(b []byte) (d content.Distance) {
	for i := range d {
		d[i] = b[len(d)-1-i]
	}
	return d
}

func appendRadius(b []byte, d content.Distance) []byte {
	for i := range d {
		b = append(b, d[len(d)-1-i])
	}
	return b
}
