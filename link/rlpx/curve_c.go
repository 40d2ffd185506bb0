//go:build libsecp256k1

package rlpx

/*
#cgo pkg-config: libsecp256k1
#include <string.h>
#include <secp256k1.h>
#include <secp256k1_ecdh.h>
#include <secp256k1_recovery.h>

// X alone is the shared secret of RLPx.
static int ropewalk_x(unsigned char *out, const unsigned char *x, const unsigned char *y, void *data) {
	memcpy(out, x, 32);
	return 1;
}

static int ropewalk_ecdh(const secp256k1_context *ctx, unsigned char *out, const secp256k1_pubkey *p, const unsigned char *k) {
	return secp256k1_ecdh(ctx, out, p, k, ropewalk_x, NULL);
}

static int ropewalk_sign(const secp256k1_context *ctx, unsigned char *out, const unsigned char *digest, const unsigned char *k) {
	secp256k1_ecdsa_recoverable_signature sig;
	int v = 0;
	if (!secp256k1_ecdsa_sign_recoverable(ctx, &sig, digest, k, NULL, NULL)) return 0;
	secp256k1_ecdsa_recoverable_signature_serialize_compact(ctx, out, &v, &sig);
	out[64] = (unsigned char)v;
	return 1;
}

static int ropewalk_recover(const secp256k1_context *ctx, secp256k1_pubkey *out, const unsigned char *sig, const unsigned char *digest) {
	secp256k1_ecdsa_recoverable_signature parsed;
	if (!secp256k1_ecdsa_recoverable_signature_parse_compact(ctx, &parsed, sig, sig[64])) return 0;
	return secp256k1_ecdsa_recover(ctx, out, &parsed, digest);
}
*/
import "C"

import (
	"crypto/rand"
	"unsafe"
)

// libsecp256k1 multiplies in constant time and keeps no copy of a key.

// library is the one context of the library, blinded once; it is only read after that.
var library = newLibrary()

func newLibrary() *C.secp256k1_context {
	ctx := C.secp256k1_context_create(C.SECP256K1_CONTEXT_NONE)
	var seed [32]byte
	rand.Read(seed[:])
	if C.secp256k1_context_randomize(ctx, char(&seed[0])) != 1 {
		panic("rlpx: libsecp256k1 cannot be blinded")
	}
	return ctx
}

// char is the C form of a pointer to bytes.
func char(b *byte) *C.uchar { return (*C.uchar)(unsafe.Pointer(b)) }

type point struct{ p C.secp256k1_pubkey }

func parsePoint(xy []byte) (p point, ok bool) {
	if len(xy) != 64 {
		return point{}, false
	}
	var full [65]byte
	full[0] = 4
	copy(full[1:], xy)
	return p, C.secp256k1_ec_pubkey_parse(library, &p.p, char(&full[0]), C.size_t(len(full))) == 1
}

func recoverPoint(sig *signature, digest *[32]byte) (p point, ok bool) {
	if sig[64] > 3 {
		return point{}, false // the library would call abort
	}
	return p, C.ropewalk_recover(library, &p.p, char(&sig[0]), char(&digest[0])) == 1
}

func (p *point) uncompressed() [64]byte {
	var full [65]byte
	n := C.size_t(len(full))
	C.secp256k1_ec_pubkey_serialize(library, char(&full[0]), &n, &p.p, C.SECP256K1_EC_UNCOMPRESSED)
	return [64]byte(full[1:])
}

func (k *scalar) valid() bool { return C.secp256k1_ec_seckey_verify(library, char(&k[0])) == 1 }

func (k *scalar) point() (p point) {
	if C.secp256k1_ec_pubkey_create(library, &p.p, char(&k[0])) != 1 {
		panic("rlpx: scalar out of range")
	}
	return p
}

func (k *scalar) ecdh(p *point) (x [32]byte) {
	if C.ropewalk_ecdh(library, char(&x[0]), &p.p, char(&k[0])) != 1 {
		panic("rlpx: scalar out of range")
	}
	return x
}

func (k *scalar) sign(digest *[32]byte) (sig signature) {
	if C.ropewalk_sign(library, char(&sig[0]), char(&digest[0]), char(&k[0])) != 1 {
		panic("rlpx: scalar out of range")
	}
	return sig
}
