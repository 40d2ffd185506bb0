package link

import (
	"bytes"
	"crypto/sha3"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
)

// Names of hidden services end so. They stand for keys, and nobody may ask DNS for them
// (RFC 7686; I2P's naming specification).
const (
	onionSuffix = ".onion"
	i2pSuffix   = ".i2p"
	b32Suffix   = ".b32.i2p"
)

// From the specification of onion services, version 3 (rend-spec, "Encoding onion
// addresses"), and from I2P's naming specification.
const (
	onionVersion  = 3
	onionKeyBytes = 32
	onionBytes    = onionKeyBytes + 2 + 1 // key, checksum, version
	b32Bytes      = 32                    // SHA-256 of a destination
)

var (
	lowBase32  = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567")
	lowBase32s = lowBase32.WithPadding(base32.NoPadding)
)

// Onion is the name of the onion service with an Ed25519 key, NAME.onion.
func Onion(key [onionKeyBytes]byte) string {
	sum := onionSum(key[:])
	return lowBase32s.EncodeToString(append(append(key[:], sum[:2]...), onionVersion)) + onionSuffix
}

// OnionKey is the key that a name NAME.onion stands for. Its checksum is verified.
func OnionKey(name string) (key [onionKeyBytes]byte, err error) {
	text, ok := strings.CutSuffix(name, onionSuffix)
	raw, bad := lowBase32s.DecodeString(text)
	if !ok || bad != nil || len(raw) != onionBytes || raw[onionBytes-1] != onionVersion {
		return key, fmt.Errorf("%.80q is no name of an onion service of version 3", name)
	}
	sum := onionSum(raw[:onionKeyBytes])
	if !bytes.Equal(sum[:2], raw[onionKeyBytes:onionKeyBytes+2]) {
		return key, fmt.Errorf("%.80q has a wrong checksum: a letter is wrong", name)
	}
	copy(key[:], raw)
	return key, nil
}

func onionSum(key []byte) [32]byte {
	return sha3.Sum256(append(append([]byte(".onion checksum"), key...), onionVersion))
}

// hidden tells whether a name, in lower case, is one of a hidden service.
func hidden(host string) bool {
	return strings.HasSuffix(host, onionSuffix) || strings.HasSuffix(host, i2pSuffix)
}

// checkHidden reads the name of a hidden service in lower case.
func checkHidden(name string) error {
	if strings.HasSuffix(name, onionSuffix) {
		_, err := OnionKey(name)
		return err
	}
	text, ok := strings.CutSuffix(name, b32Suffix)
	if raw, err := lowBase32s.DecodeString(text); !ok || err != nil || len(raw) != b32Bytes || lowBase32s.EncodeToString(raw) != text {
		return fmt.Errorf("%.80q: of I2P only NAME%s is taken, NAME being 52 letters and digits", name, b32Suffix)
	}
	return nil
}

// checkName refuses names that must never be asked of DNS, where one for DNS is wanted.
func checkName(host string) error {
	low := strings.TrimRight(strings.ToLower(host), ".")
	if hidden(low) || low == onionSuffix[1:] || low == i2pSuffix[1:] {
		return errors.New("the name of a hidden service stands in /onion3/ or enode://, and never in DNS")
	}
	return nil
}

// canonicalOnion3 reads NAME:PORT as it stands in a multiaddr.
func canonicalOnion3(s string) (string, error) {
	name, port, ok := strings.Cut(strings.ToLower(s), ":")
	if !ok || port == "0" {
		return s, errors.New("want /onion3/NAME:PORT")
	}
	if _, err := OnionKey(name + onionSuffix); err != nil {
		return s, err
	}
	return name + ":" + port, checkPort(port)
}
