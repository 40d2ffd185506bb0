package client

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
)

// FileName is the endpoint's file in a data folder.
const FileName = "rpc.json"

// Endpoint is where a running node's API is.
type Endpoint struct {
	URL   string `json:"url"`
	Token string `json:"token"`
	PID   int    `json:"pid"`
}

// NoNodeError says that no node runs on a data folder.
type NoNodeError struct{ Dir, Why string }

func (e *NoNodeError) Error() string {
	return fmt.Sprintf("no node is running on %s (%s); start one with: ropewalk node --data %s", e.Dir, e.Why, e.Dir)
}

// endpointBytesMax bounds the file; a real one has about 150 bytes.
const endpointBytesMax = 4096

// ReadEndpoint finds the node of a data folder.
func ReadEndpoint(dir string) (Endpoint, error) {
	var e Endpoint
	f, err := os.Open(filepath.Join(dir, FileName))
	if errors.Is(err, fs.ErrNotExist) {
		return e, &NoNodeError{dir, "there is no " + FileName}
	}
	if err != nil {
		return e, fmt.Errorf("client: read endpoint: %w", err)
	}
	defer f.Close()
	raw, err := io.ReadAll(io.LimitReader(f, endpointBytesMax))
	if err != nil {
		return e, fmt.Errorf("client: read endpoint: %w", err)
	}
	if err := json.Unmarshal(raw, &e); err != nil || e.check() != nil {
		return e, &NoNodeError{dir, FileName + " is damaged"}
	}
	if !alive(e.PID) {
		return e, &NoNodeError{dir, fmt.Sprintf("process %d, which left %s, is gone", e.PID, FileName)}
	}
	return e, nil
}

func (e Endpoint) check() error {
	u, err := url.Parse(e.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || e.Token == "" || e.PID <= 0 {
		return errors.New("client: no endpoint")
	}
	return nil
}

// WriteEndpoint tells others where this node is: a new file put in place whole,
// readable by nobody else.
func WriteEndpoint(dir string, e Endpoint) error {
	raw, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("client: write endpoint: %w", err)
	}
	// CreateTemp makes files of mode 0600 and never follows a link.
	f, err := os.CreateTemp(dir, ".rpc-*")
	if err != nil {
		return fmt.Errorf("client: write endpoint: %w", err)
	}
	_, err = f.Write(append(raw, '\n'))
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, FileName))
	}
	if err != nil {
		return fmt.Errorf("client: write endpoint: %w", errors.Join(err, os.Remove(f.Name())))
	}
	return nil
}

// RemoveEndpoint takes the file away if it is still that of pid.
func RemoveEndpoint(dir string, pid int) error {
	path := filepath.Join(dir, FileName)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var e Endpoint
	if err == nil && json.Unmarshal(raw, &e) == nil && e.PID != pid {
		return nil
	}
	return os.Remove(path)
}
