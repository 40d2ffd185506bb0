// Package generic makes networks whose content is opaque here: keys of any bytes, the
// content ID the SHA-256 of the key (portal-wire-protocol.md, "SHA256 Content ID
// Derivation Function"). The legacy networks of Portal are such, and a node that runs
// them speaks with clients that know no others.
//
// Without a check nothing that is offered is taken (code 6, "content key not
// verifiable"): a node asks, finds, and keeps what its user stores. A check makes it a
// full member.
//
// Place: floor 1, values, pure.
package generic
