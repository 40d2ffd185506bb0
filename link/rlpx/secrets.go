package rlpx

import (
	"crypto/aes"
	"crypto/cipher"
)

// secrets is what both ends have when auth and ack are exchanged.
type secrets struct {
	aes, mac          [32]byte
	initiator, answer [32]byte // nonces
	auth, ack         []byte   // the packets as they were on the wire
}

// derive works the keys out of the ephemeral shared secret, which it wipes (RLPx
// specification, "Initial Handshake").
func derive(ephemeral *[32]byte, initiator, answer [32]byte, auth, ack []byte) *secrets {
	s := &secrets{initiator: initiator, answer: answer, auth: auth, ack: ack}
	nonces := keccak256(answer[:], initiator[:])
	shared := keccak256(ephemeral[:], nonces[:])
	s.aes = keccak256(ephemeral[:], shared[:])
	s.mac = keccak256(ephemeral[:], s.aes[:])
	clear(ephemeral[:])
	clear(shared[:])
	return s
}

// states makes both directions and wipes the keys. dialled says which end we are.
func (s *secrets) states(dialled bool) (*sealer, *opener, error) {
	defer s.wipe()
	if !keccakWorks {
		return nil, nil, errKeccak
	}
	fromInitiator, fromAnswer := xor32(&s.mac, &s.answer), xor32(&s.mac, &s.initiator)
	auth, err := newMAC(&s.mac, &fromInitiator, s.auth)
	if err != nil {
		return nil, nil, err
	}
	ack, err := newMAC(&s.mac, &fromAnswer, s.ack)
	if err != nil {
		return nil, nil, err
	}
	block, err := aes.NewCipher(s.aes[:])
	if err != nil {
		return nil, nil, err
	}
	// Both directions have one key and one IV: that is the protocol's, not our choice.
	var iv [aes.BlockSize]byte
	seal := &sealer{stream: cipher.NewCTR(block, iv[:]), mac: ack}
	open := &opener{stream: cipher.NewCTR(block, iv[:]), mac: auth}
	if dialled {
		seal.mac, open.mac = auth, ack
	}
	return seal, open, nil
}

func (s *secrets) wipe() {
	clear(s.aes[:])
	clear(s.mac[:])
}
