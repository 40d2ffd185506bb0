//go:build linux

package devnet

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	randv2 "math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ropewalk/ropewalk"
)

const (
	farBytes   = 20 << 20
	farLatency = 25 * time.Millisecond // one way: 50 ms there and back
	farJitter  = 5 * time.Millisecond  // packets overtake each other
	farLoss    = 0.01
	// farQueue is how many packets wait for the relay: with the 500 of the system it loses more
	// than farLoss where it is woken up late.
	farQueue = 10000
	// farPuts are put, farGets got, and farSeeds simulated, of which the median counts.
	farPuts  = 5
	farGets  = 5
	farSeeds = 9
	// farBar is how far the time may be from that of the simulator, either way.
	farBar = 0.3
)

// TestNetnsContent has files of 20 MiB of a node in one network namespace got by one in a
// second, and others put there. Between them is a relay in user space that delays, loses and
// reorders. It takes as long as the simulator says of the same nodes on such a path: that
// does no work, so the process of the command, hashing, disk and packets are part of what
// differs.
func TestNetnsContent(t *testing.T) {
	if !*netns {
		t.Skip("wants -netns (make netns)")
	}
	a, b := newCell(t, "far1", 1), newCell(t, "far2", 2)
	way := join(t, a.tun(t), b.tun(t))
	binary := program(t)
	from := a.start(t, binary, "from", "", "--udp", a.addr()+":0")
	here := a.puts(t, binary, from, farGets, 0)
	to := b.start(t, binary, "to", from.ready.LibP2P[0], "--udp", b.addr()+":0", "--bootnodes", from.ready.ENR)
	waitContent(t, from)
	waitContent(t, to)

	way.reset()
	compare(t, "got", b.gets(t, binary, to, here), modelled(t, binary, "get node2", `nodes 2 seeds 1
wait all peers>=1 within 20s
kill node2
put node1 %dMiB as far within 2m
restart node2
wait all peers>=1 within 1m
sleep 10s
get node2 $far within 2m
`), way.late())

	way.reset()
	there := a.puts(t, binary, from, farPuts, 1)
	compare(t, "put there and stored", times(there), modelled(t, binary, "put node1", `nodes 2 seeds 1
wait all peers>=1 within 20s
sleep 10s
put node1 %dMiB as far within 2m
`), way.late())
	b.gets(t, binary, to, there)
}

// compare holds the median of what it took against what the simulator says.
func compare(t *testing.T, what string, all []time.Duration, model, late time.Duration) {
	t.Helper()
	slices.Sort(all)
	took := all[len(all)/2]
	off := took.Seconds()/model.Seconds() - 1
	t.Logf("%d MiB %s after %s (%s to %s), %.1f MB/s; the simulator says %s (%+.0f %%, bar %.0f %%); packets were %s later than told",
		farBytes>>20, what, took.Round(time.Millisecond), all[0].Round(time.Millisecond), all[len(all)-1].Round(time.Millisecond),
		farBytes/took.Seconds()/1e6, model.Round(time.Millisecond), 100*off, 100*farBar, late.Round(10*time.Microsecond))
	if off > farBar || off < -farBar {
		t.Errorf("%s: it took %s, want %s give or take %.0f %%", what, took, model, 100*farBar)
	}
}

// parcel is a file that was put.
type parcel struct {
	id   string
	sum  [sha256.Size]byte
	took time.Duration
}

func times(all []parcel) (out []time.Duration) {
	for _, p := range all {
		out = append(out, p.took)
	}
	return out
}

// puts puts files of chance at a node, each of which so many others keep then.
func (c *cell) puts(t *testing.T, binary string, at *inmate, count, replicas int) (all []parcel) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "from")
	for range count {
		data := make([]byte, farBytes)
		_, _ = rand.Read(data)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		text, err := c.command(binary, "put", path, "--json", "--data", at.dir).Output()
		took := time.Since(began)
		var said ropewalk.PutResult
		if err != nil || json.Unmarshal(text, &said) != nil || said.Replicas != replicas {
			t.Fatalf("put: %v %s", err, text)
		}
		all = append(all, parcel{said.ID.String(), sha256.Sum256(data), took})
	}
	return all
}

// gets gets files at a node, and tells how long each took.
func (c *cell) gets(t *testing.T, binary string, at *inmate, files []parcel) (all []time.Duration) {
	t.Helper()
	for _, f := range files {
		path := filepath.Join(t.TempDir(), "to")
		began := time.Now()
		text, err := c.command(binary, "get", f.id, "-o", path, "--data", at.dir).CombinedOutput()
		all = append(all, time.Since(began))
		if err != nil {
			t.Fatalf("get: %v %s", err, text)
		}
		if got, err := os.ReadFile(path); err != nil || sha256.Sum256(got) != f.sum {
			t.Errorf("what came is not what was put (%v)", err)
		}
	}
	return all
}

