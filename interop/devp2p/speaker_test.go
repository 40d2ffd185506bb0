package devp2p

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdsa"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/ethereum/go-ethereum/crypto"
	"github.com/ethereum/go-ethereum/crypto/ecies"
	"github.com/ethereum/go-ethereum/p2p/enode"
	"github.com/ethereum/go-ethereum/rlp"
	"github.com/golang/snappy"

	"github.com/ropewalk/ropewalk/interop/rig"
)

// speaker is a dialler that can say anything, right or wrong.
type speaker struct {
	t      *testing.T
	conn   net.Conn
	key    *keyPair
	to     *enode.Node
	snappy bool
	deaf   bool // messages of a protocol are a failure

	enc, dec        cipher.Stream
	egress, ingress crypto.KeccakState
	mac             cipher.Block
}

type keyPair = ecdsa.PrivateKey

// hello is what a speaker says of itself.
type hello struct {
	Version uint64
	Name    string
	Caps    []capability
	Port    uint64
	Key     []byte
	Rest    []rlp.RawValue `rlp:"tail"`
}

type capability struct {
	Name    string
	Version uint
}

// The codes of the base protocol.
const (
	codeHello      = 0x00
	codeDisconnect = 0x01
	codePing       = 0x02
	codePong       = 0x03
	firstCode      = 0x10
)

