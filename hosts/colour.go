package hosts

import "errors"

// Colour says how far a host is proven. The empty colour is a host that is not in
// the book.
type Colour string

// The colours.
const (
	None  Colour = ""
	Grey  Colour = "grey"
	White Colour = "white"
	Gold  Colour = "gold"
	Dark  Colour = "dark"
	Black Colour = "black"
)

// Colours are the colours a host in the book can have, in the order of Counts,
// pages and files.
var Colours = [...]Colour{Dark, Grey, White, Gold, Black}

// ErrMove is returned for a change of colour that Moves does not hold.
var ErrMove = errors.New("hosts: no legal move")

// Step is one change of colour.
type Step struct{ From, To Colour }

// Moves are the legal changes of colour, each with what causes it. Everything else
// is refused, and a test walks every pair.
var Moves = map[Step]string{
	{None, Grey}:  "heard of, dialable",
	{None, Dark}:  "heard of, not dialable by us",
	{None, White}: "loaded",
	{None, Gold}:  "loaded, an anchor candidate",

	{Grey, Grey}:  "failed again, or a lost link reported twice",
	{Grey, White}: "a probe succeeded",
	{Grey, Gold}:  "an outbound or direct link came up",
	{Grey, Dark}:  "its new record names nothing we can dial",
	{Grey, Black}: "banned",
	{Grey, None}:  "displaced, or failed too often",

	{White, White}: "probed again with success",
	{White, Grey}:  "a dial or a second probe failed",
	{White, Gold}:  "an outbound or direct link came up",
	{White, Dark}:  "its new record names nothing we can dial",
	{White, Black}: "banned",
	{White, None}:  "forgotten",

	{Gold, Gold}:  "an anchor came up again",
	{Gold, Grey}:  "the link went down, or an anchor did not answer",
	{Gold, Black}: "banned",

	{Dark, Dark}:  "heard of again, still not dialable",
	{Dark, Grey}:  "heard of again, dialable now",
	{Dark, Black}: "banned",
	{Dark, None}:  "not heard of for a day",

	{Black, Black}: "banned again",
	{Black, Grey}:  "the ban ended",
	{Black, Dark}:  "the ban ended, not dialable",
	{Black, None}:  "the ban ended and there is no room",
}

// Legal tells whether a host may change from one colour to the other.
func Legal(from, to Colour) bool { return Moves[Step{from, to}] != "" }