// command runs the program in the namespace.
func (c *cell) command(binary string, args ...string) *exec.Cmd {
	return exec.Command("ip", append([]string{"netns", "exec", c.name, binary}, args...)...)
}

// waitContent waits until a node has another in its network of content.
func waitContent(t *testing.T, n *inmate) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		var answer struct {
			Result struct{ Networks []struct{ Live int } }
		}
		text := n.get(t, http.MethodPost, "/rpc", `{"jsonrpc":"2.0","id":1,"method":"content_stat","params":{}}`)
		if err := json.Unmarshal(text, &answer); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		if nets := answer.Result.Networks; len(nets) > 0 && nets[0].Live > 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("nobody is there: %s", text)
		}
	}
}

// modelled is how long a step of a script takes in the simulator: the median of some seeds.
func modelled(t *testing.T, binary, step, format string) time.Duration {
	t.Helper()
	script := filepath.Join(t.TempDir(), "far")
	if err := os.WriteFile(script, fmt.Appendf(nil, format, farBytes>>20), 0o600); err != nil {
		t.Fatal(err)
	}
	var all []time.Duration
	for seed := range farSeeds {
		out, err := exec.Command(binary, "sim", script, "--json", "--seed", fmt.Sprint(seed+1),
			"--latency", farLatency.String(), "--jitter", farJitter.String(), "--loss", fmt.Sprint(farLoss)).Output()
		if err != nil {
			t.Fatalf("sim: %v %s", err, out)
		}
		all = append(all, stepTook(t, out, step))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// stepTook is how long the step of a simulation took whose text begins so.
func stepTook(t *testing.T, out []byte, begins string) time.Duration {
	t.Helper()
	var report struct {
		Steps []struct {
			Text string
			Took time.Duration `json:"took_ns"`
		}
	}
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatal(err)
	}
	for _, s := range report.Steps {
		if strings.HasPrefix(s.Text, begins) {
			return s.Took
		}
	}
	t.Fatalf("no %q in %s", begins, out)
	return 0
}

// tun makes the namespace's only interface, whose packets are read and written here.
func (c *cell) tun(t *testing.T) *os.File {
	t.Helper()
	var file *os.File
	var err error
	within := c.within(func() {
		var fd int
		if fd, err = unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_NONBLOCK|unix.O_CLOEXEC, 0); err != nil {
			return
		}
		req, _ := unix.NewIfreq("tun0")
		req.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		if err = unix.IoctlIfreq(fd, unix.TUNSETIFF, req); err == nil {
			file = os.NewFile(uintptr(fd), "tun0")
		}
	})
	if err := errors.Join(within, err); err != nil {
		t.Skipf("no tun devices here: %v", err)
	}
	c.ip("link", "set", "lo", "up")
	c.ip("addr", "add", c.addr()+"/16", "dev", "tun0")
	c.ip("link", "set", "tun0", "txqueuelen", fmt.Sprint(farQueue))
	c.ip("link", "set", "tun0", "up")
	return file
}

// way is what a relay did with the packets: it wakes up late, the later the busier the
// machine is.
type way struct {
	packets  atomic.Int64
	lateness atomic.Int64 // of all of them, in nanoseconds
}

func (w *way) reset() { w.packets.Store(0); w.lateness.Store(0) }

// late is how much later than it should a packet went on, on average.
func (w *way) late() time.Duration {
	return time.Duration(w.lateness.Load() / max(1, w.packets.Load()))
}

// join relays between two devices until the test ends.
func join(t *testing.T, a, b *os.File) *way {
	w := &way{}
	for i, pair := range [][2]*os.File{{a, b}, {b, a}} {
		go w.relay(pair[0], pair[1], randv2.New(randv2.NewPCG(1, uint64(i))))
	}
	t.Cleanup(func() { _ = errors.Join(a.Close(), b.Close()) })
	return w
}

// relay passes packets on, late and not all of them.
func (w *way) relay(from, to *os.File, rng *randv2.Rand) {
	buf := make([]byte, 1<<16)
	for {
		n, err := from.Read(buf)
		if errors.Is(err, fs.ErrClosed) {
			return
		}
		if err != nil || rng.Float64() < farLoss {
			continue
		}
		packet := bytes.Clone(buf[:n])
		late := farLatency + time.Duration(rng.Int64N(int64(2*farJitter))) - farJitter
		due := time.Now().Add(late)
		time.AfterFunc(late, func() {
			_, _ = to.Write(packet)
			w.packets.Add(1)
			w.lateness.Add(int64(time.Since(due)))
		})
	}
}
