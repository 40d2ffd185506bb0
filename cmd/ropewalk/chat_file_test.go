package main

import (
	"testing"

	tea "charm.land/bubbletea/v2"
)

const anID = "0x5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f5f"

// The name of a file is a stranger's word: it cannot lead out of the folder.
func TestAttachmentOf(t *testing.T) {
	for text, want := range map[string]string{
		"[file] holiday.jpg 1.2MiB " + anID:  "holiday.jpg",
		"[file] my holiday.jpg 12B " + anID:  "my holiday.jpg",
		"[file] ../../etc/passwd 1B " + anID: "passwd",
		`[file] ..\..\boot.ini 1B ` + anID:   "boot.ini",
		"[file] .bashrc 1B " + anID:          "",
		"[file] .. 1B " + anID:               "",
		"[file] / 1B " + anID:                "",
		"[file] a 1B 0x12":                   "",
		"look: [file] a 1B " + anID:          "",
		"[file] a " + anID:                   "",
		"[file] a\x1b[2J 1B " + anID:         "a[2J",
	} {
		a, ok := attachmentOf(text)
		if ok != (want != "") || ok && a.which.String() != anID {
			t.Errorf("%q: %+v %v", text, a, ok)
		}
		if ok && a.name != want {
			t.Errorf("%q is called %q, want %q", text, a.name, want)
		}
	}
}

func TestChatFiles(t *testing.T) {
	m, said := story(t)
	var put, saved []string
	m.put = func(file string) tea.Cmd { put = append(put, file); return nil }
	m.save = func(a attached, name string) tea.Cmd { saved = append(saved, a.name+" as "+name); return nil }
	enter := func(text string) {
		m.input.SetValue(text)
		m.Update(tea.KeyPressMsg{Code: tea.KeyEnter})
	}
	enter("/save")
	if m.notice != "no file was shared here" {
		t.Errorf("%q", m.notice)
	}
	m.Update(line(1, "mara~0a1b2c3d", "[file] sails.png 3.0KiB "+anID, "received"))
	enter("/save")
	enter("/save other.png")
	enter("/put  my sails.png")
	enter("/put")
	if len(saved) != 2 || saved[0] != "sails.png as " || saved[1] != "sails.png as other.png" || len(put) != 1 || put[0] != "my sails.png" || len(*said) != 0 {
		t.Errorf("saved %q, put %q, said %q", saved, put, *said)
	}
}
