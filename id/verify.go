package id

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
)

// Bounds of RSA keys, our choice: weaker ones prove nothing, larger ones cost
// milliseconds.
const rsaBitsMin, rsaBitsMax = 2048, 8192

// Verify checks a signature by a key of any of libp2p's kinds: Ed25519 over the
// bytes, the others over their SHA-256 (peer-ids specification, "Keys"). key is
// what PeerID.Key and UnmarshalPublicKey return.
func Verify(t KeyType, key, signed, sig []byte) bool {
	switch t {
	case Ed25519:
		return len(key) == ed25519.PublicKeySize && ed25519.Verify(key, signed, sig)
	case Secp256k1:
		var pub Public
		return copy(pub[:], key) == len(key) && len(key) == len(pub) && pub.VerifyDER(sha256.Sum256(signed), sig)
	}
	parsed, err := x509.ParsePKIXPublicKey(key)
	if err != nil {
		return false
	}
	sum := sha256.Sum256(signed)
	switch pub := parsed.(type) {
	case *ecdsa.PublicKey:
		return t == ECDSA && ecdsa.VerifyASN1(pub, sum[:], sig)
	case *rsa.PublicKey:
		bits := pub.N.BitLen()
		return t == RSA && bits >= rsaBitsMin && bits <= rsaBitsMax && rsa.VerifyPKCS1v15(pub, crypto.SHA256, sum[:], sig) == nil
	}
	return false
}
