package rig

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// A process of JavaScript is heard: its first word, answers to who asked, errors, news, and
// noise of its libraries is passed over. What it answers before it ends is an answer.
func TestJS(t *testing.T) {
	if _, err := exec.LookPath("node"); err != nil {
		t.Skip("no Node.js here")
	}
	dir := t.TempDir()
	script := `
const say = (x) => process.stdout.write(JSON.stringify(x) + '\n')
say({ word: process.argv[2] })
console.log('a word of a library')
require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, do: what, n } = JSON.parse(line)
  if (what === 'double') { say({ news: n }); setTimeout(() => say({ id, n: 2 * n }), 20 - n) }
  else if (what === 'end') process.stdout.write(JSON.stringify({ id, n }) + '\n', () => process.exit(0))
  else say({ id, error: 'cannot ' + what })
})`
	if err := os.WriteFile(filepath.Join(dir, "talk.cjs"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "node_modules"), 0o700); err != nil {
		t.Fatal(err)
	}
	var ready struct{ Word string }
	news := make(chan int, 10)
	x := StartJS(t, dir, &ready, func(line []byte) {
		var got struct{ News int }
		if err := json.Unmarshal(line, &got); err != nil {
			t.Error(err)
		}
		news <- got.News
	}, "talk.cjs", "hello")
	if ready.Word != "hello" {
		t.Errorf("it begins with %+v", ready)
	}
	var all sync.WaitGroup
	for n := 1; n <= 10; n++ { // the last is answered first
		all.Go(func() {
			var got struct{ N int }
			if err := x.Ask("double", map[string]any{"n": n}, &got); err != nil || got.N != 2*n {
				t.Errorf("twice %d is %d, %v", n, got.N, err)
			}
		})
	}
	all.Wait()
	sum := 0
	for range 10 {
		sum += <-news
	}
	if sum != 55 {
		t.Errorf("the news add up to %d", sum)
	}
	if err := x.Ask("fly", nil, nil); err == nil || err.Error() != "cannot fly" {
		t.Errorf("an error: %v", err)
	}
	var got struct{ N int }
	if err := x.Ask("end", map[string]any{"n": 7}, &got); err != nil || got.N != 7 {
		t.Errorf("the last answer is %d, %v", got.N, err)
	}
	<-x.ended
	if err := x.Ask("double", nil, nil); err == nil {
		t.Error("who is gone answers")
	}
}
