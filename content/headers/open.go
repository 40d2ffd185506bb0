package headers

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/ropewalk/ropewalk/content/history"
)

// Errors of sources.
var (
	// ErrUnknown is of a block that the source does not have, or not yet.
	ErrUnknown = errors.New("headers: not known")
	// ErrSource is of a source that is broken.
	ErrSource = errors.New("headers: bad source")
)

// Source is where headers come from.
type Source interface {
	history.Headers
	Close() error
}

// Open opens what a user names: an http or https URL, a folder of era1 files, an era1
// file, or a file of RLP.
func Open(where string) (Source, error) {
	if strings.Contains(where, "://") {
		return NewClient(where)
	}
	info, err := os.Stat(where)
	if err != nil {
		return nil, fmt.Errorf("headers: %w", err)
	}
	if info.IsDir() {
		return OpenEraFolder(where)
	}
	f, err := os.Open(where)
	if err != nil {
		return nil, fmt.Errorf("headers: %w", err)
	}
	var open func(*os.File) (Source, error) = openRLP
	if isEra(f) {
		open = openEra
	}
	s, err := open(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", where, err), f.Close())
	}
	return s, nil
}
