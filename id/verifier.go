package id

import (
	"fmt"

	"github.com/decred/dcrd/dcrec/secp256k1/v4"
	"github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
)

// Verifier is a public key made ready to check many signatures: it holds multiples
// of the key's point, so that a check adds and need not double. Making one costs
// about as much as eight checks without it, and a check with it less than half of
// one. It does not change and may be used by many goroutines.
//
// A check is e·s⁻¹·G + r·s⁻¹·Q (SEC 1, 4.1.4). The second product is the long one:
// here its factor is written in signed digits of five bits, Σ dᵢ·32ⁱ with -15 ≤ dᵢ ≤
// 16, and each dᵢ·32ⁱ·Q is in the table. Nothing here is secret, so nothing takes
// constant time.
type Verifier struct {
	points [digits][digitMax]affine // points[i][j] = (j+1)·32ⁱ·Q
}

// affine is a point of the curve; never the one at infinity, because a multiple
// below the group's order is not.
type affine struct{ x, y secp256k1.FieldVal }

const (
	digitBits = 5
	digitMax  = 1 << (digitBits - 1)
	digits    = 256/digitBits + 1 // the last one takes the carry too
)

// VerifierBytes is about what a Verifier holds.
const VerifierBytes = digits * digitMax * 80

// NewVerifier makes a Verifier of a compressed public key.
func NewVerifier(p Public) (*Verifier, error) {
	pk, err := secp256k1.ParsePubKey(p[:])
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrKey, err)
	}
	multiples := make([]secp256k1.JacobianPoint, digits*digitMax)
	var base secp256k1.JacobianPoint
	pk.AsJacobian(&base)
	for i := range digits {
		row := multiples[i*digitMax : (i+1)*digitMax]
		row[0] = base
		for j := 1; j < digitMax; j++ {
			secp256k1.AddNonConst(&row[j-1], &base, &row[j])
		}
		secp256k1.DoubleNonConst(&row[digitMax-1], &base)
	}
	v := &Verifier{}
	toAffine(multiples, func(i int, a affine) { v.points[i/digitMax][i%digitMax] = a })
	return v, nil
}

// toAffine divides all points by their z with one inversion: the inverse of the
// product of all, from which each one's is taken off in turn.
func toAffine(points []secp256k1.JacobianPoint, put func(int, affine)) {
	before := make([]secp256k1.FieldVal, len(points)) // products of all z before
	var product secp256k1.FieldVal
	product.SetInt(1)
	for i := range points {
		before[i] = product
		product.Mul(&points[i].Z).Normalize()
	}
	product.Inverse()
	for i := len(points) - 1; i >= 0; i-- {
		var inverse, square secp256k1.FieldVal
		inverse.Mul2(&product, &before[i])
		product.Mul(&points[i].Z)
		square.SquareVal(&inverse)
		var a affine
		a.x.Mul2(&points[i].X, &square).Normalize()
		a.y.Mul2(&points[i].Y, square.Mul(&inverse)).Normalize()
		put(i, a)
	}
}

// VerifyDER is what VerifyDER of the key is, sooner.
func (v *Verifier) VerifyDER(digest [32]byte, sig []byte) bool {
	parsed, err := ecdsa.ParseDERSignature(sig)
	if err != nil {
		return false
	}
	r, s := parsed.R(), parsed.S()
	if r.IsZero() || s.IsZero() {
		return false
	}
	var e, inverse, u1, u2 secp256k1.ModNScalar
	e.SetBytes(&digest)
	inverse.InverseValNonConst(&s)
	u1.Mul2(&e, &inverse)
	u2.Mul2(&r, &inverse)
	var g, q, sum secp256k1.JacobianPoint
	secp256k1.ScalarBaseMultNonConst(&u1, &g)
	v.times(&u2, &q)
	secp256k1.AddNonConst(&g, &q, &sum)
	return hasX(&sum, &r)
}

// times sets out to k·Q.
func (v *Verifier) times(k *secp256k1.ModNScalar, out *secp256k1.JacobianPoint) {
	raw := k.Bytes() // big-endian
	var a, b secp256k1.JacobianPoint
	from, to := &a, &b
	carry := 0
	for i := range digits {
		d := digit(&raw, i) + carry
		if carry = 0; d > digitMax {
			d, carry = d-2*digitMax, 1
		}
		if d == 0 {
			continue
		}
		var p secp256k1.JacobianPoint
		if d > 0 {
			p.X, p.Y = v.points[i][d-1].x, v.points[i][d-1].y
		} else {
			p.X = v.points[i][-d-1].x
			p.Y.NegateVal(&v.points[i][-d-1].y, 1).Normalize()
		}
		p.Z.SetInt(1)
		secp256k1.AddNonConst(from, &p, to)
		from, to = to, from
	}
	*out = *from
}

// digit is the i-th group of five bits of a big-endian number, the lowest first.
func digit(raw *[32]byte, i int) int {
	at := i * digitBits
	low := 31 - at/8
	bits := int(raw[low]) >> (at % 8)
	if low > 0 {
		bits |= int(raw[low-1]) << (8 - at%8)
	}
	return bits & (1<<digitBits - 1)
}

// hasX tells whether a point's x is r modulo the group's order: r itself or, as x is
// a number below the larger field's size, r and the order. x is X/Z², and comparing
// r·Z² saves the division.
func hasX(p *secp256k1.JacobianPoint, r *secp256k1.ModNScalar) bool {
	if p.X.IsZero() && p.Y.IsZero() || p.Z.IsZero() {
		return false // infinity
	}
	raw := r.Bytes()
	var x, square, want secp256k1.FieldVal
	x.SetBytes(&raw)
	square.SquareVal(&p.Z)
	if want.Mul2(&x, &square).Normalize().Equals(&p.X) {
		return true
	}
	if x.IsGtOrEqPrimeMinusOrder() {
		return false
	}
	x.Add(&order)
	return want.Mul2(&x, &square).Normalize().Equals(&p.X)
}

// order is the group's order as an element of the field.
var order = func() (f secp256k1.FieldVal) {
	f.SetByteSlice(secp256k1.Params().N.Bytes())
	return f
}()