// connect opens a socket to a node and says nothing.
func connect(t *testing.T, enodeURL string) *speaker {
	t.Helper()
	to, err := enode.ParseV4(enodeURL)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.DialTimeout("tcp", fmt.Sprintf("%v:%d", to.IP(), to.TCP()), rig.Patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetReadDeadline(time.Now().Add(rig.Patience)); err != nil {
		t.Fatal(err)
	}
	key, err := crypto.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	return &speaker{t: t, conn: conn, key: key, to: to}
}

// shaken is connect with the handshake done.
func shaken(t *testing.T, enodeURL string) *speaker {
	t.Helper()
	s := connect(t, enodeURL)
	if err := s.shake(); err != nil {
		t.Fatal("handshake:", err)
	}
	return s
}

// greeted is shaken with both Hellos said; it speaks the capabilities.
func greeted(t *testing.T, enodeURL string, caps ...capability) *speaker {
	t.Helper()
	s := shaken(t, enodeURL)
	s.say(codeHello, s.hello(caps...))
	code, _ := s.hear()
	if code != codeHello {
		t.Fatalf("code %#x instead of a Hello", code)
	}
	s.snappy = true
	return s
}

// hello is a right one.
func (s *speaker) hello(caps ...capability) []byte {
	return encoded(s.t, hello{Version: 5, Name: "speaker", Caps: caps, Key: crypto.FromECDSAPub(&s.key.PublicKey)[1:]})
}

func encoded(t *testing.T, v any) []byte {
	t.Helper()
	b, err := rlp.EncodeToBytes(v)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// auth is the dialler's packet of the handshake and what it has to remember of it.
type auth struct {
	packet    []byte
	nonce     []byte
	ephemeral *keyPair
}

// auth makes a right packet.
func (s *speaker) auth() (*auth, error) {
	a := &auth{nonce: make([]byte, 32)}
	if _, err := rand.Read(a.nonce); err != nil {
		return nil, err
	}
	var err error
	if a.ephemeral, err = crypto.GenerateKey(); err != nil {
		return nil, err
	}
	static, err := ecies.ImportECDSA(s.key).GenerateShared(ecies.ImportECDSAPublic(s.to.Pubkey()), 16, 16)
	if err != nil {
		return nil, err
	}
	sig, err := crypto.Sign(xor(static, a.nonce), a.ephemeral)
	if err != nil {
		return nil, err
	}
	body, err := rlp.EncodeToBytes([]any{sig, crypto.FromECDSAPub(&s.key.PublicKey)[1:], a.nonce, uint(4)})
	if err != nil {
		return nil, err
	}
	a.packet, err = s.sealed(append(body, make([]byte, 120)...))
	return a, err
}

// sealed encrypts the body of a handshake packet to the node.
func (s *speaker) sealed(body []byte) ([]byte, error) {
	prefix := binary.BigEndian.AppendUint16(nil, uint16(len(body)+eciesOverhead))
	box, err := ecies.Encrypt(rand.Reader, ecies.ImportECDSAPublic(s.to.Pubkey()), body, nil, prefix)
	return append(prefix, box...), err
}

// eciesOverhead is a point, an IV and a tag.
const eciesOverhead = 65 + 16 + 32

// shake does the handshake.
func (s *speaker) shake() error {
	a, err := s.auth()
	if err != nil {
		return err
	}
	return s.finish(a)
}

// finish does the handshake with an auth packet that is ready.
func (s *speaker) finish(a *auth) error {
	if _, err := s.conn.Write(a.packet); err != nil {
		return err
	}
	prefix := make([]byte, 2)
	if _, err := io.ReadFull(s.conn, prefix); err != nil {
		return err
	}
	box := make([]byte, binary.BigEndian.Uint16(prefix))
	if _, err := io.ReadFull(s.conn, box); err != nil {
		return err
	}
	body, err := ecies.ImportECDSA(s.key).Decrypt(box, nil, prefix)
	if err != nil {
		return err
	}
	var ack struct {
		Public  [64]byte
		Nonce   [32]byte
		Version uint
		Rest    []rlp.RawValue `rlp:"tail"`
	}
	if err := rlp.NewStream(bytes.NewReader(body), 0).Decode(&ack); err != nil {
		return err
	}
	return s.secrets(a, ack.Public[:], ack.Nonce[:], append(prefix, box...))
}

// secrets derives the keys of the link.
func (s *speaker) secrets(a *auth, public, nonce, ack []byte) error {
	theirs, err := crypto.UnmarshalPubkey(append([]byte{4}, public...))
	if err != nil {
		return err
	}
	e, err := ecies.ImportECDSA(a.ephemeral).GenerateShared(ecies.ImportECDSAPublic(theirs), 16, 16)
	if err != nil {
		return err
	}
	shared := crypto.Keccak256(e, crypto.Keccak256(nonce, a.nonce))
	aesKey := crypto.Keccak256(e, shared)
	macKey := crypto.Keccak256(e, aesKey)
	block, err := aes.NewCipher(aesKey)
	if err != nil {
		return err
	}
	if s.mac, err = aes.NewCipher(macKey); err != nil {
		return err
	}
	iv := make([]byte, block.BlockSize())
	s.enc, s.dec = cipher.NewCTR(block, iv), cipher.NewCTR(block, iv)
	s.egress, s.ingress = crypto.NewKeccakState(), crypto.NewKeccakState()
	s.egress.Write(append(xor(macKey, nonce), a.packet...))
	s.ingress.Write(append(xor(macKey, a.nonce), ack...))
	return nil
}

func xor(a, b []byte) []byte {
	out := make([]byte, len(a))
	for i := range a {
		out[i] = a[i] ^ b[i]
	}
	return out
}

// headerMAC and bodyMAC move a state on and return the tag of what was absorbed.
func (s *speaker) headerMAC(h crypto.KeccakState, sealed []byte) []byte {
	return s.tag(h, h.Sum(nil)[:16], sealed)
}

func (s *speaker) bodyMAC(h crypto.KeccakState, sealed []byte) []byte {
	h.Write(sealed)
	d := h.Sum(nil)[:16]
	return s.tag(h, d, d)
}

func (s *speaker) tag(h crypto.KeccakState, digest, with []byte) []byte {
	var seed [16]byte
	s.mac.Encrypt(seed[:], digest)
	h.Write(xor(seed[:], with))
	return h.Sum(nil)[:16]
}

// frame seals a body whose header announces size bytes.
func (s *speaker) frame(size int, body []byte) []byte {
	header := make([]byte, 16)
	header[0], header[1], header[2] = byte(size>>16), byte(size>>8), byte(size)
	copy(header[3:], []byte{0xc2, 0x80, 0x80})
	s.enc.XORKeyStream(header, header)
	out := append(bytes.Clone(header), s.headerMAC(s.egress, header)...)
	if body == nil {
		return out
	}
	padded := append(bytes.Clone(body), make([]byte, (16-len(body)%16)%16)...)
	s.enc.XORKeyStream(padded, padded)
	out = append(out, padded...)
	return append(out, s.bodyMAC(s.egress, padded)...)
}

// message is a frame with a code and a payload, as both ends agreed to compress.
func (s *speaker) message(code uint64, payload []byte) []byte {
	if s.snappy {
		payload = snappy.Encode(nil, payload)
	}
	body := append(rlp.AppendUint64(nil, code), payload...)
	return s.frame(len(body), body)
}

// say sends a message, raw sends bytes. A node that hung up is not a failure: what it
// said before is what a test looks at.
func (s *speaker) say(code uint64, payload []byte) { s.raw(s.message(code, payload)) }

func (s *speaker) raw(b []byte) error {
	_, err := s.conn.Write(b)
	return err
}

var errTag = errors.New("speaker: a tag of the node is wrong")

// next reads one message.
func (s *speaker) next() (code uint64, payload []byte, err error) {
	head := make([]byte, 32)
	if _, err := io.ReadFull(s.conn, head); err != nil {
		return 0, nil, err
	}
	if !bytes.Equal(s.headerMAC(s.ingress, head[:16]), head[16:]) {
		return 0, nil, errTag
	}
	s.dec.XORKeyStream(head[:16], head[:16])
	size := int(head[0])<<16 | int(head[1])<<8 | int(head[2])
	body := make([]byte, (size+15)/16*16+16)
	if _, err := io.ReadFull(s.conn, body); err != nil {
		return 0, nil, err
	}
	sealed := body[:len(body)-16]
	if !bytes.Equal(s.bodyMAC(s.ingress, sealed), body[len(sealed):]) {
		return 0, nil, errTag
	}
	s.dec.XORKeyStream(sealed, sealed)
	code, payload, err = rlp.SplitUint64(sealed[:size])
	if err == nil && s.snappy {
		payload, err = snappy.Decode(nil, payload)
	}
	return code, payload, err
}

// hear is next for what has to come.
func (s *speaker) hear() (uint64, []byte) {
	s.t.Helper()
	code, payload, err := s.next()
	if err != nil {
		s.t.Fatal("read:", err)
	}
	return code, payload
}

// hearData is hear without the base protocol.
func (s *speaker) hearData() (uint64, []byte) {
	s.t.Helper()
	for {
		code, payload := s.hear()
		if code == codePing {
			s.say(codePong, []byte{0xc0})
			continue
		}
		return code, payload
	}
}

// reason reads until the node ends the link and returns what it gave as reason; -1
// when it gave none.
func (s *speaker) reason() int {
	s.t.Helper()
	for {
		code, payload, err := s.next()
		if errors.Is(err, errTag) {
			s.t.Fatal(err)
		}
		if err != nil {
			return -1
		}
		if s.deaf && code >= firstCode {
			s.t.Errorf("code %#x was answered", code)
		}
		if code == codeDisconnect {
			if plain, err := snappy.Decode(nil, payload); err == nil && !s.snappy {
				payload = plain // both Hellos were exchanged; the speaker has not read one
			}
			var r []uint
			if err := rlp.DecodeBytes(payload, &r); err != nil || len(r) != 1 {
				s.t.Fatalf("disconnect %x", payload)
			}
			return int(r[0])
		}
	}
}
