// Package eclipse is a Monte-Carlo simulator of one question: when somebody with many
// addresses has filled a node's host book for hours, and the node restarts, do all its
// outbound links then lead to him?
//
// One victim lives in a modelled network. Honest hosts, thousands in many network
// groups, come and go; some of the victim's links are with them, they tell it of each
// other, and they dial it now and then. The attacker has a number of addresses that are
// always there and answer every dial. For hours he dials the victim from one after the
// other, stays a while, tells it of his own addresses as often as it listens, and
// answers questions for addresses with more of them. He stays in every outbound slot
// he gets. He does not hinder the links of others, and does not read the victim's
// secrets.
//
// What the victim does is its Rules. "ropewalk" is the product: hosts.Book,
// session.Keeper, and the limits of package pex on what a peer may tell. "darkfi" and
// "bitcoin2015" are rivals, written from descriptions of how DarkFi chooses hosts and
// how Bitcoin did before its eclipse was published. All live in the same network, with
// the same attacker, through the same six calls (rules.go); what the attacker says is
// cut down to what the rules listen to, and nothing else differs.
//
// A run begins with a victim that has been there for long: it has heard of every honest
// host and tried each once in the last day, so that its lists are full before the
// attack ("history"). It lives in peace for an hour, then under attack. Then come the
// trials: it restarts from the book it saved, after an absence of its own length and
// with chance of its own, and has ten minutes to fill its slots. Several trials share one
// filling (TrialsPerFilling), the fillings have seeds of their own. A trial counts as
// eclipsed when links stand, as many as there are slots or as many as it got, and every
// one of them leads to the attacker. For "ropewalk" the trials are done twice: with the
// anchors of the saved book, and with all trace of who was connected taken out of it, by
// which the book has only its lists. The rivals have no anchors, and keep what they have.
//
// Everything follows from the seed; the hash covers every dial and its outcome.
//
// World: its clock is its own. It does not model latency beyond a fixed one, other
// victims, or who owns which route.
package eclipse
