package wire

import (
	"net/netip"

	"github.com/ropewalk/ropewalk/internal/rlp"
)

// The Append functions write a message's text: kind and list. None checks whether it
// fits into a packet; Session.Seal does.

// AppendPing writes PING. seq is our record's sequence number.
func AppendPing(b []byte, r RequestID, seq uint64) []byte {
	b = begin(b, Ping, r, rlp.UintSize(seq))
	return rlp.AppendUint(b, seq)
}

// AppendPong writes PONG to who is seen at the address.
func AppendPong(b []byte, r RequestID, seq uint64, at netip.AddrPort) []byte {
	ip, port := at.Addr().Unmap(), uint64(at.Port())
	n := 1 + 4
	if ip.Is6() {
		n = 1 + 16
	}
	b = begin(b, Pong, r, rlp.UintSize(seq)+n+rlp.UintSize(port))
	b = rlp.AppendUint(b, seq)
	if ip.Is6() {
		a := ip.As16()
		b = rlp.AppendBytes(b, a[:])
	} else {
		a := ip.As4()
		b = rlp.AppendBytes(b, a[:])
	}
	return rlp.AppendUint(b, port)
}

// AppendFindNode writes FINDNODE for nodes at the distances, each 0 to 256.
func AppendFindNode(b []byte, r RequestID, distances []uint16) []byte {
	n := 0
	for _, d := range distances {
		n += rlp.UintSize(uint64(d))
	}
	b = begin(b, FindNode, r, rlp.ListSize(n))
	b = rlp.AppendListHead(b, n)
	for _, d := range distances {
		b = rlp.AppendUint(b, uint64(d))
	}
	return b
}

// AppendNodes writes NODES: one of total messages, with encoded records.
func AppendNodes(b []byte, r RequestID, total uint8, records [][]byte) []byte {
	n := 0
	for _, rec := range records {
		n += len(rec)
	}
	b = begin(b, Nodes, r, rlp.UintSize(uint64(total))+rlp.ListSize(n))
	b = rlp.AppendUint(b, uint64(total))
	b = rlp.AppendListHead(b, n)
	for _, rec := range records {
		b = append(b, rec...)
	}
	return b
}

// NodesRoom is how many bytes of records fit into one NODES message.
const NodesRoom = PlaintextMax - 1 - 3 - (1 + RequestIDMax) - 2 - 3

// AppendTalkReq writes TALKREQ.
func AppendTalkReq(b []byte, r RequestID, proto, body []byte) []byte {
	b = begin(b, TalkReq, r, rlp.BytesSize(proto)+rlp.BytesSize(body))
	return rlp.AppendBytes(rlp.AppendBytes(b, proto), body)
}

// AppendTalkResp writes TALKRESP.
func AppendTalkResp(b []byte, r RequestID, body []byte) []byte {
	b = begin(b, TalkResp, r, rlp.BytesSize(body))
	return rlp.AppendBytes(b, body)
}

// TalkRequestMax is the longest body of a TALKREQ of that protocol, in a packet of an
// established session and with a request ID of 8 bytes; negative when the name alone
// does not fit.
func TalkRequestMax(proto string) int { return TalkResponseMax - rlp.BytesSize([]byte(proto)) }

// begin writes kind, list head and request ID of a message whose other elements take
// n bytes.
func begin(b []byte, k Kind, r RequestID, n int) []byte {
	b = append(b, byte(k))
	b = rlp.AppendListHead(b, rlp.BytesSize(r.bytes())+n)
	return rlp.AppendBytes(b, r.bytes())
}
