// Package config turns a TOML file, the environment and command-line flags into
// a ropewalk.Config and the settings of the program around it.
//
// One table (keys.go) lists every key: its place in the file, its flag, its
// kind, its range, its default and the reason for that default. Reading,
// checking, naming the nearest valid key and printing all walk that table, so
// that they cannot disagree.
//
// Precedence is flag, then environment, then file, then default. A value that is
// overruled is still checked: a bad file is a bad file. Every bad field is
// reported, each with where it stands and what is allowed; nothing is ever
// guessed, and nothing is created on disk.
//
// TOML v1.0.0 is read by BurntSushi/toml. Durations are text such as "30s", sizes
// text such as "64MiB".
//
// A surface: it sees only the public face of ropewalk and the ground. It does not
// watch the file and does not open listeners. Limits: a file of 1 MiB, 4096
// entries in a list, 1024 named tables of a kind.
package config
