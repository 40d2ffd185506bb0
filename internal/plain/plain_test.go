package plain

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestLine(t *testing.T) {
	for _, tt := range []struct{ name, in, want string }{
		{"plain", "hello, wörld 世界", "hello, wörld 世界"},
		{"colour", "a\x1b[31mred\x1b[0m", "a[31mred[0m"},
		{"clipboard", "\x1b]52;c;aGk=\x07x", "]52;c;aGk=x"},
		{"C1 as UTF-8", "a\u009b31mb", "a31mb"},
		{"C1 as a byte", "a\x9b31mb", "a\uFFFD31mb"},
		{"delete and backspace", "ab\x7f\bc", "abc"},
		{"null", "a\x00b", "ab"},
		{"line ends", "a\nb\r\nc\rd\te", "a b c d e"},
		{"separators", "a\u2028b\u2029c", "a b c"},
		{"overrides", "user\u202Etxt.exe\u2066\u2069\u200F\u200E\u061C", "usertxt.exe"},
		{"tags", "a\U000E0041\U000E007Fb", "ab"},
		{"hidden selectors", "a\U000E0100\uFE00b", "ab"},
		{"private use", "a\uE000\U000F0000b", "ab"},
		{"invisible", "a\u200B\u2060\uFEFF\u00AD\u3164b", "ab"},
		{"spaces", "a\u00A0b\u3000c", "a b c"},
		{"zalgo", "z" + strings.Repeat("\u0301", 20), "z" + strings.Repeat("\u0301", 8)},
		{"mark without base", "\u0301a", "a"},
		{"family", "\U0001F468\u200D\U0001F469", "\U0001F468\u200D\U0001F469"},
		{"rainbow", "\U0001F3F3\uFE0F\u200D\U0001F308", "\U0001F3F3\uFE0F\u200D\U0001F308"},
		{"joiner elsewhere", "a\u200Db\U0001F468\u200Dc", "ab\U0001F468c"},
		{"not UTF-8", "a\xff\xc0b", "a\uFFFD\uFFFDb"},
		{"HTML stays text", "<b>&amp;", "<b>&amp;"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Line(tt.in, 0); got != tt.want {
				t.Errorf("Line(%+q) = %+q, want %+q", tt.in, got, tt.want)
			}
		})
	}
}

func TestWidth(t *testing.T) {
	for _, tt := range []struct {
		in    string
		cells int
		want  string
	}{
		{"abcdef", 6, "abcdef"},
		{"abcdefg", 6, "abcde…"},
		{"世界世界", 8, "世界世界"},
		{"世界世界", 7, "世界世…"},
		{"世界世界", 6, "世界…"},
		{"ab\ncdefg\n\nh", 3, "ab\ncd…\n\nh"},
		{"a", 1, "a"}, {"ab", 1, "…"}, {"世", 1, "…"}, {"", 1, ""},
	} {
		if got := Text(tt.in, tt.cells); got != tt.want {
			t.Errorf("Text(%q, %d) = %q, want %q", tt.in, tt.cells, got, tt.want)
		}
	}
	if got := Line(strings.Repeat("x", 5000), 0); utf8.RuneCountInString(got) != CellsMax {
		t.Errorf("a long line is cut to %d, want %d", utf8.RuneCountInString(got), CellsMax)
	}
}

func check(t interface{ Fatalf(string, ...any) }, in string, cells int) {
	for _, f := range []func(string, int) string{Line, Text} {
		out := f(in, cells)
		if f(out, cells) != out {
			t.Fatalf("twice differs from once: %+q → %+q → %+q", in, out, f(out, cells))
		}
		if !utf8.ValidString(out) {
			t.Fatalf("not UTF-8: %q", out)
		}
		if len(out) > 3*len(in)+len(ellipsis)*(strings.Count(out, "\n")+1) {
			t.Fatalf("%d bytes of %d", len(out), len(in))
		}
		for _, r := range out {
			if unicode.IsControl(r) && r != '\n' || unicode.Is(unicode.Bidi_Control, r) || r >= 0xE0000 {
				t.Fatalf("%U in %+q", r, out)
			}
		}
		for _, line := range strings.Split(out, "\n") {
			width := 0
			for _, r := range line {
				width += Width(r)
			}
			if width > cells {
				t.Fatalf("%d cells, at most %d: %q", width, cells, line)
			}
		}
	}
	if strings.Contains(Line(in, cells), "\n") {
		t.Fatalf("newline in a line")
	}
}

func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		parts := rapid.SliceOf(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
			"\u200d", "\U0001F468", "\u0301", "\xff", "\x1b[", "世", "\r\n", "\u202e", "…", "\U0001F3FD", "\u2764", "\uFE0F",
		}))).Draw(t, "parts")
		check(t, strings.Join(parts, ""), rapid.IntRange(1, 40).Draw(t, "cells"))
	})
}

func FuzzPlain(f *testing.F) {
	f.Add("hello\x1b[2J\u202e\u0301", uint16(4))
	f.Add("\U0001F468\u200d\U0001F469\n世界", uint16(3))
	f.Fuzz(func(t *testing.T, in string, cells uint16) {
		check(t, in, int(cells%2000)+1)
	})
}
