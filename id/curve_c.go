//go:build libsecp256k1

package id

/*
#cgo pkg-config: libsecp256k1
#include <string.h>
#include <secp256k1.h>
#include <secp256k1_ecdh.h>

// The whole point, compressed, is the shared secret of discv5.
static int ropewalk_id_point(unsigned char *out, const unsigned char *x, const unsigned char *y, void *data) {
	out[0] = 2 + (y[31] & 1);
	memcpy(out + 1, x, 32);
	return 1;
}

static int ropewalk_id_shared(const secp256k1_context *ctx, unsigned char *out, const unsigned char *with, const unsigned char *k) {
	secp256k1_pubkey p;
	if (!secp256k1_ec_pubkey_parse(ctx, &p, with, 33)) return 0;
	return secp256k1_ecdh(ctx, out, &p, k, ropewalk_id_point, NULL);
}

static int ropewalk_id_sign(const secp256k1_context *ctx, unsigned char *out, const unsigned char *digest, const unsigned char *k) {
	secp256k1_ecdsa_signature sig;
	if (!secp256k1_ecdsa_sign(ctx, &sig, digest, k, NULL, NULL)) return 0;
	return secp256k1_ecdsa_signature_serialize_compact(ctx, out, &sig);
}

// The library verifies a low s only; either half is right here.
static int ropewalk_id_verify(const secp256k1_context *ctx, const unsigned char *pub, const unsigned char *digest, const unsigned char *sig) {
	secp256k1_ecdsa_signature parsed;
	secp256k1_pubkey p;
	if (!secp256k1_ecdsa_signature_parse_compact(ctx, &parsed, sig)) return 0;
	if (!secp256k1_ec_pubkey_parse(ctx, &p, pub, 33)) return 0;
	secp256k1_ecdsa_signature_normalize(ctx, &parsed, &parsed);
	return secp256k1_ecdsa_verify(ctx, &parsed, digest, &p);
}

static int ropewalk_id_public(const secp256k1_context *ctx, unsigned char *full, const unsigned char *k) {
	secp256k1_pubkey p;
	size_t n = 65;
	if (!secp256k1_ec_pubkey_create(ctx, &p, k)) return 0;
	return secp256k1_ec_pubkey_serialize(ctx, full, &n, &p, SECP256K1_EC_UNCOMPRESSED);
}

static int ropewalk_id_expand(const secp256k1_context *ctx, unsigned char *full, const unsigned char *pub) {
	secp256k1_pubkey p;
	size_t n = 65;
	if (!secp256k1_ec_pubkey_parse(ctx, &p, pub, 33)) return 0;
	return secp256k1_ec_pubkey_serialize(ctx, full, &n, &p, SECP256K1_EC_UNCOMPRESSED);
}
*/
import "C"

import "unsafe"

// library is the one context of the C library. It is only read, so it is not blinded,
// which would take a source of chance; the library works in constant time without.
var library = C.secp256k1_context_create(C.SECP256K1_CONTEXT_NONE)

// char is the C form of a pointer to bytes.
func char(b *byte) *C.uchar { return (*C.uchar)(unsafe.Pointer(b)) }

// verify checks r||s, both from 1 to n-1, over a digest.
func (p Public) verify(digest [32]byte, sig *[64]byte) bool {
	return C.ropewalk_id_verify(library, char(&p[0]), char(&digest[0]), char(&sig[0])) == 1
}

// Shared is the point k·with in compressed form: the secret of the two keys' owners,
// as discv5 agrees on it (discv5 theory, "Identity-Specific Cryptography in the
// Handshake"). It is false when with is no point. It takes the same time whatever the
// key.
func (k *Key) Shared(with Public) (out [33]byte, ok bool) {
	raw := k.Bytes()
	ok = C.ropewalk_id_shared(library, char(&out[0]), char(&with[0]), char(&raw[0])) == 1
	clear(raw)
	return out, ok
}

// sign makes r||s, with a low s.
func (k *Key) sign(digest [32]byte) (out [64]byte) {
	raw := k.Bytes()
	if C.ropewalk_id_sign(library, char(&out[0]), char(&digest[0]), char(&raw[0])) != 1 {
		panic("id: key out of range")
	}
	clear(raw)
	return out
}

// multiply is the key that belongs to a scalar in range, as 4||X||Y.
func multiply(raw *[32]byte) (full [65]byte) {
	if C.ropewalk_id_public(library, char(&full[0]), char(&raw[0])) != 1 {
		panic("id: scalar out of range")
	}
	return full
}

// expand is a key as 4||X||Y; false when it is no point.
func (p Public) expand() (full [65]byte, ok bool) {
	ok = C.ropewalk_id_expand(library, char(&full[0]), char(&p[0])) == 1
	return full, ok
}
