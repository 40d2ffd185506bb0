package scenario

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"
)

// token is one word of a step.
type token struct {
	s      string
	quoted bool
}

// is tells whether the word is this keyword.
func (t token) is(word string) bool { return !t.quoted && t.s == word }

// tokens splits a line into words; # outside a word starts a comment.
func tokens(line string) ([]token, error) {
	if !utf8.ValidString(line) {
		return nil, errors.New("not UTF-8")
	}
	var out []token
	for {
		line = strings.TrimLeft(line, " \t\r")
		if line == "" || line[0] == '#' {
			return out, nil
		}
		if line[0] == '"' {
			q, err := strconv.QuotedPrefix(line)
			if err != nil {
				return nil, errors.New("a quoted string does not end, or has a bad escape")
			}
			s, err := strconv.Unquote(q)
			if err != nil || !utf8.ValidString(s) {
				return nil, errors.New("a quoted string is not UTF-8")
			}
			out = append(out, token{s, true})
			line = line[len(q):]
			if line != "" && !strings.ContainsAny(line[:1], " \t\r") {
				return nil, errors.New("a quoted string is followed by no space")
			}
			continue
		}
		end := strings.IndexAny(line, " \t\r")
		if end < 0 {
			end = len(line)
		}
		out = append(out, token{line[:end], false})
		line = line[end:]
	}
}

// text joins words into the text of a line.
func text(ts []token) (string, error) {
	words := make([]string, len(ts))
	for i, t := range ts {
		words[i] = t.s
	}
	s := strings.Join(words, " ")
	switch {
	case s == "":
		return "", errors.New("text is missing")
	case len(s) > textBytesMax:
		return "", errors.New("text above " + strconv.Itoa(textBytesMax) + " bytes")
	}
	return s, nil
}

// cutTail takes "KEYWORD VALUE" off the end.
func cutTail(ts []token, keyword string) (rest []token, value string, ok bool) {
	if n := len(ts); n >= 2 && ts[n-2].is(keyword) && !ts[n-1].quoted {
		return ts[:n-2], ts[n-1].s, true
	}
	return ts, "", false
}
