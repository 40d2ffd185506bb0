package config

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// FileName is the name of the configuration file in its folder.
const FileName = "config.toml"

// DefaultDataDir is the data folder when nothing names one: $XDG_DATA_HOME/ropewalk,
// else ~/.local/share/ropewalk, or the system's own place.
func DefaultDataDir(env []string) string {
	home := lookup(env, "HOME")
	switch runtime.GOOS {
	case "darwin":
		return filepath.Join(home, "Library", "Application Support", "ropewalk")
	case "windows":
		return filepath.Join(lookup(env, "LOCALAPPDATA"), "ropewalk")
	}
	// XDG Base Directory: a relative path is to be ignored.
	if d := lookup(env, "XDG_DATA_HOME"); filepath.IsAbs(d) {
		return filepath.Join(d, "ropewalk")
	}
	return filepath.Join(home, ".local", "share", "ropewalk")
}

// DefaultFile is the user's configuration file: $XDG_CONFIG_HOME/ropewalk/config.toml,
// else ~/.config/ropewalk/config.toml, or the system's own place.
func DefaultFile(env []string) string {
	home := lookup(env, "HOME")
	switch runtime.GOOS {
	case "darwin":
		return filepath.Join(home, "Library", "Application Support", "ropewalk", FileName)
	case "windows":
		return filepath.Join(lookup(env, "APPDATA"), "ropewalk", FileName)
	}
	if d := lookup(env, "XDG_CONFIG_HOME"); filepath.IsAbs(d) {
		return filepath.Join(d, "ropewalk", FileName)
	}
	return filepath.Join(home, ".config", "ropewalk", FileName)
}

// lookup finds a variable in env; the user's home has a last resort.
func lookup(env []string, name string) string {
	for i := len(env) - 1; i >= 0; i-- {
		if v, ok := strings.CutPrefix(env[i], name+"="); ok && v != "" {
			return v
		}
	}
	if name == "HOME" {
		if home, err := os.UserHomeDir(); err == nil {
			return home
		}
		return "."
	}
	return ""
}
