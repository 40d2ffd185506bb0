package rpc

import "encoding/binary"

// Tags of one byte: field number and wire type.
func tag(num byte, typ byte) byte { return num<<3 | typ }

func appendBytes[T []byte | string](dst []byte, num byte, v T) []byte {
	dst = append(dst, tag(num, length))
	dst = binary.AppendUvarint(dst, uint64(len(v)))
	return append(dst, v...)
}

func uvarintSize(n int) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}

// FieldSize is the size of a length-delimited field with a one-byte tag around n bytes.
func FieldSize(n int) int { return 1 + uvarintSize(n) + n }

// AppendSub writes a subscription field of an RPC.
func AppendSub[T []byte | string](dst []byte, subscribe bool, topic T) []byte {
	dst = append(dst, tag(1, length))
	dst = binary.AppendUvarint(dst, uint64(2+FieldSize(len(topic))))
	return appendBytes(appendBool(dst, 1, subscribe), 2, topic)
}

// AppendSubPartial writes a subscription of a topic whose messages may come in
// parts (partial messages extension).
func AppendSubPartial[T []byte | string](dst []byte, topic T, requests, supports bool) []byte {
	return appendSub(dst, Sub{Topic: []byte(topic), Subscribe: true, RequestsPartial: requests, SupportsPartial: supports})
}

func appendBool(dst []byte, num byte, v bool) []byte {
	if v {
		return append(dst, tag(num, varint), 1)
	}
	return append(dst, tag(num, varint), 0)
}

// AppendPublish writes a message field of an RPC around a marshalled message.
func AppendPublish(dst, raw []byte) []byte { return appendBytes(dst, 2, raw) }

// AppendControlHead writes the head of a control field around n bytes of entries,
// which the caller appends.
func AppendControlHead(dst []byte, n int) []byte {
	return binary.AppendUvarint(append(dst, tag(3, length)), uint64(n))
}

// AppendControl writes the control field of an RPC around marshalled entries.
func AppendControl(dst, entries []byte) []byte { return appendBytes(dst, 3, entries) }

// AppendGraft writes a GRAFT entry of a ControlMessage.
func AppendGraft[T []byte | string](dst []byte, topic T) []byte {
	dst = append(dst, tag(fieldGraft, length))
	dst = binary.AppendUvarint(dst, uint64(FieldSize(len(topic))))
	return appendBytes(dst, 1, topic)
}

// AppendPrune writes a PRUNE entry with the peers to dial instead; a negative
// backoff (seconds) is left out, as protocol version 1.0 has none.
func AppendPrune[T []byte | string](dst []byte, topic T, backoff int64, instead ...PeerInfo) []byte {
	n := FieldSize(len(topic)) + peersSize(instead)
	if backoff >= 0 {
		n += 1 + uvarintSize(int(backoff))
	}
	dst = append(dst, tag(fieldPrune, length))
	dst = binary.AppendUvarint(dst, uint64(n))
	dst = appendBytes(dst, 1, topic)
	for _, p := range instead {
		dst = append(dst, tag(2, length))
		dst = binary.AppendUvarint(dst, uint64(FieldSize(len(p.PeerID))+FieldSize(len(p.Record))))
		dst = appendBytes(appendBytes(dst, 1, p.PeerID), 2, p.Record)
	}
	if backoff >= 0 {
		dst = binary.AppendUvarint(append(dst, tag(3, varint)), uint64(backoff))
	}
	return dst
}

func peersSize(instead []PeerInfo) (n int) {
	for _, p := range instead {
		n += PeerSize(len(p.PeerID), len(p.Record))
	}
	return n
}

// PeerSize is the size of a peer in a PRUNE.
func PeerSize(peerID, record int) int {
	return FieldSize(FieldSize(peerID) + FieldSize(record))
}

// PruneSize bounds what AppendPrune writes.
func PruneSize(topic int, instead []PeerInfo) int {
	return FieldSize(FieldSize(topic) + peersSize(instead) + 1 + binary.MaxVarintLen64)
}

