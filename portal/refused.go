package portal

import (
	"crypto/sha256"
	"errors"
	"slices"
	"time"

	"github.com/ropewalk/ropewalk/content"
)

// refusals remember values that were not what their keys promise, by key: the same wrong
// bytes are refused without being judged again, whoever sends them (threats, "poisoned
// bytes"). A check may cost much more than the hash that tells them. Owner: Overlay.
type refusals struct {
	keys *recent[string, []refusal]
}

// refusal is a value that was refused, by its SHA-256.
type refusal struct {
	sum [32]byte
	at  time.Time
}

func newRefusals() refusals { return refusals{newRecent[string, []refusal](refusedKeys)} }

// of lists the hashes of what was lately refused under a key. It is not changed afterwards.
func (l refusals) of(now time.Time, key []byte) (sums [][32]byte) {
	all, _ := l.keys.peek(string(key))
	for _, r := range all {
		if now.Sub(r.at) < refusedLately {
			sums = append(sums, r.sum)
		}
	}
	return sums
}

// add notes a value that was refused, in the place of the oldest when there are many.
func (l refusals) add(now time.Time, key []byte, sum [32]byte) {
	all, _ := l.keys.peek(string(key))
	if slices.ContainsFunc(all, func(r refusal) bool { return r.sum == sum && now.Sub(r.at) < refusedLately }) {
		return
	}
	if len(all) >= refusedEach {
		all = all[1:]
	}
	l.keys.put(string(key), append(all, refusal{sum, now}))
}

// verdict is what a job says of a value. sum is its hash when it was judged and refused.
type verdict struct {
	err error
	sum *[32]byte
}

// judge is the job: it looks among what was refused under the key before it judges, and
// hashes only where there is something to look for.
func judge(test func(key, value []byte) error, key, value []byte, refused [][32]byte) verdict {
	if len(refused) > 0 && slices.Contains(refused, sha256.Sum256(value)) {
		return verdict{err: content.ErrInvalid}
	}
	err := test(key, value)
	if err == nil || errors.Is(err, content.ErrUndecided) {
		return verdict{err: err}
	}
	sum := sha256.Sum256(value)
	return verdict{err, &sum}
}
