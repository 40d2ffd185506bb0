package libp2p

import (
	"context"
	"log/slog"
	"sync/atomic"

	"github.com/libp2p/go-libp2p/gologshim"
	"golang.org/x/time/rate"
)

// logger is where libp2p's records go. libp2p keeps its loggers in package
// variables and asks for their handler once, so there is one per process.
var logger atomic.Pointer[slog.Logger]

// logRate bounds what remotes can make libp2p log.
var logRate = rate.NewLimiter(1, 20)

func init() {
	// libp2p: "SetDefaultHandler … as long as it's changed before the first log by
	// the logger". Without it libp2p writes to stderr, steered by GOLOG_ variables.
	gologshim.SetDefaultHandler(logHandler{})
}

// logHandler hands libp2p's records at warn and above to logger.
type logHandler struct{ attrs []slog.Attr }

func (logHandler) Enabled(ctx context.Context, level slog.Level) bool {
	l := logger.Load()
	return l != nil && level >= slog.LevelWarn && l.Enabled(ctx, level)
}

func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	l := logger.Load()
	if l == nil || !logRate.Allow() {
		return nil
	}
	r = r.Clone()
	r.AddAttrs(h.attrs...)
	return l.Handler().Handle(ctx, r)
}

func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{attrs: append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)}
}

// WithGroup ignores groups: libp2p uses none.
func (h logHandler) WithGroup(string) slog.Handler { return h }