// AppendIHave writes an IHAVE entry.
func AppendIHave[T, U []byte | string](dst []byte, topic T, ids []U) []byte {
	return appendIDs(dst, fieldIHave, topic, true, 2, ids)
}

// AppendIWant writes an IWANT entry.
func AppendIWant[U []byte | string](dst []byte, ids []U) []byte {
	return appendIDs(dst, fieldIWant, "", false, 1, ids)
}

// AppendIWantHead writes the head of an IWANT entry around n bytes of IDs, which the
// caller appends with AppendID.
func AppendIWantHead(dst []byte, n int) []byte {
	return binary.AppendUvarint(append(dst, tag(fieldIWant, length)), uint64(n))
}

// AppendID writes an ID of an IWANT entry.
func AppendID(dst, id []byte) []byte { return appendBytes(dst, 1, id) }

// AppendIDontWant writes an IDONTWANT entry.
func AppendIDontWant[U []byte | string](dst []byte, ids []U) []byte {
	return appendIDs(dst, fieldIDontWant, "", false, 1, ids)
}

func appendIDs[T, U []byte | string](dst []byte, num byte, topic T, hasTopic bool, idNum byte, ids []U) []byte {
	n := 0
	if hasTopic {
		n = FieldSize(len(topic))
	}
	for _, v := range ids {
		n += FieldSize(len(v))
	}
	dst = append(dst, tag(num, length))
	dst = binary.AppendUvarint(dst, uint64(n))
	if hasTopic {
		dst = appendBytes(dst, 1, topic)
	}
	for _, v := range ids {
		dst = appendBytes(dst, idNum, v)
	}
	return dst
}

// Append writes the whole RPC in canonical form. Unknown fields are gone, but
// those of messages stay.
func Append(dst []byte, r *RPC) []byte {
	for _, s := range r.Subs {
		dst = appendSub(dst, s)
	}
	for i := range r.Publish {
		dst = appendBytes(dst, 2, AppendMessage(nil, &r.Publish[i], true))
	}
	if c := appendEntries(nil, r); len(c) > 0 {
		dst = AppendControl(dst, c)
	}
	if r.HasPartial {
		dst = AppendPartial(dst, &r.Partial)
	}
	if r.HasTest {
		dst = AppendTest(dst)
	}
	return dst
}

func appendSub(dst []byte, s Sub) []byte {
	b := appendBool(nil, 1, s.Subscribe)
	if s.Topic != nil {
		b = appendBytes(b, 2, s.Topic)
	}
	if s.RequestsPartial {
		b = appendBool(b, 3, true)
	}
	if s.SupportsPartial {
		b = appendBool(b, 4, true)
	}
	return appendBytes(dst, 1, b)
}

func appendEntries(dst []byte, r *RPC) []byte {
	for _, h := range r.IHave {
		dst = appendIDs(dst, fieldIHave, h.Topic, h.Topic != nil, 2, h.IDs)
	}
	for _, w := range r.IWant {
		dst = AppendIWant(dst, w.IDs)
	}
	for _, g := range r.Graft {
		dst = appendBytes(dst, fieldGraft, appendTopic(nil, g.Topic))
	}
	for _, p := range r.Prune {
		dst = appendBytes(dst, fieldPrune, appendPruneBody(nil, p))
	}
	for _, w := range r.IDontWant {
		dst = AppendIDontWant(dst, w.IDs)
	}
	if r.HasExtensions {
		dst = AppendExtensions(dst, r.Extensions)
	}
	return dst
}

func appendTopic(dst, topic []byte) []byte {
	if topic != nil {
		dst = appendBytes(dst, 1, topic)
	}
	return dst
}

func appendPruneBody(dst []byte, p Prune) []byte {
	dst = appendTopic(dst, p.Topic)
	for _, peer := range p.Peers {
		var b []byte
		if peer.PeerID != nil {
			b = appendBytes(b, 1, peer.PeerID)
		}
		if peer.Record != nil {
			b = appendBytes(b, 2, peer.Record)
		}
		dst = appendBytes(dst, 2, b)
	}
	if p.HasBackoff {
		dst = binary.AppendUvarint(append(dst, tag(3, varint)), p.Backoff)
	}
	return dst
}
