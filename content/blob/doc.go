// Package blob is Ropewalk's own network of content: values that prove themselves,
// because they are named by their SHA-256, and files made of them.
//
// A key is a kind and a hash, 33 bytes:
//
//	00 ‖ SHA-256(chunk)       a chunk: 1 byte to 1 MiB of anything
//	01 ‖ SHA-256(manifest)    a manifest: the length of a file and the hashes of its chunks
//
// The content ID is the hash itself. A file is cut every 1 MiB; only its last chunk is
// shorter. The manifest's key is the file's name: who has it can check every chunk that
// comes, whoever sends it. A manifest is SSZ, Container(size: uint64, chunks:
// List[Bytes32, 32767]), and its number of chunks must follow from its size; a file of no
// bytes has no chunks.
//
// There are no names of files, no types and no access rights here: what a file is called
// is said where its key is passed on.
//
// Place: floor 1, values, pure.
package blob
