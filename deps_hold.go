//go:build depshold

package ropewalk

import (
	_ "charm.land/bubbles/v2/textinput"
	_ "charm.land/bubbletea/v2"
	_ "charm.land/lipgloss/v2"
	_ "github.com/BurntSushi/toml"
	_ "github.com/cockroachdb/datadriven"
	_ "github.com/coder/websocket"
	_ "github.com/decred/dcrd/dcrec/secp256k1/v4/ecdsa"
	_ "github.com/google/go-cmp/cmp"
	_ "github.com/hashicorp/golang-lru/v2"
	_ "github.com/libp2p/go-libp2p"
	_ "github.com/lmittmann/tint"
	_ "github.com/mr-tron/base58"
	_ "github.com/multiformats/go-multiaddr"
	_ "github.com/multiformats/go-multistream"
	_ "github.com/prometheus/client_golang/prometheus/promhttp"
	_ "github.com/rogpeppe/go-internal/testscript"
	_ "github.com/spf13/cobra"
	_ "go.uber.org/goleak"
	_ "golang.org/x/crypto/sha3"
	_ "golang.org/x/sys/unix"
	_ "golang.org/x/term"
	_ "golang.org/x/time/rate"
	_ "google.golang.org/protobuf/encoding/protowire"
	_ "pgregory.net/rapid"
	_ "rsc.io/qr"
)
